#!/usr/bin/env bash
# usage: tdx.sh TALLY RELEASE
#
# Holds what a release publishes of its TDX guests against `tally measure tdx` of
# the same files, which knows nothing of the manifest; and a CCEL made of the
# predicted events against both: replayed, it must give the published RTMRs, `tally
# eventlog diff` must find no difference, and after a change of one event it must
# name that event. `tally why tdx` must find the memory of a guest that was thought
# to have another.
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/../repro/lib.sh"

readonly MEMORY=2G,4G,8G,16G VCPUS=1,2,4,8

# measured NAME ARGUMENT... writes the answer of measure tdx.
measured() {
  local name=$1
  shift
  "$TALLY" --json measure tdx --firmware "$ARTIFACTS/firmware.fd" --qemu-version 10.0 \
    --acpi "$ACPI" "$@" >"$SCRATCH/$name.json"
}

# same_cells TARGET TITLE : each cell's registers are the published ones.
same_cells() {
  local result
  result=$(/usr/bin/python3 - "$RELEASE/measurements.json" "$SCRATCH/$1.json" "$1" <<'PYTHON'
import json, sys

def cells_of_release(name):
    for target in json.load(open(sys.argv[1]))["targets"]:
        if target["name"] == name:
            key = (target["profile"]["memory_bytes"], target["profile"]["vcpus"])
            registers = target["registers"]
            yield key, {r: registers[r]["value"] for r in ("mrtd", "rtmr0", "rtmr1", "rtmr2")}

measured = {}
for cell in json.load(open(sys.argv[2]))["cells"]:
    values = {name: found["register"]["value"] for name, found in cell["registers"].items()}
    measured[cell["memory_bytes"], cell["vcpus"]] = values
published = dict(cells_of_release(sys.argv[3]))
assert published and published.items() <= measured.items(), "a cell differs"
print(len(published))
PYTHON
  ) || result=
  if [[ -n $result ]]; then
    pass "$2: $result published cells are what measure tdx says of the files"
  else
    fail "$2: measurements.json is not what measure tdx says of the files"
  fi
}

# make_log NAME [RTMR EVENT] writes NAME.ccel, a log of the predicted events; of one
# of them the digest is another.
make_log() {
  /usr/bin/python3 - "$SCRATCH/one.json" "$SCRATCH/$1.ccel" "${2--1}" "${3--1}" <<'PYTHON'
import json, struct, sys

# TCG PC Client Platform Firmware Profile 1.06, table 27.
TYPES = {
    "EV_SEPARATOR": 4,
    "EV_EVENT_TAG": 6,
    "EV_PLATFORM_CONFIG_FLAGS": 0xA,
    "EV_EFI_VARIABLE_DRIVER_CONFIG": 0x80000001,
    "EV_EFI_VARIABLE_BOOT": 0x80000002,
    "EV_EFI_BOOT_SERVICES_APPLICATION": 0x80000003,
    "EV_EFI_GPT_EVENT": 0x80000006,
    "EV_EFI_ACTION": 0x80000007,
    "EV_EFI_PLATFORM_FIRMWARE_BLOB2": 0x8000000A,
    "EV_EFI_HANDOFF_TABLES2": 0x8000000B,
}
EV_NO_ACTION, SHA384, LOG_BYTES = 3, 12, 65536
changed = (int(sys.argv[3]), int(sys.argv[4]))

header = b"Spec ID Event03\0" + struct.pack("<IBBBBIHH", 0, 0, 2, 0, 2, 1, SHA384, 48) + b"\0"
log = struct.pack("<II", 1, EV_NO_ACTION) + bytes(20)
log += struct.pack("<I", len(header)) + header
registers = json.load(open(sys.argv[1]))["cells"][0]["registers"]
for rtmr in range(3):
    for i, event in enumerate(registers[f"rtmr{rtmr}"]["register"]["events"]):
        digest = bytearray.fromhex(event["digest"].split(":")[1])
        if (rtmr, i) == changed:
            digest[0] ^= 1
        data = bytes(4) if event["type"] == "EV_SEPARATOR" else b"made for a test"
        # A CCEL counts RTMR 0 as 1.
        log += struct.pack("<IIIH", rtmr + 1, TYPES[event["type"]], 1, SHA384) + digest
        log += struct.pack("<I", len(data)) + data
open(sys.argv[2], "wb").write(log.ljust(LOG_BYTES, b"\xff"))
PYTHON
}

# diff_log NAME OPTION... compares NAME.ccel with the release.
diff_log() {
  "$TALLY" eventlog diff "$SCRATCH/$1.ccel" "$RELEASE" "${@:2}" >"$SCRATCH/$1.diff" 2>&1
}

show_diff() { sed 's/^/  | /' "$SCRATCH/$1.diff"; }

