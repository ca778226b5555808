#!/usr/bin/env bash
# usage: match.sh TALLY
#
# tally match, evidence and index on evidence of real machines (the shared
# vectors): genuine evidence with its own values is a yes, everything else has
# the exit status and the reason that it should have.
set -euo pipefail
HERE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
source "$HERE/../repro/lib.sh"

TALLY=$(realpath -e -- "$1")
VECTORS=${TALLY_VECTORS:-$HERE/../../../shared/vectors}
SCRATCH=$(mktemp -d)
trap 'rm -rf -- "$SCRATCH"' EXIT
if [[ ! -d $VECTORS/snp-reports ]]; then
  skip "match: no shared vectors"
  finish
fi

# answers NAME STATUS TEXT ARGUMENT... runs tally: its status, and a text that
# stdout or stderr has.
answers() {
  local name=$1 expected=$2 text=$3 status=0
  shift 3
  "$TALLY" "$@" >"$SCRATCH/out" 2>&1 || status=$?
  if ((status == expected)) && grep -qF -- "$text" "$SCRATCH/out"; then
    pass "$name"
  else
    fail "$name: status $status, expected $expected and '$text'"
    sed 's/^/  | /' "$SCRATCH/out" | head -n 20
  fi
}

# values FILE OPTION... prints the attested registers as --measurement takes them;
# registers that are all zero, which nobody publishes, are left out.
values() {
  "$TALLY" evidence verify "$@" --json 2>/dev/null | /usr/bin/python3 -c '
import json, sys
registers = json.load(sys.stdin)["registers"]
print(",".join(r["name"] + "=" + r["value"] for r in registers if r["value"].strip("0")))'
}

ZEROS=$(printf '%096d' 0)
SNP=$VECTORS/snp-reports/trustee
MILAN=$VECTORS/snp-reports/go-sev-guest/ask_ark_milan.pem
TDX=$VECTORS/tdx/dcap-qvl
NITRO=$VECTORS/nitro/anjuna/attester_sample_prod_doc.bin

snp() {
  local -a at=(--at 2024-06-01T00:00:00Z)
  local -a given=(--collateral "$SNP/test-vcek.der" --collateral "$MILAN" "${at[@]}")
  local report=$SNP/test-report.bin
  local digest
  digest=$(values "$report" "${given[@]}")
  answers "snp: genuine" 0 "matches" match "$report" --measurement "$digest" "${given[@]}"
  od -An -v -tx1 "$report" >"$SCRATCH/report.hex"
  answers "snp: as hexadecimal text" 0 "matches" match "$SCRATCH/report.hex" \
    --measurement "$digest" "${given[@]}"
  answers "snp: another value" 1 "launch_digest differs" match "$report" \
    --measurement "$ZEROS" "${given[@]}"
  answers "snp: no certificates" 1 "not authentic" match "$report" \
    --measurement "$digest" "${at[@]}"
  answers "snp: damaged VCEK" 1 "not authentic" match "$report" --measurement "$digest" \
    --collateral "$SNP/test-vcek-invalid-new.der" --collateral "$MILAN" "${at[@]}"
  answers "snp: before the certificate" 1 "not authentic" match "$report" \
    --measurement "$digest" --collateral "$SNP/test-vcek.der" --collateral "$MILAN" \
    --at 2001-01-01T00:00:00Z
  answers "snp: another nonce" 1 "nonce" match "$report" --measurement "$digest" \
    --nonce 00112233 "${given[@]}"
  answers "snp: debug is refused" 1 "found debug on" match \
    "$VECTORS/snp-reports/go-sev-guest/attestation.bin" --measurement "$ZEROS" \
    --collateral "$VECTORS/snp-reports/go-sev-guest/vcek.testcer" \
    --collateral "$MILAN" "${at[@]}"
  head -c 1000 "$report" >"$SCRATCH/truncated"
  answers "snp: truncated" 3 "error" match "$SCRATCH/truncated" --measurement "$digest" \
    --kind snp
}

