#!/usr/bin/env bash
# usage: build_time.sh TALLY MANIFEST [STORE]
#
# Times a build from a warm store, and mmdebstrap unpacking the very same root
# packages (from a local copy, running no maintainer script either) in the same
# run. Prints medians, their ratio, and tally's peak memory.
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/../repro/lib.sh"

readonly RUNS=5

# median_ms COMMAND... prints the median of RUNS runs, after one that warms up.
median_ms() {
  local i start
  "$@" >"$SCRATCH/log" 2>&1 || {
    tail -n 3 "$SCRATCH/log" >&2
    return 1
  }
  for ((i = 0; i < RUNS; i++)); do
    start=$(milliseconds)
    "$@" >"$SCRATCH/log" 2>&1
    printf '%d\n' $(($(milliseconds) - start))
  done | sort -n | sed -n "$((RUNS / 2 + 1))p"
}

tally_build() { "$TALLY" build "$MANIFEST" --store "$STORE" -o "$SCRATCH/out"; }

# peak_kib COMMAND... prints the largest resident size.
peak_kib() {
  /usr/bin/python3 -c '
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' "$@"
}

# root_packages prints "name sha256 path" of the root's packages.
root_packages() {
  /usr/bin/python3 - "$LOCK" <<'PYTHON'
import sys, yaml
for package in yaml.safe_load(open(sys.argv[1]))["packages"]:
    if "root" in package["why"]:
        print(package["name"], package["sha256"], package["path"])
PYTHON
}

# local_archive makes a flat archive of the root's packages.
local_archive() {
  local name sha256 path
  mkdir "$SCRATCH/archive"
  NAMES=''
  while read -r name sha256 path; do
    cp -- "$(entry_path "$STORE" "$sha256")" "$SCRATCH/archive/${path##*/}"
    NAMES+=${NAMES:+,}$name
  done < <(root_packages)
  # Without dependencies: the manifest leaves out packages that only maintainer
  # scripts use, and apt would insist on them.
  (cd "$SCRATCH/archive" && dpkg-scanpackages --multiversion . 2>/dev/null |
    grep -vE '^(Pre-Depends|Depends|Breaks|Conflicts):' >Packages)
}

peer_build() {
  rm -f "$SCRATCH/root.tar"
  mmdebstrap --variant=extract --include="$NAMES" \
    --aptopt='Acquire::AllowInsecureRepositories "true"' '' \
    "$SCRATCH/root.tar" "deb [trusted=yes] copy://$SCRATCH/archive ./"
}

main() {
  inputs "$@"
  local ours_ms peer_ms
  ours_ms=$(median_ms tally_build)
  printf 'tally build       %6d ms  (initrd, EROFS root, dm-verity, disk, EIF, measurements, SBOMs)\n' "$ours_ms"
  printf 'peak memory       %6d MiB\n' \
    $(($(peak_kib "$TALLY" build "$MANIFEST" --store "$STORE" -o "$SCRATCH/out") / 1024))
  if ! command -v mmdebstrap >/dev/null || ! command -v dpkg-scanpackages >/dev/null; then
    printf 'mmdebstrap        skipped: mmdebstrap or dpkg-dev is not installed\n'
    return 0
  fi
  local_archive
  peer_ms=$(median_ms peer_build)
  printf 'mmdebstrap        %6d ms  (a tar of the same root packages)\n' "$peer_ms"
  printf 'ratio             %6d.%d\n' $((peer_ms / ours_ms)) $((peer_ms * 10 / ours_ms % 10))
}

main "$@"
