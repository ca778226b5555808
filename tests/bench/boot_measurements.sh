#!/usr/bin/env bash
# usage: tests/bench/boot_measurements.sh TALLY RELEASE [RUNS]
#
# Prints how long two predictions take, of a release that boots a unified kernel
# image: MRTD and RTMRs of 64 TDX machines (8 memory sizes, 8 vCPU counts) that
# boot kernel and initrd, and the PCRs of one boot. The best of RUNS (default 5).
set -euo pipefail

readonly MEMORY=1G,2G,3G,4G,8G,16G,32G,64G VCPUS=1,2,3,4,5,6,7,8

# best COMMAND... prints the least wall-clock time in milliseconds.
best() {
  local least='' begin end run
  for ((run = 0; run < RUNS; run++)); do
    begin=$(date +%s%N)
    "$@" >/dev/null
    end=$(date +%s%N)
    if [[ -z $least ]] || ((end - begin < least)); then least=$((end - begin)); fi
  done
  printf '%d ms' "$((least / 1000000))"
}

main() {
  if (($# < 2)); then
    sed -n '2p' -- "${BASH_SOURCE[0]}" | cut -c3- >&2
    exit 2
  fi
  local tally=$1 artifacts=$2/artifacts
  RUNS=${3:-5}
  printf 'tdx, 64 cells: %s\n' "$(best "$tally" measure tdx \
    --firmware "$artifacts/firmware.fd" --memory "$MEMORY" --vcpus "$VCPUS" \
    --kernel "$artifacts/kernel" --initrd "$artifacts/initrd" \
    --cmdline "$(cat -- "$artifacts/cmdline")")"
  printf 'tpm, one boot: %s\n' "$(best "$tally" measure tpm --uki "$artifacts/uki.efi" \
    --firmware "$artifacts/firmware.fd" --disk "$artifacts/disk.img")"
}

main "$@"