intel() {
  local -a given=(--collateral "$TDX/tdx_quote_collateral.json" --at 2025-06-25T00:00:00Z)
  local all
  all=$(values "$TDX/tdx_quote" "${given[@]}")
  answers "tdx: genuine, TCB up to date" 0 "tcb status UpToDate" match "$TDX/tdx_quote" \
    --measurement "$all" "${given[@]}"
  answers "tdx: without collateral the TCB is unknown" 0 "tcb status: unknown" match \
    "$TDX/tdx_quote" --measurement "$all" --at 2025-06-25T00:00:00Z
  answers "tdx: another value" 1 "mrtd differs" match "$TDX/tdx_quote" \
    --measurement "$ZEROS" "${given[@]}"
  local sgx=$VECTORS/sgx-quotes/dcap-qvl
  answers "sgx: a TCB that the policy does not list" 1 "ConfigurationAndSWHardeningNeeded" \
    match "$sgx/sgx_quote" --measurement "${ZEROS:0:64}" \
    --collateral "$sgx/sgx_quote_collateral.json" --at 2025-06-25T00:00:00Z
}

nitro() {
  local all fields
  all=$(values "$NITRO")
  answers "nitro: genuine" 0 "matches" match "$NITRO" --measurement "$all"
  answers "nitro: debug is refused" 1 "found debug on" match \
    "$VECTORS/nitro/anjuna/sample_attestation_doc_full.bin" --measurement "$ZEROS"
  answers "nitro: tampered" 1 "not authentic" match \
    "$VECTORS/nitro/fortanix/tampered_signature.bin" --measurement "$ZEROS"
  answers "nitro: no known form" 3 "no kind of evidence" match "$0" --measurement "$ZEROS"
  fields=$("$TALLY" evidence inspect "$NITRO" --json | grep -c '"offset"')
  if ((fields > 20)); then
    pass "nitro: inspect lists $fields fields"
  else
    fail "nitro: inspect lists $fields fields"
  fi
}

# Quotes of an emulated TPM, a directory each.
tpm() {
  mkdir "$SCRATCH/tpm"
  "$HERE/tpm_quote.sh" "$SCRATCH/tpm"
  if [[ ! -d $SCRATCH/tpm/cases ]]; then
    skip "match: no swtpm or no tpm2-tools"
    return
  fi
  local quote all
  for quote in "$SCRATCH"/tpm/cases/*; do
    all=$(values "$quote" --collateral "$quote/ak.pub")
    answers "tpm: ${quote##*/}" 0 "matches" match "$quote" --measurement "$all" \
      --collateral "$quote/ak.pub" --nonce 01234567
  done
  answers "tpm: nobody vouches for the key" 1 "nobody vouches" match "$quote" \
    --measurement "$all" --nonce 01234567
  answers "tpm: another nonce" 1 "nonce" match "$quote" --measurement "$all" \
    --collateral "$quote/ak.pub" --nonce 01234568
  answers "tpm: inspect" 0 "message / magic" evidence inspect "$quote"
}

