#!/usr/bin/env bash
# usage: volume.sh TALLY [STORE]
#
# Builds tests/boot/volume, whose packages the store has, and starts it in QEMU
# (software emulation): both volumes must be mounted read-only and verified, and the
# kernel must read their files as files.json lists them. With a changed volume, with
# another one in its place, or without it, the payload must not be reached, or must
# not get past the changed byte.
set -euo pipefail
HERE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
source "$HERE/lib.sh"

readonly PAYLOAD='volume: service started' LAST='volume: everything was read'

# build_release builds into SCRATCH, and sets what release() does.
build_release() {
  local out
  out=$(mktemp -d)
  # The packages are those of minimal-cvm; what is fetched is the OCI image's blobs.
  if ! "$TALLY" fetch --offline "$HERE/volume/manifest.yaml" --store "$STORE" \
    >"$out/log" 2>&1 ||
    ! "$TALLY" build "$HERE/volume/manifest.yaml" -o "$out/release" \
      --store "$STORE" >>"$out/log" 2>&1; then
    fail "the image builds"
    sed 's/^/  | /' "$out/log"
    rm -rf -- "$out"
    finish
  fi
  release "$out/release"
  mv -- "$out/release" "$SCRATCH/release"
  rm -rf -- "$out"
  ARTIFACTS=$SCRATCH/release/artifacts
}

# word VOLUME FIELD prints a field of the volume's word on the command line: 2 is
# the root hash, 3 and 4 the partitions, 5 the place.
word() {
  sed -E "s/.*tally\.volume=($1:[^ ]*).*/\1/" <<<"$CMDLINE" | cut -d: -f"$2"
}

# launch_volumes CONSOLE CMDLINE VOLUME-IMAGE... boots with these volumes. They
# come before the root's disk: nothing depends on the order.
launch_volumes() {
  local console=$1 cmdline=$2 image drives=() i=0
  shift 2
  for image in "$@" "$ARTIFACTS/disk.img"; do
    drives+=(-drive "if=none,id=d$i,file=$image,format=raw,readonly=on"
      -device "virtio-blk-pci,drive=d$i")
    i=$((i + 1))
  done
  launch "$console" "$ARTIFACTS/kernel" "$ARTIFACTS/initrd" "$cmdline" "${drives[@]}"
}

# listed TREE PLACE prints, as the payload does, what files.json has of a tree.
listed() {
  /usr/bin/python3 - "$SCRATCH/release/files.json" "$1" "$2" <<'PYTHON'
import json, sys

for record in json.load(open(sys.argv[1]))[sys.argv[2]]:
    path = sys.argv[3] + record["path"]
    if record["type"] == "file":
        print("volume: file", record["sha256"], path)
    elif record["type"] == "symlink":
        print("volume: link", path, "->", record["target"])
PYTHON
}

boot_as_built() {
  local console=$SCRATCH/good name place
  launch_volumes "$console" "$CMDLINE" "$ARTIFACTS"/volume-*.img
  for name in data layers; do
    place=$(word "$name" 5)
    expect "volume $name is verified and mounted read-only" "$console" \
      "tally-init: volume $name verified $(word "$name" 2)" \
      "volume: mounted /dev/mapper/volume-$name $place erofs ro,nosuid,nodev,"
    if diff <(listed "volume-$name" "$place" | sort) \
      <(grep -aE "^volume: (file|link) .*$place/" "$console" | sort) \
      >"$SCRATCH/log"; then
      pass "the kernel reads volume $name as files.json lists it"
    else
      fail "the kernel reads volume $name as files.json lists it"
      sed 's/^/  | /' "$SCRATCH/log"
    fi
  done
  expect "the payload runs from a volume and ends" "$console" \
    "volume: a program of the directory runs from /srv/data/tree/run" \
    "$LAST" "!volume: error" "tally-init: payload exited with status 0"
  expect "a directory and an OCI image are in the image" "$console" \
    "volume: file $(sha256sum <"$HERE/volume/tree/first.txt" | cut -c1-64) /opt/tree/first.txt" \
    "volume: link /opt/tree/link -> sub/second.txt" \
    "/srv/layers/app/new.txt" "!/srv/layers/app/gone.txt"
}

