#!/usr/bin/env bash
# usage: kill_build.sh TALLY MANIFEST [STORE]
#
# Kills builds with SIGKILL at many points, with all packages unpacked in the
# store and with none. (fault_sweep.sh does it before each single change of the
# file system, for a tiny project.) After each, the output is absent (or
# the release that was there before) or a complete release: never half of one.
# The next build succeeds and removes what a dead one left.
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

POINTS=24
BUILDS=0
KILLED=0
# "yes": each build begins without the cache of unpacked packages.
COLD=no

build() {
  "$TALLY" build "$MANIFEST" --store "$STORE" -o "$1" >"$SCRATCH/log" 2>&1
}

# kill_after MILLISECONDS OUTPUT. A pipe is not used: $! must be tally itself.
kill_after() {
  "$TALLY" build "$MANIFEST" --store "$STORE" -o "$2" >"$SCRATCH/log" 2>&1 &
  local pid=$! status=0
  sleep "$(seconds "$1")"
  kill -KILL "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || status=$?
  BUILDS=$((BUILDS + 1))
  if ((status == 137)); then KILLED=$((KILLED + 1)); fi
}

# kill_everywhere NAME OUTPUT OLD: OLD is "absent" or "present", what there is
# before each build.
kill_everywhere() {
  local name=$1 output=$2 old=$3 point at_ms
  for ((point = 1; point <= POINTS; point++)); do
    at_ms=$((FULL_MS * point / POINTS))
    if [[ $old == absent ]]; then rm -rf -- "$output"; fi
    if [[ $COLD == yes ]]; then rm -rf -- "$STORE/trees"; fi
    kill_after "$at_ms" "$output"
    if [[ ! -e $output && $old == absent ]]; then continue; fi
    if ! is_complete "$output" >"$SCRATCH/log" 2>&1; then
      fail "$name, killed after $at_ms ms: $(head -n 1 "$SCRATCH/log")"
      return 0
    fi
  done
  pass "$name"
}

# While the cache is being filled: what is in it afterwards is whole, and the
# next build takes away what is not.
kill_cold() {
  local output=$SCRATCH/cold/release start
  copy_store "$SCRATCH/store"
  STORE=$SCRATCH/store COLD=yes POINTS=12
  mkdir -p "$STORE/partial" "$SCRATCH/cold"
  start=$(milliseconds)
  build "$output"
  FULL_MS=$(($(milliseconds) - start))
  printf 'a full build without the cache takes %d ms\n' "$FULL_MS"
  kill_everywhere "$POINTS kills, an empty cache" "$output" absent
  if ! "$TALLY" store verify --store "$STORE" >"$SCRATCH/log" 2>&1; then
    fail "the cache after a kill: $(head -n 1 "$SCRATCH/log")"
  elif ! build "$output" || ! same_release "$SCRATCH/out/release" "$output" >"$SCRATCH/log"; then
    fail "the next build with that cache: $(head -n 1 "$SCRATCH/log")"
  else
    pass "the cache after a kill, and the next build with it"
  fi
  # Half a tree, as a build that died leaves one, and a package to unpack.
  printf 'half' >"$STORE/partial/tree-abcdef"
  rm -f -- "$(find "$STORE/trees" -type f -print -quit)"
  if build "$output" && no_partial_trees "$STORE"; then
    pass "the next build leaves no unfinished tree of the dead"
  else
    fail "left behind: $(find "$STORE/partial" -mindepth 1 -printf '%f ')"
  fi
}

main() {
  inputs "$@"
  local out=$SCRATCH/out start
  mkdir "$out"
  # The first one only warms the caches.
  if ! build "$out/release"; then
    fail "a build that nobody kills: $(tail -n 2 "$SCRATCH/log" | tr '\n' ' ')"
    finish
  fi
  start=$(milliseconds)
  build "$out/release"
  FULL_MS=$(($(milliseconds) - start))
  printf 'a full build takes %d ms\n' "$FULL_MS"

  kill_everywhere "$POINTS kills, no release before" "$out/release" absent
  rm -rf -- "$out/release"
  if build "$out/release" && is_complete "$out/release"; then
    pass "the next build succeeds"
  else
    fail "the next build succeeds: $(tail -n 2 "$SCRATCH/log" | tr '\n' ' ')"
  fi
  kill_everywhere "$POINTS kills, over an earlier release" "$out/release" present
  if build "$out/release" && no_staging "$out"; then
    pass "the next build leaves no staging directory of the dead"
  else
    fail "left behind: $(find "$out" -maxdepth 1 -mindepth 1 -printf '%f ')"
  fi
  kill_cold
  # Without this, a build that ends before its kill would pass for one that was
  # killed.
  if ((KILLED * 2 >= BUILDS)); then
    pass "$KILLED of $BUILDS builds died in the middle"
  else
    fail "only $KILLED of $BUILDS builds died in the middle"
  fi
  finish
}

main "$@"
