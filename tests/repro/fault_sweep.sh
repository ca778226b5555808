#!/usr/bin/env bash
# usage: fault_sweep.sh TALLY MANIFEST [STORE]
#
# Lets the n-th change of the file system go wrong, for every n: the disk is
# full from then on, or once, or the process is killed. For lock, fetch, build,
# check, bundle export and import of a tiny project that is made here, with an
# empty store and a filled one. Afterwards there is no partial output, and the
# same command gives the right bytes.
#
# MANIFEST and STORE are not used: every script here takes the same arguments.
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

HERE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly HERE
# The commands run as this user: nothing for ourselves.
AS=()
WHO=''

# faulty KIND N COMMAND...: runs it with the fault, as everywhere below $WORK.
faulty() {
  local kind=$1 n=$2
  shift 2
  # The outer one is the shell's, which names whoever was killed.
  {
    "${AS[@]}" env LD_PRELOAD="$SHIM" FAULT_KIND="$kind" FAULT_AT="$n" \
      FAULT_BELOW="$BELOW" FAULT_COUNT="$WORK/count" TMPDIR="$WORK/tmp" \
      "$@" >"$WORK/stdout" 2>"$WORK/stderr"
  } 2>/dev/null
}

plain() { "${AS[@]}" env TMPDIR="$WORK/tmp" "$@" >"$WORK/stdout" 2>"$WORK/stderr"; }

# The commands of the sweeps: do_X runs it behind "$@", prepare_X makes the
# state before it, whole_X says whether its output is absent or right, and
# right_X whether it is there and right.
prepare_build() { rm -rf -- "$WORK/out"; mkdir "$WORK/out"; own "$WORK/out"; }
do_build() { "$@" "$TALLY" build "$WORK/project/manifest.yaml" --store "$WORK/store" -o "$WORK/out/release"; }
right_build() { same_release "$FIRST" "$WORK/out/release"; }
whole_build() { [[ ! -e $WORK/out/release ]] || right_build; }
tidy_build() { only_names "$WORK/out" release; }

prepare_cold() { prepare_build; rm -rf -- "$WORK/store/trees"; }
do_cold() { do_build "$@"; }
right_cold() { right_build && right_store "$WORK/store"; }
whole_cold() { whole_build && right_store "$WORK/store"; }
tidy_cold() { tidy_build && no_partial_trees "$WORK/store"; }

prepare_lock() {
  rm -rf -- "$WORK/store2"
  rm -f -- "$WORK/project/lock.yaml" "$WORK/project"/.lock*
}
do_lock() {
  "$@" "$TALLY" lock "$WORK/project/manifest.yaml" --store "$WORK/store2" \
    --mirror "file://$SCRATCH/tiny/archive"
}
right_lock() { cmp -- "$WORK/project/lock.yaml" "$SCRATCH/tiny/project/lock.yaml" && right_store "$WORK/store2"; }
whole_lock() { [[ ! -e $WORK/project/lock.yaml ]] || right_lock; }
# A killed lock may leave its temporary file, which does no harm.
tidy_lock() {
  rm -f -- "$WORK/project"/.lock.yaml.tmp-*
  only_names "$WORK/project" app big keyring.gpg lock.yaml manifest.yaml run.sh
}

prepare_fetch() { rm -rf -- "$WORK/store2"; }
do_fetch() {
  "$@" "$TALLY" fetch "$WORK/project/manifest.yaml" --store "$WORK/store2" \
    --mirror "file://$SCRATCH/tiny/archive"
}
right_fetch() { right_store "$WORK/store2" && (($(store_files "$WORK/store2") == 4)); }
whole_fetch() { right_store "$WORK/store2"; }
tidy_fetch() { [[ -z $(find "$WORK/store2/partial" -type f -size +0) ]]; }

prepare_export() { rm -rf -- "$WORK/out"; mkdir "$WORK/out"; own "$WORK/out"; }
do_export() {
  "$@" "$TALLY" bundle export "$WORK/project/manifest.yaml" --store "$WORK/store" -o "$WORK/out/a.tar"
}
right_export() { cmp -- "$SCRATCH/a.tar" "$WORK/out/a.tar"; }
whole_export() { [[ ! -e $WORK/out/a.tar ]] || right_export; }
tidy_export() { only_names "$WORK/out" a.tar; }

