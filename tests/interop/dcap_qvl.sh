#!/usr/bin/env bash
# usage: dcap_qvl.sh TALLY
#
# Holds what tally says of Intel's quotes against dcap-qvl, another
# implementation (npm @phala/dcap-qvl): for genuine quotes with their collateral,
# and for the same with one bit of every so many bytes flipped. NODE_PATH names a
# directory of modules that has it; the quotes are the shared vectors'.
#
# Prints "ok" lines and every difference; exit status 1 if there is one, 77 if
# something is missing, with its name in the last line.
set -euo pipefail

readonly TALLY=$1
readonly HERE=${BASH_SOURCE[0]%/*}
readonly VECTORS=${TALLY_VECTORS:-$HERE/../../../shared/vectors}

skip() {
  printf '%s\n' "$1"
  exit 77
}
command -v node >/dev/null || skip "not installed: node"
node -e 'require("@phala/dcap-qvl")' 2>/dev/null ||
  skip "not installed: @phala/dcap-qvl"
[[ -d $VECTORS/tdx/dcap-qvl ]] || skip "no shared vectors"

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

node "$HERE/dcap_qvl.js" "$TALLY" "$VECTORS" "$work"
