#!/usr/bin/env bash
# usage: system_time.sh TALLY MANIFEST [STORE]
#
# Times a build of a whole system: with an empty cache of unpacked packages, with
# nothing changed, with one package changed; and its peak memory. In the same run,
# the peers make a root of the same packages, maintainer scripts and all: mmdebstrap,
# and mkosi where it is installed, from local copies of the packages.
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/../repro/lib.sh"
INTEROP=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../interop" && pwd -P)
readonly INTEROP RUNS=5
export PATH=$PATH:/usr/sbin:/sbin

# timed_ms COMMAND... prints how long one run takes.
timed_ms() {
  local start
  start=$(milliseconds)
  "$@" >"$SCRATCH/log" 2>&1 || {
    tail -n 5 "$SCRATCH/log" >&2
    return 1
  }
  printf '%d\n' $(($(milliseconds) - start))
}

# median_ms PREPARE COMMAND... prints the median of RUNS runs; PREPARE runs before
# each, and is not timed.
median_ms() {
  local i prepare=$1
  shift
  for ((i = 0; i < RUNS; i++)); do
    "$prepare"
    timed_ms "$@"
  done | sort -n | sed -n "$((RUNS / 2 + 1))p"
}

nothing() { :; }
empty_cache() { rm -rf -- "$WARM/trees"; }
# change_package drops one package from the cache: what a new version costs.
change_package() { rm -f -- "$WARM/trees/${CHANGED:0:2}/$CHANGED"; }

tally_build() { "$TALLY" build "$MANIFEST" --store "$WARM" -o "$SCRATCH/out"; }

peak_kib() {
  /usr/bin/python3 -c '
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' "$@"
}

show() { printf '%-34s %7d ms%s\n' "$1" "$2" "${3-}"; }

# warm_store copies what the lock names into a store of this run.
warm_store() {
  WARM=$SCRATCH/store
  copy_store "$WARM"
  CHANGED=$(awk '/^  - name: systemd$/ { found = 1 }
    found && /^    tree_sha256:/ { print $2; exit }' "$LOCK")
}

# local_archive makes a flat archive of the packages that peers need: those that
# the image omits as well, since maintainer scripts call them.
local_archive() {
  cp -R -- "$(dirname -- "$MANIFEST")" "$SCRATCH/image"
  /usr/bin/python3 "$INTEROP/whole_manifest.py" "$MANIFEST" >"$SCRATCH/image/manifest.yaml"
  "$TALLY" lock "$SCRATCH/image/manifest.yaml" --store "$STORE" >"$SCRATCH/log" 2>&1 || return 1
  mkdir "$SCRATCH/archive"
  NAMES=$(/usr/bin/python3 "$INTEROP/link_packages.py" "$SCRATCH/image/lock.yaml" "$STORE" \
    "$SCRATCH/archive")
  (cd "$SCRATCH/archive" && dpkg-scanpackages --multiversion . 2>/dev/null >Packages)
}

mmdebstrap_build() {
  rm -rf -- "$SCRATCH/root.tar"
  mmdebstrap --variant=custom --include="$NAMES" \
    --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
    --aptopt='Acquire::AllowInsecureRepositories "true"' \
    '' "$SCRATCH/root.tar" "deb [trusted=yes] copy://$SCRATCH/archive ./"
}

# mkosi fetches by itself: the first run, which is not timed, fills its cache.
mkosi_build() {
  rm -rf -- "$SCRATCH/mkosi"
  mkdir -p "$SCRATCH/mkosi" "$SCRATCH/mkosi-cache"
  (cd "$SCRATCH/mkosi" && mkosi --distribution debian --release bookworm \
    --format directory --output root --package "$NAMES" --cache "$SCRATCH/mkosi-cache" build)
}

main() {
  inputs "$@"
  warm_store
  show "tally, nothing unpacked yet" "$(median_ms empty_cache tally_build)"
  local ours_ms
  ours_ms=$(median_ms change_package tally_build)
  show "tally, one package changed" "$ours_ms"
  local warm_ms
  warm_ms=$(median_ms nothing tally_build)
  show "tally, nothing changed" "$warm_ms"
  printf '%-34s %7d MiB\n' "tally, peak memory" \
    $(($(peak_kib "$TALLY" build "$MANIFEST" --store "$WARM" -o "$SCRATCH/out") / 1024))
  empty_cache
  ours_ms=$(timed_ms tally_build)
  if ! command -v mmdebstrap >/dev/null || ! local_archive; then
    printf 'peers: skipped (no mmdebstrap, or the archive cannot be reached)\n'
    return 0
  fi
  local peer peer_ms
  for peer in mmdebstrap mkosi; do
    if ! command -v "$peer" >/dev/null; then
      printf '%-34s skipped: not installed\n' "$peer"
    elif [[ $peer == mkosi ]] && ! timed_ms mkosi_build >/dev/null; then
      printf '%-34s failed, see above\n' "$peer"
    elif peer_ms=$(timed_ms "${peer}_build"); then
      show "$peer, same packages, scripts run" "$peer_ms" \
        "  ($((peer_ms / warm_ms)) times tally; $((peer_ms / ours_ms)) times with nothing unpacked yet)"
    else
      printf '%-34s failed, see above\n' "$peer"
    fi
  done
}

main "$@"
