#!/usr/bin/env bash
# usage: prove_dockerfile.sh [DOCKERFILE]
#
# Does what `docker build` does with our Dockerfile, without Docker: each stage
# is a directory, the base image is a Debian 12 root made by mmdebstrap, RUN is a
# chroot in namespaces of its own, with no network where the step says so. Then
# the entry point of the last stage must print its version.
#
# Knows the instructions that our Dockerfile uses, and fails at any other one.
# Needs root, mmdebstrap and a Debian archive; skips visibly otherwise. Ends with
# "N passed, N failed, N skipped", one for each instruction.
set -euo pipefail

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
DOCKERFILE=$(realpath -e -- "${1:-$ROOT/Dockerfile}")
readonly ROOT DOCKERFILE
PASSED=0 SKIPPED=0 FAILED=0

finish() {
  printf '%d passed, %d failed, %d skipped\n' "$PASSED" "$FAILED" "$SKIPPED"
  if ((FAILED > 0)); then exit 1; fi
  exit 0
}
skip() {
  SKIPPED=$((SKIPPED + 1))
  printf 'skipped: Dockerfile: %s\n' "$1"
  finish
}
fail() {
  FAILED=$((FAILED + 1))
  printf 'failed: %s\n' "$1"
  finish
}

# The state of the stage that is being built.
declare -A STAGES=()   # name or number -> directory
NUM_STAGES=0 STAGE='' WORKDIR=/ RUN_AS=0:0 ENTRYPOINT=''
ENVIRONMENT=()

# apt_sources prints the machine's own files that serve bookworm.
apt_sources() {
  local file
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources}; do
    if [[ -f $file ]] && grep -qE '^[^#]*\bbookworm\b' "$file"; then
      printf '%s\n' "$file"
    fi
  done
}

# make_base stands in for the official image: the same packages, from the same
# archive. Its digest cannot be had without the image itself.
make_base() {
  local -a sources
  mapfile -t sources < <(apt_sources)
  mmdebstrap --quiet --mode=root --variant=minbase --format=directory \
    bookworm "$1" "${sources[@]}" >"$SCRATCH/log" 2>&1 ||
    skip "no base root: $(grep -m 1 '^E:' "$SCRATCH/log" || tail -n 1 "$SCRATCH/log")"
  cp --remove-destination /etc/resolv.conf /etc/hosts "$1/etc/"
}

# do_from IMAGE [AS NAME]
do_from() {
  STAGE=$SCRATCH/stage-$NUM_STAGES
  if [[ -n ${STAGES[$1]-} ]]; then
    cp -a -- "${STAGES[$1]}" "$STAGE"
  elif [[ $1 =~ ^debian:bookworm-slim@sha256:[0-9a-f]{64}$ ]]; then
    make_base "$STAGE"
  else
    fail "FROM $1: expected Debian 12 by digest, or an earlier stage"
  fi
  STAGES[$NUM_STAGES]=$STAGE
  if [[ ${2-} == AS ]]; then STAGES[$3]=$STAGE; fi
  NUM_STAGES=$((NUM_STAGES + 1))
  WORKDIR=/ RUN_AS=0:0 ENTRYPOINT='' ENVIRONMENT=()
}

# in_stage NETWORK BIND COMMAND...: NETWORK is "none" or "default", BIND is
# "source:target" or empty.
in_stage() {
  local network=$1 bind=$2
  shift 2
  local -a namespaces=(--mount --propagation private --pid --fork --ipc --uts)
  if [[ $network == none ]]; then namespaces+=(--net); fi
  # shellcheck disable=SC2016  # the inner shell's arguments
  unshare "${namespaces[@]}" bash -euc '
    stage=$1 bind=$2 workdir=$3 user=$4
    shift 4
    mount -t proc proc "$stage/proc"
    mount --rbind /dev "$stage/dev"
    if [[ -n $bind ]]; then
      mkdir -p "$stage${bind#*:}"
      mount --bind -o ro "${bind%%:*}" "$stage${bind#*:}"
    fi
    exec chroot "$stage" setpriv --reuid "${user%:*}" --regid "${user#*:}" \
      --clear-groups sh -c '\''cd "$0" && exec "$@"'\'' "$workdir" "$@"
  ' bash "$STAGE" "$bind" "$WORKDIR" "$RUN_AS" \
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    "${ENVIRONMENT[@]}" "$@"
}

