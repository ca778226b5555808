#!/usr/bin/env bash
# usage: dpkg.sh TALLY MANIFEST [STORE]
#
# Installs the packages of a manifest's root the usual way, with mmdebstrap and
# all maintainer scripts in a chroot, and compares that tree with the one that
# tally builds, entry by entry. Every difference must be explained by a line of
# docs/differences-from-dpkg.md, and every line there must explain something.
#
# Maintainer scripts need packages that the image omits, so both trees are made
# without `omit` and `exclude`. That resolves anew: the archive must be in reach.
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/../repro/lib.sh"
HERE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
readonly HERE
export PATH=$PATH:/usr/sbin:/sbin

# whole_manifest copies the manifest's directory, without omit and exclude.
whole_manifest() {
  cp -R -- "$(dirname -- "$MANIFEST")" "$SCRATCH/image"
  WHOLE=$SCRATCH/image/$(basename -- "$MANIFEST")
  /usr/bin/python3 "$HERE/whole_manifest.py" "$MANIFEST" >"$WHOLE"
}

build_whole() {
  "$TALLY" build "$WHOLE" --store "$STORE" -o "$SCRATCH/release" >"$SCRATCH/log" 2>&1
}

# local_archive makes a flat archive of the root's packages.
local_archive() {
  mkdir "$SCRATCH/archive"
  NAMES=$(/usr/bin/python3 "$HERE/link_packages.py" "$SCRATCH/image/lock.yaml" \
    "$STORE" "$SCRATCH/archive")
  (cd "$SCRATCH/archive" && dpkg-scanpackages --multiversion . 2>/dev/null >Packages)
}

# install_with_dpkg runs every maintainer script.
install_with_dpkg() {
  mmdebstrap --mode=root --variant=essential --include="$NAMES" --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
    --architectures="$(sed -n 's/^architecture: //p' "$MANIFEST")" \
    --aptopt='Acquire::AllowInsecureRepositories "true"' \
    --aptopt='APT::Install-Recommends "false"' \
    '' "$SCRATCH/dpkg" "deb [trusted=yes] copy://$SCRATCH/archive ./"
}

main() {
  inputs "$@"
  if ! command -v mmdebstrap >/dev/null || ! command -v dpkg-scanpackages >/dev/null; then
    skip "dpkg: mmdebstrap or dpkg-dev is not installed"
    finish
  fi
  if [[ $(id -u) != 0 ]]; then
    skip "dpkg: maintainer scripts need root"
    finish
  fi
  whole_manifest
  local status=0
  "$TALLY" lock "$WHOLE" --store "$STORE" >"$SCRATCH/log" 2>&1 || status=$?
  if ((status == 4)); then
    skip "dpkg: the archive cannot be reached: $(head -n 1 "$SCRATCH/log")"
    finish
  fi
  # The guards name what they would refuse; here it is allowed.
  if ((status == 0)) && ! build_whole; then
    /usr/bin/python3 "$HERE/whole_manifest.py" "$MANIFEST" "$SCRATCH/log" >"$WHOLE"
  fi
  if ((status != 0)) || ! build_whole; then
    fail "tally builds the packages without omit and exclude"
    tail -n 20 "$SCRATCH/log" | sed 's/^/  | /'
    finish
  fi
  local_archive
  if ! install_with_dpkg >"$SCRATCH/log" 2>&1; then
    fail "mmdebstrap installs the packages"
    tail -n 20 "$SCRATCH/log" | sed 's/^/  | /'
    finish
  fi
  fsck.erofs --extract="$SCRATCH/tally" "$SCRATCH/release/artifacts/root.erofs" \
    >"$SCRATCH/log" 2>&1
  status=0
  /usr/bin/python3 "$HERE/compare_with_dpkg.py" "$SCRATCH/dpkg" "$SCRATCH/tally" \
    "$SCRATCH/release/files.json" "$HERE/../../docs/differences-from-dpkg.md" \
    >"$SCRATCH/log" || status=$?
  if ((status == 0)); then
    pass "the tree is dpkg's but for explained differences ($(tail -n 1 "$SCRATCH/log"))"
  else
    fail "the tree differs from dpkg's: $(tail -n 1 "$SCRATCH/log")"
    head -n "${TALLY_SHOW:-60}" "$SCRATCH/log" | sed 's/^/  | /'
  fi
  finish
}

main "$@"