# boot_changed NAME OFFSET PATTERN... boots with one byte of volume data changed.
boot_changed() {
  local name=$1 offset=$2 volume=$SCRATCH/volume.img console=$SCRATCH/changed
  shift 2
  cp -- "$ARTIFACTS/volume-data.img" "$volume"
  flip "$volume" "$offset"
  launch_volumes "$console" "$CMDLINE" "$volume" "$ARTIFACTS/volume-layers.img"
  expect "one byte of $name changed" "$console" "Linux version" "$@" "!$LAST" \
    "!payload exited"
}

# The other volume is as good as this one, but for its name and its root hash.
boot_with_another_volume() {
  local console=$SCRATCH/other volume=$SCRATCH/other.img
  launch_volumes "$console" "$CMDLINE" "$ARTIFACTS/volume-layers.img"
  expect "another volume in its place: no payload" "$console" "!$PAYLOAD" \
    "tally-init: error: no partition $(word data 3)"
  cp -- "$ARTIFACTS/volume-layers.img" "$volume"
  /sbin/sfdisk --quiet --part-uuid "$volume" 1 "$(word data 3)"
  /sbin/sfdisk --quiet --part-uuid "$volume" 2 "$(word data 4)"
  launch_volumes "$console" "$CMDLINE" "$volume" "$ARTIFACTS/volume-layers.img"
  expect "another volume with this one's partition ids: no payload" "$console" \
    "!$PAYLOAD" \
    "tally-init: error: the volume-data does not match root hash $(word data 2)"
}

boot_without_volumes() {
  local console=$SCRATCH/none
  launch_volumes "$console" "$CMDLINE"
  expect "no volume: no payload" "$console" "!$PAYLOAD" \
    "tally-init: root verified $ROOT_HASH" \
    "tally-init: error: no partition $(word data 3)"
}

boot_with_another_hash() {
  local console=$SCRATCH/hash right wrong
  right=$(word data 2)
  wrong=$(tr '0-9a-f' '1-9a-f0' <<<"$right")
  launch_volumes "$console" "${CMDLINE/$right/$wrong}" "$ARTIFACTS"/volume-*.img
  expect "another root hash of the volume: no payload" "$console" "!$PAYLOAD" \
    "tally-init: error: the volume-data does not match root hash $wrong"
}

main() {
  if (($# < 1 || $# > 2)); then
    printf 'usage: %s TALLY [STORE]\n' "${0##*/}" >&2
    exit 2
  fi
  TALLY=$(realpath -e -- "$1")
  STORE=$(realpath -m -- "${2:-${XDG_CACHE_HOME:-${HOME:-/}/.cache}/tally/store}")
  build_release
  local volume=$ARTIFACTS/volume-data.img data hashes
  data=$(partition_start "$volume" 0)
  hashes=$(partition_start "$volume" 1)

  boot_as_built
  # The first block is read before the mount, a file's by the payload: the machine
  # stops there, and the file's digest is never known.
  boot_changed "a file" "$(offset_of "$volume" 'line 0700')" "$PAYLOAD" \
    "Kernel panic - not syncing: dm-verity device corrupted" "! /srv/data/numbers.txt"
  boot_changed "the file system's first block" $((data + 1024)) "!$PAYLOAD" \
    "tally-init: error: the volume-data does not match root hash"
  boot_changed "the hash tree" $((hashes + 4096)) "!$PAYLOAD" \
    "tally-init: error: the volume-data does not match root hash"
  boot_with_another_volume
  boot_with_another_hash
  boot_without_volumes
  finish
}

main "$@"
