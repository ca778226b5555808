#!/usr/bin/env bash
# usage: tests/bench/boot_measurements.sh TALLY RELEASE [RUNS]
#
# Prints how long predictions take, of a release that boots a unified kernel image:
# MRTD and RTMRs of 64 TDX machines (8 memory sizes, 8 vCPU counts) that boot kernel
# and initrd or the disk, and the PCRs of one boot. The best of RUNS (default 5): by
# the clock, and of the processor. Then whether 64 MiB of memory are enough, beside
# the files, which are mapped.
set -euo pipefail

readonly MEMORY=1G,2G,3G,4G,8G,16G,32G,64G VCPUS=1,2,3,4,5,6,7,8

readonly MAX_BYTES=$((64 << 20))

# best COMMAND... prints the least times, and what it is with bounded memory.
best() {
  local run times TIMEFORMAT='%R %U %S' memory=enough
  for ((run = 0; run < RUNS; run++)); do
    times+=$({ time "$@" >/dev/null; } 2>&1)$'\n'
  done
  if ! prlimit --data="$MAX_BYTES" "$@" >/dev/null; then memory='not enough'; fi
  awk -v memory="$memory" 'NF == 3 {
      clock = $1 * 1000; processor = ($2 + $3) * 1000
      if (!seen || clock < least) least = clock
      if (!seen || processor < used) used = processor
      seen = 1
    }
    END { printf "%d ms, of the processor %d ms; 64 MiB: %s", least, used, memory }' <<<"$times"
}

main() {
  if (($# < 2)); then
    sed -n '2p' -- "${BASH_SOURCE[0]}" | cut -c3- >&2
    exit 2
  fi
  local tally=$1 artifacts=$2/artifacts
  RUNS=${3:-5}
  printf 'tdx, 64 cells, kernel: %s\n' "$(best "$tally" measure tdx \
    --firmware "$artifacts/firmware.fd" --memory "$MEMORY" --vcpus "$VCPUS" \
    --kernel "$artifacts/kernel" --initrd "$artifacts/initrd" \
    --cmdline "$(cat -- "$artifacts/cmdline")")"
  printf 'tdx, 64 cells, disk: %s\n' "$(best "$tally" measure tdx \
    --firmware "$artifacts/firmware.fd" --memory "$MEMORY" --vcpus "$VCPUS" \
    --disk "$artifacts/disk.img")"
  printf 'tpm, one boot: %s\n' "$(best "$tally" measure tpm --uki "$artifacts/uki.efi" \
    --firmware "$artifacts/firmware.fd" --disk "$artifacts/disk.img")"
}

main "$@"