prepare_import() { rm -rf -- "$WORK/out" "$WORK/store2"; mkdir "$WORK/out"; own "$WORK/out"; }
do_import() { "$@" "$TALLY" bundle import "$SCRATCH/a.tar" --store "$WORK/store2" -o "$WORK/out/project"; }
right_import() { diff -r -- "$SCRATCH/tiny/imported" "$WORK/out/project" && right_store "$WORK/store2"; }
whole_import() { { [[ ! -e $WORK/out/project ]] || right_import; } && right_store "$WORK/store2"; }
tidy_import() { only_names "$WORK/out" project; }

prepare_check() { rm -rf -- "$WORK/out" "$WORK/tmp"; mkdir "$WORK/out" "$WORK/tmp"; own "$WORK/out" "$WORK/tmp"; }
do_check() { "$@" "$TALLY" check "$WORK/project/manifest.yaml" --store "$WORK/store" --keep "$WORK/out/kept"; }
right_check() { same_release "$FIRST" "$WORK/out/kept/first/release" && same_release "$FIRST" "$WORK/out/kept/second/release"; }
whole_check() {
  local one
  for one in first second; do
    one=$WORK/out/kept/$one/release
    [[ ! -e $one ]] || same_release "$FIRST" "$one" || return 1
  done
}
tidy_check() { only_names "$WORK/out" kept; }

own() { if ((${#AS[@]} > 0)); then chown -R -- "$NOBODY:$NOBODY" "$@"; fi; }

# only_names DIR NAME... : nothing else is there.
only_names() {
  local directory=$1 at name known
  shift
  for at in "$directory"/* "$directory"/.[!.]*; do
    [[ -e $at ]] || continue
    known=no
    for name in "$@"; do [[ ${at##*/} != "$name" ]] || known=yes; done
    if [[ $known == no ]]; then
      printf 'left behind: %s\n' "${at##*/}"
      return 1
    fi
  done
}

# right_store STORE: every file is what its name says; tally says so of all.
right_store() {
  if [[ ! -d $1/sha256 ]]; then return 0; fi
  if find "$1/sha256" -type f -printf '%f  %p\n' | sha256sum --check --quiet 2>&1 |
    grep -v 'no properly formatted'; then
    return 1
  fi
  if [[ -d $1/trees ]]; then "$TALLY" store verify --store "$1" >/dev/null; fi
}
store_files() { find "$1/sha256" -type f | wc -l; }

# sweep COMMAND KIND STEP: for each n, and each STEP-th is followed by a run
# without a fault.
sweep() {
  local command=$1 kind=$2 step=$3 n status count name
  name="$command, $kind$WHO"
  "prepare_$command"
  if ! "do_$command" faulty none 0; then
    fail "$name: without a fault: $(tail -n 1 "$WORK/stderr")"
    return 0
  fi
  count=$(<"$WORK/count")
  for ((n = 1; n <= count; n += STRIDE)); do
    "prepare_$command"
    status=0
    "do_$command" faulty "$kind" "$n" || status=$?
    if ! judge "$command" "$kind" "$n" "$status"; then return 0; fi
    if (((n / STRIDE) % step != 0)); then continue; fi
    # What a check was to keep stays, to be looked at.
    if [[ $command == check ]]; then prepare_check; fi
    # Export and import refuse an output that is there: then it is right.
    if ! "do_$command" plain && ! "right_$command" >/dev/null 2>&1; then
      fail "$name: the run after n = $n: $(tail -n 1 "$WORK/stderr")"
      return 0
    fi
    if ! "right_$command" >"$WORK/why" 2>&1 || ! "tidy_$command" >"$WORK/why" 2>&1; then
      fail "$name: the run after n = $n: $(head -n 1 "$WORK/why")"
      return 0
    fi
  done
  pass "$name: n = 1, $((1 + STRIDE)) ... $count"
}

# judge COMMAND KIND N STATUS
judge() {
  local command=$1 kind=$2 n=$3 status=$4 problem=''
  if ! "whole_$command" >"$WORK/why" 2>&1; then
    problem="a partial output: $(head -n 1 "$WORK/why")"
  elif [[ $kind == kill ]]; then
    # check starts others of its kind, and says it if one of them dies.
    if ((status != 137)) && [[ $command != check || $status != 4 ]]; then
      problem="status $status, expected death"
    fi
  elif ((status == 0)); then
    "right_$command" >"$WORK/why" 2>&1 || problem="said yes: $(head -n 1 "$WORK/why")"
  elif ((status != 4)); then
    problem="status $status, expected 4"
  elif ! grep -q '^tally: error: .*No space left on device' "$WORK/stderr"; then
    problem="the message is: $(head -n 1 "$WORK/stderr")"
  elif ! "tidy_$command" >"$WORK/why" 2>&1; then
    problem=$(head -n 1 "$WORK/why")
  fi
  [[ -n $problem ]] || return 0
  fail "$command, $kind$WHO: n = $n: $problem"
  return 1
}

# set_up DIR makes a copy of the tiny project, for one user.
set_up() {
  WORK=$1
  BELOW=$WORK/
  mkdir -p "$WORK/tmp"
  cp -R -- "$SCRATCH/tiny/project" "$SCRATCH/tiny/store" "$WORK"
  own "$WORK"
}

# The sweeps of one user, which may run beside others.
all_of_root() {
  set_up "$SCRATCH/build-$1"
  STRIDE=1
  if [[ $1 == kill ]]; then sweep build kill 50; else sweep build full 50; fi
}
others_of_root() {
  local command
  set_up "$SCRATCH/others-$1"
  STRIDE=1
  BELOW=$WORK/store/ sweep cold "$1" 1
  for command in fetch export import; do sweep "$command" "$1" 2; done
  STRIDE=5 sweep check "$1" 2
  if [[ $1 == full ]]; then
    BELOW=$WORK/store/ sweep cold once 5
    STRIDE=7 sweep build once 20
  fi
  # The last one: it removes the lock.
  sweep lock "$1" 2
}
as_ordinary_user() {
  AS=(as_nobody)
  WHO=', an ordinary user'
  set_up "$SCRATCH/user-$1"
  STRIDE=1
  BELOW=$WORK/store/ sweep cold "$1" 3
  STRIDE=23 sweep build "$1" 5
  STRIDE=5 sweep export "$1" 3
  STRIDE=5 sweep import "$1" 3
  STRIDE=5 sweep lock "$1" 3
}

# together FUNCTION runs it for "full" and for "kill" at once, and counts.
together() {
  local kind line pids=() pid
  for kind in full kill; do
    "$1" "$kind" >"$SCRATCH/report-$kind" 2>&1 &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid" || fail "$1: ended early"; done
  while IFS= read -r line; do
    case $line in
      'ok: '*) pass "${line#ok: }" ;;
      'failed: '*) fail "${line#failed: }" ;;
      *) printf '%s\n' "$line" ;;
    esac
  done < <(cat "$SCRATCH/report-full" "$SCRATCH/report-kill")
}

