#!/usr/bin/env bash
# usage: launch_time.sh TALLY
#
# Times launch digests as whole processes: one of a firmware of 4 MiB, a matrix
# of 1 to 64 vCPUs, a search for an input that explains a digest, and two IGVM
# files; in the same run OpenSSL's hash of that firmware, and virtee's
# sev-snp-measure if there is one (see tests/interop/sev_snp_measure.sh). Prints
# medians, ratios, and the peak memory of tally, also with an initrd of 1 GiB.
# Build TALLY with the preset "release".
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/../repro/lib.sh"

readonly RUNS=15
readonly FIRMWARE_PAGES=1024
readonly MATRIX_VCPUS=64
# The peer has one number of vCPUs a run.
# shellcheck disable=SC2016
readonly PEER_MATRIX='for ((n = 1; n <= $1; n++)); do
  "$0" --mode snp "${@:2}" --vcpus "$n"
done'

# make_inputs writes a firmware of 4 MiB with SEV metadata, a kernel, an initrd
# of 1 GiB that takes no disk space, and two IGVM files: of 512 empty pages of 2
# MiB, and of as many as there can be of which none is another's neighbour.
make_inputs() {
  truncate -s 1G "$SCRATCH/initrd"
  (cd -- "$SCRATCH" && python3 - "$FIRMWARE_PAGES") <<'PYTHON'
import hashlib, pathlib, struct, sys, uuid, zlib

FOOTER = "96b582de-1fb2-45f7-baea-a366c55a082d"
METADATA = "dc886566-984a-4798-a75e-5585a7bf67cc"
HASHES = "7255371f-3a3b-4b04-927b-1da6efa8d454"
SEV_ES_RESET = "00f771de-1a7e-4fcb-890e-68c77e2fb44e"
RESET_VECTOR_BYTES = 32

def entry(guid, data):
    return data + struct.pack("<H", len(data) + 18) + uuid.UUID(guid).bytes_le

def firmware(pages):
    sections = [(0x800000, 0x9000, 1), (0x80A000, 0x3000, 1), (0x80D000, 0x1000, 2),
                (0x80E000, 0x1000, 3), (0x80F000, 0x1000, 4), (0x810000, 0x1000, 0x10),
                (0x811000, 0xF000, 1)]
    table = entry(SEV_ES_RESET, struct.pack("<I", 0x80B004))
    table += entry(HASHES, struct.pack("<II", 0x810C00, 0x400))
    metadata = b"ASEV" + struct.pack("<III", 16 + 12 * len(sections), 1, len(sections))
    metadata += b"".join(struct.pack("<III", *section) for section in sections)
    behind = len(metadata) + 22 + len(table) + 18 + RESET_VECTOR_BYTES
    table = entry(METADATA, struct.pack("<I", behind)) + table
    end = metadata + table + struct.pack("<H", len(table) + 18) + uuid.UUID(FOOTER).bytes_le
    end += b"\x90" * RESET_VECTOR_BYTES
    return hashlib.shake_256(b"firmware").digest(pages * 4096 - len(end)) + end

def header(number, content):
    return struct.pack("<II", number, len(content)) + content

def igvm(num_pages, page_bytes, flags):
    headers = header(1, struct.pack("<IBBHQ", 1, 0, 2, 1, 0))
    headers += b"".join(header(0x302, struct.pack("<QIIIHH", i * page_bytes, 1, 0, flags, 0, 0))
                        for i in range(num_pages))
    fixed = struct.pack("<IIIII", 0x4D564749, 1, 24, len(headers), 24 + len(headers) + 8)
    checksum = zlib.crc32(fixed + bytes(4) + headers)
    return fixed + struct.pack("<I", checksum) + headers + bytes(8)

pathlib.Path("firmware").write_bytes(firmware(int(sys.argv[1])))
pathlib.Path("kernel").write_bytes(hashlib.shake_256(b"kernel").digest(16 << 20))
pathlib.Path("guest.igvm").write_bytes(igvm(512, 2 << 20, 1))
pathlib.Path("apart.igvm").write_bytes(igvm(65000, 8192, 0))
PYTHON
}