# replays: the log's registers are the predicted ones.
replays() {
  "$TALLY" eventlog "$SCRATCH/same.ccel" --replay | sed 's/\.sha384=/=/' |
    grep '^rtmr[0-2]' >"$SCRATCH/replayed"
  if /usr/bin/python3 - "$SCRATCH/one.json" <<'PYTHON' | diff "$SCRATCH/replayed" - >"$SCRATCH/same.diff"
import json, sys

registers = json.load(open(sys.argv[1]))["cells"][0]["registers"]
for name in ("rtmr0", "rtmr1", "rtmr2"):
    print(f"{name}={registers[name]['register']['value']}")
PYTHON
  then
    pass "a CCEL of the predicted events, replayed, gives the predicted RTMRs"
  else
    fail "a CCEL of the predicted events, replayed, gives other RTMRs"
    show_diff same
  fi
}

# same_boot TITLE EXPECTED OPTION... : no difference to what is EXPECTED.
same_boot() {
  if diff_log same "${@:3}" && grep -qE "^expected=$2\$" "$SCRATCH/same.diff" &&
    grep -qx 'rtmr0=equal (15 events)' "$SCRATCH/same.diff" &&
    grep -qx 'rtmr1=equal (7 events)' "$SCRATCH/same.diff" &&
    grep -qx 'rtmr2=equal (2 events)' "$SCRATCH/same.diff"; then
    pass "eventlog diff finds no difference to the release ($1)"
  else
    fail "eventlog diff finds a difference to the release ($1)"
    show_diff same
  fi
}

# changed RTMR EVENT WHAT : the difference is named, and is the only one.
changed() {
  local status=0
  make_log changed "$1" "$2"
  diff_log changed || status=$?
  if ((status == 1)) && grep -qx "rtmr$1=different, after $2 same events" \
    "$SCRATCH/changed.diff" && grep -qF "  $3" "$SCRATCH/changed.diff" &&
    (($(grep -c '=equal' "$SCRATCH/changed.diff") == 2)); then
    pass "eventlog diff names a change of RTMR $1: $3"
  else
    fail "eventlog diff does not name a change of RTMR $1: $3 (status $status)"
    show_diff changed
  fi
}

# finds_memory: of the guest with 4 GiB, which was thought to have 2.
finds_memory() {
  local expected
  expected=$(paste -sd, "$SCRATCH/replayed")
  if "$TALLY" why tdx --expected "$expected" --firmware "$ARTIFACTS/firmware.fd" \
    --memory 2G --vcpus 2 --acpi "$ACPI" --disk "$ARTIFACTS/disk.img" --boot-disk-pci 1.0 \
    >"$SCRATCH/why.diff" 2>&1 && grep -qx '    found  4G' "$SCRATCH/why.diff" &&
    grep -qx 'rtmr1=same' "$SCRATCH/why.diff" && grep -qx 'rtmr2=same' "$SCRATCH/why.diff"; then
    pass "why tdx finds the memory of the guest, and moves the ACPI tables with it"
  else
    fail "why tdx does not find the memory of the guest"
    show_diff why
  fi
}

main() {
  if (($# != 2)); then
    printf 'usage: %s TALLY RELEASE\n' "${0##*/}" >&2
    exit 2
  fi
  TALLY=$(realpath -e -- "$1") RELEASE=$(realpath -e -- "$2")
  ARTIFACTS=$RELEASE/artifacts ACPI=$RELEASE/sources/acpi
  SCRATCH=$(mktemp -d)
  trap 'rm -rf -- "$SCRATCH"' EXIT

  measured tdx --disk "$ARTIFACTS/disk.img" --boot-disk-pci 1.0 --memory "$MEMORY" --vcpus "$VCPUS"
  same_cells tdx "boot from the disk"
  measured tdx-kernel --kernel "$ARTIFACTS/kernel" --initrd "$ARTIFACTS/initrd" \
    --cmdline "$(cat -- "$ARTIFACTS/cmdline")" --memory "$MEMORY" --vcpus "$VCPUS"
  same_cells tdx-kernel "boot of a kernel"

  measured one --disk "$ARTIFACTS/disk.img" --boot-disk-pci 1.0 --memory 4G --vcpus 2
  make_log same
  replays
  same_boot "its own cell" 'target tdx \(.*memory_bytes 4294967296,.* vcpus 2,.*\)'
  same_boot "the options" prediction --memory 4G --vcpus 2 --acpi "$ACPI" --boot-disk-pci 1.0 \
    --qemu-version 10.0
  changed 0 0 "TD HOB: the guest's memory"
  changed 1 2 "partition table of the disk"
  changed 2 0 "kernel command line"
  finds_memory
  finish
}

main "$@"
