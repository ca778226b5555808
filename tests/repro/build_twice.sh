#!/usr/bin/env bash
# usage: build_twice.sh TALLY MANIFEST [STORE]
#
# Builds one release under conditions that must not matter, and compares every
# byte and mode with `cmp`. All but run.json, which holds the facts of a run.
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

# variant NAME OUTPUT COMMAND... runs the command, which builds OUTPUT, in a
# shell of its own, which the first error ends ("if" would switch that off).
variant() {
  local name=$1 output=$2 log=$SCRATCH/log status=0
  shift 2
  (
    set -e
    "$@"
  ) >"$log" 2>&1 &
  wait $! || status=$?
  if ((status != 0)); then
    fail "$name: $(tail -n 3 "$log" | tr '\n' ' ')"
  elif ! same_release "$SCRATCH/first" "$output" >"$log" 2>&1; then
    fail "$name: $(head -n 1 "$log")"
  else
    pass "$name"
  fi
  rm -rf -- "$output"
}

# build OUTPUT [OPTION...]
build() {
  local output=$1
  shift
  "$TALLY" build "$MANIFEST" --store "$STORE" -o "$output" "$@"
}

elsewhere() {
  mkdir -p "$SCRATCH/a/b/c"
  cp -R -- "$(dirname -- "$MANIFEST")" "$SCRATCH/a/copied manifest"
  # Other times on the files, so that nothing can depend on them.
  find "$SCRATCH/a/copied manifest" -exec touch -d 2001-02-03T04:05:06Z '{}' +
  cd "$SCRATCH/a/b/c"
  "$TALLY" build "../../copied manifest/$(basename -- "$MANIFEST")" \
    --store "$(realpath --relative-to=. -- "$STORE")" -o ./d/e/f/release
}

with_umask() {
  umask "$1"
  build "$2"
}

bare_environment() {
  env -i "$TALLY" build "$MANIFEST" --store "$STORE" -o "$1"
}

turkish() {
  # In this locale, "i" and "I" are not one letter in two cases.
  mkdir -p "$SCRATCH/locales"
  localedef -i tr_TR -f UTF-8 "$SCRATCH/locales/tr_TR.UTF-8"
  LOCPATH=$SCRATCH/locales LC_ALL=tr_TR.UTF-8 LANG=tr_TR.UTF-8 build "$1"
}

other_host() {
  # shellcheck disable=SC2016  # the inner shell's arguments
  unshare --uts sh -c 'hostname another-host && exec "$@"' sh \
    "$TALLY" build "$MANIFEST" --store "$STORE" -o "$1"
}

other_user() {
  mkdir -p "$SCRATCH/user/bin"
  cp -- "$TALLY" "$SCRATCH/user/bin/tally"
  cp -R -- "$(dirname -- "$MANIFEST")" "$SCRATCH/user/manifest"
  copy_store "$SCRATCH/user/store"
  chown -R "$NOBODY:$NOBODY" "$SCRATCH/user"
  setpriv --reuid "$NOBODY" --regid "$NOBODY" --clear-groups \
    env -i HOME=/nonexistent "$SCRATCH/user/bin/tally" build \
    "$SCRATCH/user/manifest/$(basename -- "$MANIFEST")" \
    --store "$SCRATCH/user/store" -o "$SCRATCH/user/release"
}

traced() {
  strace -f -qq -o "$SCRATCH/trace" \
    -e 'trace=network,execve,execveat,fork,vfork' \
    "$TALLY" build "$MANIFEST" --store "$STORE" -o "$1"
  # The first execve is strace's own start of tally.
  if [[ $(grep -c '' "$SCRATCH/trace") != 1 ]]; then
    sed -n '2p' "$SCRATCH/trace"
    return 1
  fi
}

# with PROGRAM NAME COMMAND...: skips visibly where the program does not work.
with() {
  local program=$1 name=$2
  shift 2
  if ! "$@" true >/dev/null 2>&1; then
    skip "$name: $program is missing or may not do this here"
    return 0
  fi
  variant "$name" "$SCRATCH/next" "$@" \
    "$TALLY" build "$MANIFEST" --store "$STORE" -o "$SCRATCH/next"
}

main() {
  inputs "$@"
  if ! build "$SCRATCH/first" >"$SCRATCH/log" 2>&1; then
    fail "the first build: $(tail -n 3 "$SCRATCH/log" | tr '\n' ' ')"
    finish
  fi
  local next=$SCRATCH/next
  variant "built again" "$next" build "$next"
  variant "another directory, relative paths, a copied manifest" \
    "$SCRATCH/a/b/c/d/e/f/release" elsewhere
  variant "umask 000" "$next" with_umask 000 "$next"
  variant "umask 077" "$next" with_umask 077 "$next"
  variant "TZ=Pacific/Kiritimati" "$next" env TZ=Pacific/Kiritimati \
    "$TALLY" build "$MANIFEST" --store "$STORE" -o "$next"
  variant "an empty environment, no HOME" "$next" bare_environment "$next"
  variant "one thread" "$next" build "$next" -j1
  variant "four threads" "$next" build "$next" -j4
  if localedef --help >/dev/null 2>&1 && [[ -e /usr/share/i18n/locales/tr_TR ]]; then
    variant "LC_ALL=tr_TR.UTF-8" "$next" turkish "$next"
  else
    skip "LC_ALL=tr_TR.UTF-8: the locales package is missing"
  fi
  with faketime "five years later" faketime -f +5y
  with taskset "one processor" taskset -c 0
  with setarch "addresses that are not random" setarch -R
  if [[ $(id -u) == 0 ]]; then
    variant "an ordinary user" "$SCRATCH/user/release" other_user
  else
    skip "an ordinary user: this is one; root would compare both"
  fi
  if [[ $(id -u) == 0 ]] && unshare --uts true 2>/dev/null; then
    variant "another host name" "$next" other_host "$next"
  else
    skip "another host name: only root may set one"
  fi
  if strace -f -qq -o /dev/null true 2>/dev/null; then
    variant "no network call, no program started" "$next" traced "$next"
  else
    skip "no network call, no program started: strace is missing or may not trace"
  fi
  finish
}

main "$@"