# run N COMMAND... prints "median_microseconds peak_kib" of N runs, after one
# that warms up.
run() {
  python3 - "$@" <<'PYTHON'
import resource, statistics, subprocess, sys, time

def once():
    start = time.perf_counter()
    done = subprocess.run(sys.argv[2:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    if done.returncode not in (0, 1):
        sys.exit(done.stderr.decode())
    return time.perf_counter() - start

once()
median = statistics.median(once() for _ in range(int(sys.argv[1])))
print(round(median * 1e6), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
PYTHON
}

# report NAME MICROSECONDS KIB prints a line of ours.
report() {
  awk -v name="$1" -v us="$2" -v kib="$3" 'BEGIN {
    printf "%-34s %8.1f ms  %5.1f MiB\n", name, us / 1000, kib / 1024 }'
}

# beside NAME OURS THEIRS prints another program's time and the ratio.
beside() {
  awk -v name="$1" -v ours="$2" -v theirs="$3" 'BEGIN {
    printf "  %-32s %8.1f ms  %.1f times as long\n", name, theirs / 1000, theirs / ours }'
}

main() {
  if (($# != 1)); then
    printf 'usage: %s TALLY\n' "${0##*/}" >&2
    exit 2
  fi
  TALLY=$(realpath -e -- "$1")
  SCRATCH=$(mktemp -d)
  trap 'rm -rf -- "$SCRATCH"' EXIT
  make_inputs
  local -a launch=(--ovmf "$SCRATCH/firmware" --vcpu-type EPYC-v4)
  local -a kernel=(--kernel "$SCRATCH/kernel" --initrd "$SCRATCH/initrd" --append quiet)
  local peer=${SEV_SNP_MEASURE:-$(command -v sev-snp-measure || true)}
  local ours theirs kib unknown
  unknown=$(printf 'ab%.0s' {1..48})

  read -r ours kib < <(run $RUNS "$TALLY" measure snp "${launch[@]}" --vcpus 4)
  report "one digest, 4 MiB of firmware" "$ours" "$kib"
  read -r theirs _ < <(run $RUNS openssl dgst -sha384 "$SCRATCH/firmware")
  beside "openssl dgst -sha384 of it" "$ours" "$theirs"
  if [[ -n $peer ]]; then
    read -r theirs _ < <(run $RUNS "$peer" --mode snp "${launch[@]}" --vcpus 4)
    beside sev-snp-measure "$ours" "$theirs"
  fi

  read -r ours kib < <(run $RUNS "$TALLY" measure snp "${launch[@]}" \
    --vcpus "$(seq -s, 1 "$MATRIX_VCPUS")")
  report "1 to $MATRIX_VCPUS vCPUs" "$ours" "$kib"
  if [[ -n $peer ]]; then
    read -r theirs _ < <(run 1 bash -c "$PEER_MATRIX" "$peer" "$MATRIX_VCPUS" "${launch[@]}")
    beside sev-snp-measure "$ours" "$theirs"
  fi

  read -r ours kib < <(run 3 "$TALLY" why snp --expected "$unknown" "${launch[@]}" --vcpus 4)
  report "why: nothing found" "$ours" "$kib"
  # The answer is "no", status 1.
  { "$TALLY" why snp --expected "$unknown" "${launch[@]}" --vcpus 4 2>&1 || true; } |
    grep -o 'tried [0-9]* launches' | sed 's/^/  /'

  read -r ours kib < <(run 3 "$TALLY" measure snp "${launch[@]}" --vcpus 4 "${kernel[@]}")
  report "with an initrd of 1 GiB" "$ours" "$kib"
  read -r ours kib < <(run 3 "$TALLY" measure igvm "$SCRATCH/guest.igvm")
  report "IGVM of 1 GiB in empty pages" "$ours" "$kib"
  read -r ours kib < <(run 3 "$TALLY" measure igvm "$SCRATCH/guest.igvm" --json)
  report "the same, --json" "$ours" "$kib"
  read -r ours kib < <(run 3 "$TALLY" measure igvm "$SCRATCH/apart.igvm" --explain)
  report "IGVM of 65,000 pages apart, text" "$ours" "$kib"
  read -r ours kib < <(run 3 "$TALLY" measure igvm "$SCRATCH/apart.igvm" --json)
  report "the same, --json" "$ours" "$kib"
  if [[ -z $peer ]]; then
    printf 'sev-snp-measure: skipped, it is not installed and SEV_SNP_MEASURE does not name it\n'
  fi
}

main "$@"