main() {
  # In memory, where it can be: every release is synced.
  if [[ -w /dev/shm ]]; then export TMPDIR=/dev/shm; fi
  inputs "$@"
  have_tiny_tools "every fault" || finish
  SHIM=$SCRATCH/fault.so
  if ! command -v cc >/dev/null; then
    skip "every fault: there is no C compiler"
    finish
  fi
  cc -O1 -shared -fPIC -o "$SHIM" "$HERE/fault.c"
  cp -- "$TALLY" "$SCRATCH/tally"
  TALLY=$SCRATCH/tally
  local tiny=$SCRATCH/tiny
  FIRST=$SCRATCH/first
  mkdir "$tiny"
  if ! {
    tiny_project "$tiny" && tiny_lock "$tiny" "$tiny/store" &&
      "$TALLY" build "$tiny/project/manifest.yaml" --store "$tiny/store" -o "$FIRST" &&
      "$TALLY" bundle export "$tiny/project/manifest.yaml" --store "$tiny/store" -o "$SCRATCH/a.tar" &&
      "$TALLY" bundle import "$SCRATCH/a.tar" --store "$SCRATCH/b" -o "$tiny/imported"
  } >"$SCRATCH/log" 2>&1; then
    fail "without a fault: $(tail -n 1 "$SCRATCH/log")"
    finish
  fi
  together all_of_root
  together others_of_root
  if [[ $(id -u) == 0 ]] && setpriv --reuid "$NOBODY" true 2>/dev/null; then
    together as_ordinary_user
  else
    skip "every fault, as an ordinary user: this is one"
  fi
  finish
}

main "$@"
