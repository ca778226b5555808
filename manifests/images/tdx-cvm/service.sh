#!/bin/sh
# The payload of tdx-cvm: says what it runs on, that its root is the read-only
# one that was verified, and what a TPM holds of this boot.
set -eu
echo "tdx-cvm: service started on $(uname -r)"
if touch /etc/written 2>/dev/null; then
  echo "tdx-cvm: error: the root file system is writable"
  exit 1
fi
echo "tdx-cvm: root is read-only"

if [ ! -d /sys/class/tpm/tpm0 ]; then
  echo "tdx-cvm: this machine has no TPM"
  exit 0
fi
for bank in sha256 sha384; do
  for register in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
    echo "tdx-cvm: $bank $register $(cat "/sys/class/tpm/tpm0/pcr-$bank/$register")"
  done
done
mount -t securityfs securityfs /sys/kernel/security
echo "tdx-cvm: event log begins"
base64 /sys/kernel/security/tpm0/binary_bios_measurements
echo "tdx-cvm: event log ends"
