#!/usr/bin/env bash
# usage: boot.sh RELEASE
#
# Starts a release's artifacts in QEMU (software emulation) and reads the
# console: the verified root must be mounted and the payload must run; with one
# byte of the root changed, with another root hash or without the disk, the
# payload must not be reached.
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

readonly PAYLOAD='minimal-cvm: service started'

# split_eif EIF DIRECTORY takes an enclave image apart without tally: kernel,
# cmdline, and the ramdisks joined as a launcher loads them.
split_eif() {
  /usr/bin/python3 - "$1" "$2" <<'PYTHON'
import pathlib, struct, sys

eif = pathlib.Path(sys.argv[1]).read_bytes()
out = pathlib.Path(sys.argv[2])
count = struct.unpack_from(">H", eif, 26)[0]
names = {1: "kernel", 2: "cmdline", 3: "ramdisk"}
parts = {}
for offset in struct.unpack_from(">32Q", eif, 28)[:count]:
    kind, _flags, size = struct.unpack_from(">HHQ", eif, offset)
    body = eif[offset + 12 : offset + 12 + size]
    if kind in names:
        parts[names[kind]] = parts.get(names[kind], b"") + body
for name, body in parts.items():
    (out / name).write_bytes(body)
PYTHON
}

boot_as_built() {
  local console=$SCRATCH/good
  launch_disk "$console" "$ARTIFACTS/disk.img" "$CMDLINE"
  expect "the built image verifies its root and runs the payload" "$console" \
    "tally-init: root verified $ROOT_HASH" "$PAYLOAD" \
    "tally-init: payload exited with status 0"
}

# A changed byte in the first block stops the mount; one in the payload's own
# file stops the machine before the payload can act on it.
boot_changed() {
  local name=$1 offset=$2 disk=$SCRATCH/disk.img console=$SCRATCH/changed
  cp -- "$ARTIFACTS/disk.img" "$disk"
  flip "$disk" "$offset"
  launch_disk "$console" "$disk" "$CMDLINE"
  expect "one byte of $name changed: no payload" "$console" \
    "!$PAYLOAD" "!payload exited" "Linux version"
}

boot_with_another_hash() {
  local console=$SCRATCH/hash wrong
  wrong=$(printf '%s' "$ROOT_HASH" | tr '0-9a-f' '1-9a-f0')
  launch_disk "$console" "$ARTIFACTS/disk.img" "${CMDLINE/$ROOT_HASH/$wrong}"
  expect "another root hash: no payload" "$console" "!$PAYLOAD" \
    "tally-init: error: the root does not match root hash $wrong"
}

boot_without_disk() {
  local console=$SCRATCH/nodisk
  launch "$console" "$ARTIFACTS/kernel" "$ARTIFACTS/initrd" "$CMDLINE"
  expect "no disk: no payload" "$console" "!$PAYLOAD" \
    "tally-init: error: no partition"
}

# QEMU 7.2 has no enclave machine: the sections are started one by one, with a
# command line for a PC.
boot_enclave() {
  local parts=$SCRATCH/eif console=$SCRATCH/enclave
  mkdir "$parts"
  split_eif "$ARTIFACTS/image.eif" "$parts"
  launch "$console" "$parts/kernel" "$parts/ramdisk" \
    "console=$CONSOLE_DEVICE panic=1"
  expect "the enclave image's kernel and ramdisks run the payload" "$console" \
    "tally-init: root is in the measured ramdisk" "$PAYLOAD"
}

main() {
  if (($# != 1)); then
    printf 'usage: %s RELEASE\n' "${0##*/}" >&2
    exit 2
  fi
  release "$1"
  local start
  start=$(partition_start "$ARTIFACTS/disk.img" 0)

  boot_as_built
  boot_changed "the payload's file" \
    "$(offset_of "$ARTIFACTS/disk.img" '# The payload of minimal-cvm')"
  boot_enclave
  # The rest is the same script on every machine, and emulation is slow.
  if [[ $ARCHITECTURE != amd64 ]]; then finish; fi
  boot_changed "the root's first block" $((start + 1024))
  boot_changed "the hash tree" \
    $(($(partition_start "$ARTIFACTS/disk.img" 1) + 4096))
  boot_with_another_hash
  boot_without_disk
  finish
}

main "$@"
