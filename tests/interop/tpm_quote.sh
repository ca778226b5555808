#!/usr/bin/env bash
# usage: tpm_quote.sh DIR
#
# Makes quotes of an emulated TPM (swtpm) with tpm2-tools, a directory each below
# DIR/cases, and holds each against tpm2_checkquote; DIR/names has the names of
# the keys. tests/attest/tpm_files_test.cc reads what this writes. The TPM's own
# sockets are files below DIR; nothing else is touched.
set -euo pipefail
cd -- "$1"

for program in swtpm swtpm_setup tpm2_quote tpm2_createak tpm2_checkquote; do
  command -v "$program" >/dev/null || { echo "skipped: no $program"; exit 0; }
done

readonly NONCE=01234567
mkdir -p state cases names

# start_tpm makes a TPM with three banks and waits until it answers.
start_tpm() {
  swtpm_setup --tpm2 --tpmstate "$PWD/state" --createek \
    --pcr-banks sha1,sha256,sha384 >setup.log 2>&1
  swtpm socket --tpm2 --tpmstate "dir=$PWD/state" \
    --server "type=unixio,path=$PWD/tpm" --ctrl "type=unixio,path=$PWD/tpm.ctrl" \
    --flags not-need-init,startup-clear >swtpm.log 2>&1 &
  readonly SWTPM=$!
  export TPM2TOOLS_TCTI="swtpm:path=$PWD/tpm"
  local attempt
  for attempt in {1..50}; do
    [ ! -S tpm.ctrl ] || return 0
    sleep 0.1
  done
  echo "swtpm did not start after $attempt attempts" >&2
  return 1
}

flush() { tpm2_flushcontext --transient-object; }

# make_ak NAME ALGORITHM SCHEME makes an attestation key below a fresh EK.
make_ak() {
  tpm2_createek -c "$1.ek" -G rsa
  flush
  tpm2_createak -C "$1.ek" -c "$1.ctx" -G "$2" -g sha256 -s "$3" \
    -u "$1.pub" -n "$1.name"
  flush
}

# quote CASE KEY SELECTION FORM [SCHEME]
quote() {
  local directory=cases/$1
  mkdir "$directory"
  tpm2_quote -c "$2.ctx" -l "$3" -q "$NONCE" -g sha256 ${5:+--scheme="$5"} \
    --pcrs_format="$4" \
    -m "$directory/quote.msg" -s "$directory/quote.sig" -o "$directory/pcrs"
  flush
  cp "$2.pub" "$directory/ak.pub"
  cp "$2.name" "names/$1"
  # It reads the serialized form only, and takes RSA signatures for RSASSA.
  if [ "$4" = serialized ] && [ -z "${5:-}" ]; then
    tpm2_checkquote -u "$2.pub" -m "$directory/quote.msg" \
      -s "$directory/quote.sig" -f "$directory/pcrs" -q "$NONCE" -g sha256
  fi
}

main() {
  start_tpm
  make_ak ssa rsa rsassa
  make_ak pss rsa rsapss
  make_ak ecc ecc ecdsa
  tpm2_pcrextend "4:sha1=$(printf '11%.0s' {1..20}),sha256=$(printf '22%.0s' {1..32})"
  tpm2_pcrextend "14:sha384=$(printf '33%.0s' {1..48})"
  quote one-bank ssa sha256:0,1,2,3,4,7,14 serialized
  quote bare-values ssa sha256:0,1,2,3,4,7,14 values
  quote all-pcrs ssa "sha256:$(seq -s, 0 23)" serialized
  quote pss pss sha256:4 serialized rsapss
  quote ecdsa ecc sha384:14 serialized
  quote three-banks ecc sha1:0,4+sha256:0,4,7+sha384:0,14 serialized
}

# finish STATUS ends the TPM, and shows the last of what was printed if something failed.
finish() {
  [ -z "${SWTPM:-}" ] || kill "$SWTPM" 2>/dev/null || true
  [ "$1" = 0 ] || tail -n 20 log >&3
}
exec 3>&2 >log 2>&1
trap 'finish $?' EXIT
main
