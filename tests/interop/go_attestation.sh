#!/usr/bin/env bash
# usage: go_attestation.sh TALLY
#
# Holds what tally says of SNP reports and TDX quotes against go-sev-guest and
# go-tdx-guest, two other implementations: for genuine evidence, and for the
# same with one bit of every so many bytes flipped. GO_SEV_GUEST_CHECK and
# GO_TDX_GUEST_CHECK name their programs, tools/check of each; without these
# variables they are go-sev-guest-check and go-tdx-guest-check in PATH. The
# evidence is the shared vectors'.
#
# How to have them with Debian's packages (0.13.0 and 0.3.1 were compared):
# unpack golang-1.24-go, golang-1.24-src and what
# golang-github-google-go-{sev,tdx}-guest-dev depend on below one directory;
# put the files that the packages lack where their go:embed lines want them
# (verify/trust/*.pem and verify/trusted_root.pem are among the shared vectors,
# any key serves as testing/data/keys/*.pem); then, with GO111MODULE=off and
# GOPATH at usr/share/gocode, go build github.com/google/go-sev-guest/tools/check.
#
# Prints "ok" lines and every difference; exit status 1 if there is one, 77 if
# something is missing, with its name in the last line.
set -euo pipefail

readonly TALLY=$1
readonly HERE=${BASH_SOURCE[0]%/*}
readonly VECTORS=${TALLY_VECTORS:-$HERE/../../../shared/vectors}
readonly SEV=${GO_SEV_GUEST_CHECK:-go-sev-guest-check}
readonly TDX=${GO_TDX_GUEST_CHECK:-go-tdx-guest-check}

skip() {
  printf '%s\n' "$1"
  exit 77
}
command -v "$SEV" >/dev/null || skip "not installed: go-sev-guest-check"
command -v "$TDX" >/dev/null || skip "not installed: go-tdx-guest-check"
[[ -d $VECTORS/snp-reports ]] || skip "no shared vectors"

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

/usr/bin/python3 "$HERE/go_attestation.py" "$TALLY" "$SEV" "$TDX" "$VECTORS" "$work"
