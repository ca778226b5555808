#!/usr/bin/env bash
# usage: volume.sh TALLY [STORE [MIB]]
#
# Builds tests/boot/volume with one file of MIB MiB (default: 4096) of random bytes in
# a volume, and prints the time and the peak memory: the anonymous part, which is
# tally's own, and the part that is mapped files, which the kernel takes back when it
# wants. Needs three times the size on the disk of TMPDIR.
set -euo pipefail
HERE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
source "$HERE/../repro/lib.sh"

# project DIRECTORY MIB copies the manifest, and makes its lock fit a large file.
project() {
  cp -r -- "$HERE/../boot/volume" "$1"
  head -c "$2M" /dev/urandom >"$1/numbers.txt"
  /usr/bin/python3 - "$1" "$(sha256sum <"$1/numbers.txt" | cut -c1-64)" <<'PYTHON'
import pathlib, re, sys

project = pathlib.Path(sys.argv[1])
lock = project / "lock.yaml"
size = (project / "numbers.txt").stat().st_size
text, count = re.subn(r"(- path: numbers.txt\n    size: )\d+(\n    sha256: )\w+",
                      rf"\g<1>{size}\g<2>{sys.argv[2]}", lock.read_text())
assert count == 1, lock
lock.write_text(text)
PYTHON
}

# measure COMMAND... runs it and samples its memory 50 times a second.
measure() {
  /usr/bin/python3 - "$@" <<'PYTHON'
import resource, subprocess, sys, time

peaks = {"RssAnon": 0, "RssFile": 0}
start = time.monotonic()
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
while child.poll() is None:
    try:
        for line in open(f"/proc/{child.pid}/status"):
            name, _, value = line.partition(":")
            if name in peaks:
                peaks[name] = max(peaks[name], int(value.split()[0]))
    except (FileNotFoundError, ProcessLookupError):
        break
    time.sleep(0.02)
child.wait()
seconds = time.monotonic() - start
resident = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(f"  time            {seconds:8.1f} s")
print(f"  peak anonymous  {peaks['RssAnon'] / 1024:8.1f} MiB")
print(f"  peak mapped     {peaks['RssFile'] / 1024:8.1f} MiB")
print(f"  peak resident   {resident / 1024:8.1f} MiB")
sys.exit(child.returncode)
PYTHON
}

main() {
  if (($# < 1 || $# > 3)); then
    printf 'usage: %s TALLY [STORE [MIB]]\n' "${0##*/}" >&2
    exit 2
  fi
  local tally store mib=${3:-4096}
  tally=$(realpath -e -- "$1")
  store=$(realpath -m -- "${2:-${XDG_CACHE_HOME:-${HOME:-/}/.cache}/tally/store}")
  SCRATCH=$(mktemp -d)
  trap 'rm -rf -- "$SCRATCH"' EXIT
  project "$SCRATCH/project" "$mib"
  local command
  for command in build rebuild; do
    printf 'tally %s, a volume of %d MiB\n' "$command" "$mib"
    if [[ $command == build ]]; then
      measure "$tally" build "$SCRATCH/project/manifest.yaml" \
        -o "$SCRATCH/out" --store "$store"
    else
      measure "$tally" rebuild "$SCRATCH/out" --store "$store"
    fi
  done
  printf 'tally sign, which checks every image\n'
  "$tally" keygen "$SCRATCH/key.pem" >/dev/null
  measure "$tally" sign "$SCRATCH/out" --key "$SCRATCH/key.pem"
}

main "$@"