# A quote and the log of the same boot.
event_log() {
  local quote=$SCRATCH/quote ccel=$SCRATCH/ccel mrtd
  local -a given=(--at 2025-11-01T00:00:00Z)
  /usr/bin/python3 "$HERE/ccel_of_dstack.py" "$VECTORS/tdx/dstack/quote-report.json" \
    "$quote" "$ccel"
  mrtd=$(values "$quote" "${given[@]}" | sed 's/,.*//')
  answers "event log: leads to all RTMRs" 0 "replays to 4 of 4 registers" evidence verify \
    "$quote" "${given[@]}" --event-log "$ccel"
  printf 'tally_policy: 1\nregisters: {rtmr3: {use: replayed, reason: the agent logs}}\n' \
    >"$SCRATCH/replayed.yaml"
  answers "event log: a policy accepts what it leads to" 0 "matches" match "$quote" \
    --measurement "$mrtd" --policy "$SCRATCH/replayed.yaml" "${given[@]}" --event-log "$ccel"
  answers "event log: that policy without a log" 1 "rtmr3 not predicted" match "$quote" \
    --measurement "$mrtd" --policy "$SCRATCH/replayed.yaml" "${given[@]}"
  # The digest of the first event begins behind the header and 14 bytes.
  printf '\377' | dd of="$ccel" bs=1 seek=90 conv=notrunc status=none
  answers "event log: one that is not the guest's" 1 "rtmr0 (sha384): the log gives" match \
    "$quote" --measurement "$mrtd" "${given[@]}" --event-log "$ccel"
  answers "event log: of evidence that has none" 1 "no register that a log is about" match \
    "$NITRO" --measurement "$ZEROS" --event-log "$ccel"
}

# An index of a release made of the attested values, and policies.
index() {
  mkdir -p "$SCRATCH/releases/one"
  "$TALLY" evidence verify "$NITRO" --json 2>/dev/null |
    /usr/bin/python3 "$HERE/release_of_evidence.py" "$SCRATCH/releases/one"
  answers "match with a release" 0 "matches  gateway 1.4.0" match "$NITRO" \
    "$SCRATCH/releases/one"
  answers "index" 0 "1 release, 1 target" index "$SCRATCH/releases" -o "$SCRATCH/index.json"
  answers "match with an index" 0 "matches  gateway 1.4.0" match "$NITRO" \
    --index "$SCRATCH/index.json"
  mkdir "$SCRATCH/batch"
  cp -- "$NITRO" "$SCRATCH/batch/a"
  cp -- "$VECTORS/nitro/fortanix/request_proper.bin" "$SCRATCH/batch/b"
  answers "a batch answers for each file" 1 "1 of 2 pieces of evidence do not match" match \
    --batch "$SCRATCH/batch" "$SCRATCH/releases/one"
  printf 'tally_policy: 1\nrequire_nonce: true\n' >"$SCRATCH/policy.yaml"
  answers "a policy that wants a nonce" 1 "policy refuses" match "$NITRO" \
    "$SCRATCH/releases/one" --policy "$SCRATCH/policy.yaml"
  cp -r -- "$SCRATCH/releases/one" "$SCRATCH/releases/two"
  printf ' ' >>"$SCRATCH/releases/one/measurements.json"
  answers "measurements that release.json does not name" 1 "is not the one that release.json" \
    match "$NITRO" "$SCRATCH/releases/one"
}

# valid SCHEMA ARGUMENT... holds what a command prints with --json against a schema.
valid() {
  local schema=$1
  shift
  "$TALLY" --json "$@" >"$SCRATCH/record.json" 2>/dev/null || true
  valid_file "$schema" "$SCRATCH/record.json"
}

schemas() {
  valid output-match match "$NITRO" --measurement "$ZEROS"
  valid output-match match "$TDX/tdx_quote" --measurement "$ZEROS" --at 2025-06-25T00:00:00Z \
    --collateral "$TDX/tdx_quote_collateral.json"
  valid output-match match --batch "$SCRATCH/batch" --index "$SCRATCH/index.json"
  valid output-evidence-verify evidence verify "$NITRO"
  valid output-evidence-inspect evidence inspect "$NITRO"
  valid output-index index "$SCRATCH/releases/two" -o "$SCRATCH/index.json"
  valid_file release-index "$SCRATCH/index.json"
}

valid_file() {
  if /usr/bin/python3 "$HERE/../support/validate_json_schema.py" "$HERE/../../docs/schemas" \
    "$1.schema.json" "$2" >"$SCRATCH/log" 2>&1; then
    pass "$1.schema.json"
  else
    fail "$1.schema.json"
    head -n 5 "$SCRATCH/log"
  fi
}

snp
intel
nitro
tpm
event_log
index
schemas
finish
