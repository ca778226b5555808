#!/usr/bin/env bash
# usage: peers.sh WRITERS_BENCH [TREE]
#
# Our dm-verity and EROFS writers beside veritysetup and mkfs.erofs: the same
# files, the same machine, one after the other, files in the page cache. TREE is
# a directory of files, directories and links (default: a copy of part of /usr).
# Build WRITERS_BENCH with the preset "release".
set -euo pipefail

BENCH=$(realpath -e -- "$1")
SCRATCH=$(mktemp -d)
trap 'rm -rf -- "$SCRATCH"' EXIT

# best COMMAND... prints the shortest of five runs in milliseconds.
best() {
  local best='' start took
  for _ in 1 2 3 4 5; do
    rm -f -- "$SCRATCH"/theirs.*
    start=$(date +%s%N)
    "$@" >"$SCRATCH/log" 2>&1
    took=$((($(date +%s%N) - start) / 1000000))
    if [[ -z $best ]] || ((took < best)); then best=$took; fi
  done
  printf '%s\n' "$best"
}

# ours NAME prints the shortest of five runs of a benchmark.
ours() {
  "$BENCH" --benchmark_filter="^$1/" --benchmark_repetitions=5 \
    --benchmark_min_time=0.01 --benchmark_format=csv 2>/dev/null |
    awk -F, -v name="\"$1/real_time\"" \
      '$1 == name && (best == "" || $3 < best) { best = $3 }
       END { printf "%d\n", best }'
}

report() {
  awk -v what="$1" -v ours="$2" -v peer="$3" -v theirs="$4" 'BEGIN {
    printf "%-8s ours %6d ms   %-13s %6d ms   %.2f times as fast\n",
           what, ours, peer, theirs, theirs / ours }'
}

main() {
  local tree=${2:-}
  if [[ -z $tree ]]; then
    tree=$SCRATCH/tree
    mkdir "$tree"
    cp -a -- /usr/bin /usr/sbin /usr/share/zoneinfo "$tree/"
  fi
  export TALLY_PEER_TREE=$tree TALLY_PEER_IMAGE=$SCRATCH/image
  export TALLY_PEER_OUT=$SCRATCH
  head -c 1G /dev/urandom >"$SCRATCH/image"
  printf 'tree: %s\n' "$(du -sh -- "$tree" | cut -f1)"

  if [[ -x $(command -v veritysetup) ]]; then
    report verity "$(ours PeerVerity)" "veritysetup" \
      "$(best veritysetup format "$SCRATCH/image" "$SCRATCH/theirs.verity")"
  else
    printf 'verity: skipped, veritysetup is not installed\n'
  fi
  if [[ -x $(command -v mkfs.erofs) ]]; then
    report erofs "$(ours PeerErofs)" "mkfs.erofs" \
      "$(best mkfs.erofs -T0 "$SCRATCH/theirs.erofs" "$tree")"
  else
    printf 'erofs: skipped, mkfs.erofs is not installed\n'
  fi
}

if (($# < 1 || $# > 2)); then
  printf 'usage: %s WRITERS_BENCH [TREE]\n' "${0##*/}" >&2
  exit 2
fi
main "$@"
