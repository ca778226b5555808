#!/usr/bin/env bash
# usage: quote.sh LOG NONCE DIR
#
# Puts what an event log says into a fresh emulated TPM, and has tpm2-tools quote
# PCR 0 to 15 in SHA-256 with the nonce: DIR gets the files of a machine that
# booted as the log says. Exit status 77 if a program is not installed.
set -euo pipefail

SCRATCH=$(mktemp -d)
SWTPM=
# Called by the trap.
# shellcheck disable=SC2317
finish() {
  if [[ -n $SWTPM ]]; then kill "$SWTPM" 2>/dev/null || true; fi
  rm -rf -- "$SCRATCH"
}
trap finish EXIT

need() {
  local program
  for program in swtpm swtpm_setup tpm2_createek tpm2_createak tpm2_pcrextend tpm2_quote; do
    if ! command -v "$program" >/dev/null; then
      printf 'not installed: %s\n' "$program"
      exit 77
    fi
  done
}

start_tpm() {
  mkdir -m 0700 "$SCRATCH/state"
  swtpm_setup --tpm2 --tpmstate "$SCRATCH/state" --pcr-banks sha256,sha384 >/dev/null
  swtpm socket --tpm2 --tpmstate "dir=$SCRATCH/state" \
    --server "type=unixio,path=$SCRATCH/tpm" --ctrl "type=unixio,path=$SCRATCH/tpm.ctrl" \
    --flags not-need-init,startup-clear 2>/dev/null &
  SWTPM=$!
  export TPM2TOOLS_TCTI="swtpm:path=$SCRATCH/tpm"
  local tries=100
  while [[ ! -S $SCRATCH/tpm.ctrl ]] && ((tries-- > 0)); do sleep 0.1; done
}

# extensions LOG prints "4:sha256=…,sha384=…" for each event that is measured.
extensions() {
  /usr/bin/python3 - "$1" <<'PYTHON'
import struct, sys

BANKS = {4: (20, ""), 11: (32, "sha256"), 12: (48, "sha384"), 13: (64, "")}
EV_NO_ACTION = 3
log = open(sys.argv[1], "rb").read()
at = 32 + struct.unpack_from("<I", log, 28)[0]
while at < len(log):
    pcr, kind, count = struct.unpack_from("<III", log, at)
    at += 12
    digests = []
    for _ in range(count):
        size, bank = BANKS[struct.unpack_from("<H", log, at)[0]]
        if bank:
            digests.append(f"{bank}={log[at + 2 : at + 2 + size].hex()}")
        at += 2 + size
    if kind != EV_NO_ACTION:
        print(f"{pcr}:{','.join(digests)}")
    at += 4 + struct.unpack_from("<I", log, at)[0]
PYTHON
}

main() {
  if (($# != 3)); then
    printf 'usage: %s LOG NONCE DIR\n' "${0##*/}" >&2
    exit 2
  fi
  need
  start_tpm
  local -a events
  mapfile -t events < <(extensions "$1")
  tpm2_pcrextend "${events[@]}"
  mkdir -p -- "$3"
  cp -- "$1" "$3/event_log"
  {
    tpm2_createek -c "$SCRATCH/ek" -G rsa
    tpm2_flushcontext --transient-object
    tpm2_createak -C "$SCRATCH/ek" -c "$SCRATCH/ak" -G ecc -g sha256 -s ecdsa -u "$3/ak.pub"
    tpm2_flushcontext --transient-object
    tpm2_quote -c "$SCRATCH/ak" -l "sha256:$(seq -s, 0 15)" -q "$2" -g sha256 \
      -m "$3/quote.msg" -s "$3/quote.sig" -o "$3/pcrs"
  } >/dev/null
}

main "$@"