# do_run takes the instruction's text.
do_run() {
  local text=$1 network=default bind='' flag
  while [[ $text == --* ]]; do
    flag=${text%% *}
    text=${text#* }
    if [[ $flag == --network=none ]]; then
      network=none
    elif [[ $flag =~ ^--mount=type=bind,source=([a-z]+),target=(/[a-z/]+)$ ]]; then
      bind=$ROOT/${BASH_REMATCH[1]}:${BASH_REMATCH[2]}
    else
      fail "RUN: unknown flag '$flag'"
    fi
  done
  in_stage "$network" "$bind" /bin/sh -c "$text" >"$SCRATCH/log" 2>&1 ||
    fail "RUN $text: $(tail -n 5 "$SCRATCH/log" | tr '\n' ' ')"
}

# copy_context TO: the checkout but for what .dockerignore names.
copy_context() {
  local -a options=()
  local pattern
  while IFS= read -r pattern; do
    case $pattern in
      '' | '#'*) ;;
      '**/'*) options+=("--exclude=${pattern#\*\*/}") ;;
      *) options+=("--exclude=./$pattern") ;;
    esac
  done <"$ROOT/.dockerignore"
  tar -C "$ROOT" --anchored -c "${options[@]}" . | tar -C "$1" -x --no-same-owner
}

# do_copy [--from=STAGE] FROM TO
do_copy() {
  local source=context
  if [[ $1 == --from=* ]]; then
    source=${STAGES[${1#--from=}]-}
    [[ -n $source ]] || fail "COPY: no stage '${1#--from=}'"
    shift
  fi
  (($# == 2)) || fail "COPY: expected one source and one destination"
  if [[ $source != context ]]; then
    install -D -m "$(stat -c '%a' "$source/$1")" -- "$source/$1" "$STAGE/$2"
  elif [[ $1 == . && $2 == . ]]; then
    copy_context "$STAGE$WORKDIR"
  else
    fail "COPY $*: expected 'COPY . .' or 'COPY --from=STAGE …'"
  fi
}

do_entrypoint() {
  [[ $1 =~ ^\[\"([^\"]+)\"\]$ ]] || fail "ENTRYPOINT $1: expected one quoted program"
  ENTRYPOINT=${BASH_REMATCH[1]}
}

# instruct INSTRUCTION ARGUMENTS
instruct() {
  local -a words
  read -r -a words <<<"$2"
  case $1 in
    FROM) do_from "${words[@]}" ;;
    RUN) do_run "$2" ;;
    COPY) do_copy "${words[@]}" ;;
    WORKDIR)
      WORKDIR=$2
      mkdir -p -- "$STAGE$2"
      ;;
    USER) RUN_AS=$2 ;;
    ENV) ENVIRONMENT+=("${words[@]}") ;;
    ENTRYPOINT) do_entrypoint "$2" ;;
    *) fail "unknown instruction '$1'" ;;
  esac
}

main() {
  [[ $(id -u) == 0 ]] || skip "only root can make a root file system"
  command -v mmdebstrap >/dev/null || skip "mmdebstrap is not installed"
  unshare --mount --net --pid --fork true 2>/dev/null || skip "no namespaces here"
  SCRATCH=$(mktemp -d)
  chmod 0755 "$SCRATCH"
  trap 'rm -rf --one-file-system -- "$SCRATCH"' EXIT

  local instruction arguments start
  while read -r instruction arguments; do
    if [[ -z $instruction || $instruction == '#'* ]]; then continue; fi
    if [[ $arguments == *\\ ]]; then fail "$instruction: continued lines are not known here"; fi
    start=$SECONDS
    instruct "$instruction" "$arguments"
    PASSED=$((PASSED + 1))
    printf 'ok: %s %s (%d s)\n' "$instruction" "$arguments" $((SECONDS - start))
  done <"$DOCKERFILE"

  in_stage none '' "$ENTRYPOINT" --version >"$SCRATCH/log" 2>&1 ||
    fail "the entry point: $(tail -n 2 "$SCRATCH/log" | tr '\n' ' ')"
  grep -qE '^tally [0-9]+\.[0-9]+\.[0-9]+$' "$SCRATCH/log" ||
    fail "the entry point says: $(head -n 1 "$SCRATCH/log")"
  PASSED=$((PASSED + 1))
  printf 'ok: %s --version, as user %s, without network: %s\n' "$ENTRYPOINT" \
    "$RUN_AS" "$(cat "$SCRATCH/log")"
  finish
}

main "$@"
