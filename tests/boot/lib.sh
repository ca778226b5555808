# Shared by the scripts of this folder: sourced, never run.
# shellcheck shell=bash disable=SC2034
source "$(dirname -- "${BASH_SOURCE[0]}")/../repro/lib.sh"

# release DIR sets ARTIFACTS, ARCHITECTURE, CONSOLE_DEVICE, CMDLINE (without
# "quiet": the boot's own messages tell that the kernel ran at all), EMULATED (more
# of it, which an emulator needs), ROOT_HASH and SCRATCH; it skips everything if
# the machine's emulator is not there.
release() {
  local directory
  directory=$(realpath -e -- "$1")
  ARTIFACTS=$directory/artifacts
  ARCHITECTURE=$(sed -n 's/^architecture: //p' "$directory/manifest.yaml")
  SCRATCH=$(mktemp -d)
  trap 'rm -rf -- "$SCRATCH"' EXIT
  case $ARCHITECTURE in
    # Without cx16: QEMU 7.2 emulates CMPXCHG16B such that the kernel's allocator
    # corrupts its lists in about every second boot.
    # no_timer_check: on a busy machine the emulated timer is late, and the kernel
    # takes it for broken.
    amd64)
      QEMU=(qemu-system-x86_64 -cpu "max,-cx16" -machine q35)
      CONSOLE_DEVICE=ttyS0 EMULATED=" no_timer_check"
      ;;
    arm64)
      QEMU=(qemu-system-aarch64 -cpu max -machine virt)
      CONSOLE_DEVICE=ttyAMA0 EMULATED=
      ;;
  esac
  if ! command -v "${QEMU[0]}" >/dev/null; then
    skip "boot: ${QEMU[0]} is not installed"
    finish
  fi
  CMDLINE=$(cat "$ARTIFACTS/cmdline")
  CMDLINE=${CMDLINE/ quiet/}
  ROOT_HASH=$(sed -E 's/.*roothash=([0-9a-f]{64}).*/\1/' <<<"$CMDLINE")
}

# launch CONSOLE KERNEL INITRD CMDLINE [QEMU OPTIONS...] runs until the machine
# powers off, or until UNTIL (if it is set) is on the console.
launch() {
  local console=$1 kernel=$2 initrd=$3 cmdline=$4 machine
  shift 4
  timeout 400 "${QEMU[@]}" -accel tcg -m 1024 -display none \
    -serial "file:$console.raw" -monitor none -no-reboot -nic "${NIC:-none}" \
    -kernel "$kernel" -initrd "$initrd" -append "$cmdline$EMULATED" "$@" </dev/null &
  machine=$!
  while kill -0 "$machine" 2>/dev/null; do
    if [[ -n ${UNTIL-} ]] && grep -qaF -- "$UNTIL" "$console.raw" 2>/dev/null; then
      kill "$machine"
    fi
    sleep 0.5
  done
  wait "$machine" || true
  tr -d '\r' <"$console.raw" >"$console"
}

# launch_disk CONSOLE DISK CMDLINE [INITRD] boots the disk as a confidential VM
# would.
launch_disk() {
  launch "$1" "$ARTIFACTS/kernel" "${4:-$ARTIFACTS/initrd}" "$3" \
    -drive "if=none,id=root,file=$2,format=raw,readonly=on" \
    -device virtio-blk-pci,drive=root
}

# expect NAME CONSOLE PATTERN... : every pattern is on the console.
# With "!" before it, a pattern must not be there.
expect() {
  local name=$1 console=$2 pattern
  shift 2
  for pattern in "$@"; do
    if [[ $pattern == !* ]]; then
      if ! grep -qaF -- "${pattern#!}" "$console"; then continue; fi
    elif grep -qaF -- "$pattern" "$console"; then
      continue
    fi
    fail "$name: console has not as expected: $pattern"
    tail -n 25 "$console" | sed 's/^/  | /'
    return 0
  done
  pass "$name"
}

# flip FILE OFFSET changes one byte.
flip() {
  local byte
  byte=$(od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' ')
  # shellcheck disable=SC2059  # the format is the byte
  printf "\\x$(printf '%02x' $((byte ^ 1)))" |
    dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# partition_start DISK NUMBER prints the offset in bytes.
partition_start() {
  /sbin/sfdisk --json "$1" | /usr/bin/python3 -c '
import json, sys
print(json.load(sys.stdin)["partitiontable"]["partitions"][int(sys.argv[1])]["start"] * 512)' "$2"
}

# offset_of FILE TEXT prints where the text first stands.
offset_of() {
  grep -obaF -m 1 -- "$2" "$1" | head -n 1 | cut -d: -f1
}
