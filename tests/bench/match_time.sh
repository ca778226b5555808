#!/usr/bin/env bash
# usage: tests/bench/match_time.sh TALLY [RUNS]
#
# Prints how long `match` takes as a whole process for one piece of evidence of
# each technology (aim: below 30 ms), how many SNP reports a second it answers for
# with --batch (aim: 1,000 on two processors), and how long a look-up among
# 100,000 releases takes (aim: below 50 ms); the best of RUNS (default 10). Where a
# peer is there (see tests/interop/go_attestation.sh and dcap_qvl.sh), its time for
# the same evidence and the ratio. The evidence is the shared vectors'.
set -euo pipefail

HERE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly HERE
readonly VECTORS=${TALLY_VECTORS:-$HERE/../../../shared/vectors}
readonly SEV=${GO_SEV_GUEST_CHECK:-go-sev-guest-check}
readonly TDX=${GO_TDX_GUEST_CHECK:-go-tdx-guest-check}
readonly NUM_REPORTS=1000 NUM_RELEASES=100000
readonly AT=2025-06-25T00:00:00Z

# best COMMAND... puts the least wall-clock time in microseconds into BEST. The
# exit status does not matter: a no takes as long as a yes.
best() {
  local begin end run
  BEST=
  for ((run = 0; run < RUNS; run++)); do
    begin=$(date +%s%N)
    "$@" >/dev/null 2>&1 || true
    end=$(date +%s%N)
    if [[ -z $BEST ]] || ((end - begin < BEST)); then BEST=$((end - begin)); fi
  done
  BEST=$((BEST / 1000))
}

# milliseconds MICROSECONDS
milliseconds() { printf '%d.%d ms' "$(($1 / 1000))" "$(($1 % 1000 / 100))"; }

# against NAME COMMAND... prints a peer's time, and by how much OURS is shorter.
against() {
  local name=$1
  shift
  best "$@"
  printf '  %s: %s, %d.%02d times as long\n' "$name" "$(milliseconds "$BEST")" \
    "$((BEST / OURS))" "$((BEST * 100 / OURS % 100))"
}

# match NAME EVIDENCE OPTION... prints the time of one process; OURS is it.
match() {
  local name=$1
  shift
  best "$TALLY" match "$@"
  OURS=$BEST
  printf '%s: %s\n' "$name" "$(milliseconds "$OURS")"
}

# have_peer COMMAND says whether it is there, or that it is not.
have_peer() {
  command -v -- "$1" >/dev/null && return
  printf '  not installed: %s\n' "${1##*/}"
  return 1
}

processes() {
  local snp=$WORK/reports/0000 intel=tdx/dcap-qvl/tdx_quote
  match "snp, a report with its certificates" "$snp" --measurement "$ZEROS" --at "$AT"
  if have_peer "$SEV"; then
    against go-sev-guest "$SEV" -in "$snp" -network=false -provisional=true \
      -product_name Milan-B0 -guest_policy "$((0x70000))"
  fi
  match "tdx, a quote without collateral" "$VECTORS/$intel" --measurement "$ZEROS" --at "$AT"
  if have_peer "$TDX"; then against go-tdx-guest "$TDX" -in "$VECTORS/$intel"; fi
  match "tdx, a quote with collateral" "$VECTORS/$intel" --measurement "$ZEROS" --at "$AT" \
    --collateral "$VECTORS/${intel}_collateral.json"
  dcap_qvl "$intel"
  intel=sgx-quotes/dcap-qvl/sgx_quote
  match "sgx, a quote with collateral" "$VECTORS/$intel" --measurement "${ZEROS:0:64}" \
    --at "$AT" --collateral "$VECTORS/${intel}_collateral.json"
  dcap_qvl "$intel"
  match "nitro, a document" "$VECTORS/nitro/anjuna/attester_sample_prod_doc.bin" \
    --measurement "$ZEROS"
}

# dcap_qvl QUOTE times the npm package, node's own start and all.
dcap_qvl() {
  if ! node -e 'require("@phala/dcap-qvl")' 2>/dev/null; then
    echo "  not installed: @phala/dcap-qvl"
    return
  fi
  against "dcap-qvl in node" node "$HERE/match_dcap_qvl.js" "$VECTORS/$1" \
    "$VECTORS/$1_collateral.json" "$(date -d "$AT" +%s)"
}

batch() {
  best "$TALLY" match --batch "$WORK/reports" --measurement "$ZEROS" --at "$AT"
  printf 'batch of %d snp reports: %s, %d reports/s\n' "$NUM_REPORTS" \
    "$(milliseconds "$BEST")" "$((NUM_REPORTS * 1000000 / BEST))"
}

index() {
  local document=$VECTORS/nitro/anjuna/attester_sample_prod_doc.bin
  match "look-up among $NUM_RELEASES releases" "$document" --index "$WORK/index.json"
}

main() {
  if (($# < 1)); then
    sed -n '2p' -- "${BASH_SOURCE[0]}" | cut -c3- >&2
    exit 2
  fi
  TALLY=$1
  RUNS=${2:-10}
  if [[ ! -d $VECTORS/snp-reports ]]; then
    echo "no shared vectors"
    exit 77
  fi
  ZEROS=$(printf '%096d' 0)
  WORK=$(mktemp -d)
  trap 'rm -rf -- "$WORK"' EXIT
  /usr/bin/python3 "$HERE/match_inputs.py" "$TALLY" "$VECTORS" "$WORK" "$NUM_REPORTS" \
    "$NUM_RELEASES"
  processes
  batch
  index
}

main "$@"
