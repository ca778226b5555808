# Shared by the scripts of this folder: sourced, never run.
#
# Each script takes: TALLY MANIFEST [STORE], counts its checks, names each that
# fails or is skipped, and ends with "N passed, N failed, N skipped".
# shellcheck shell=bash disable=SC2034

export LC_ALL=C
PASSED=0 FAILED=0 SKIPPED=0

pass() {
  PASSED=$((PASSED + 1))
  printf 'ok: %s\n' "$1"
}
fail() {
  FAILED=$((FAILED + 1))
  printf 'failed: %s\n' "$1"
}
skip() {
  SKIPPED=$((SKIPPED + 1))
  printf 'skipped: %s\n' "$1"
}

finish() {
  printf '%d passed, %d failed, %d skipped\n' "$PASSED" "$FAILED" "$SKIPPED"
  if ((FAILED > 0)); then exit 1; fi
  exit 0
}

# inputs TALLY MANIFEST [STORE] sets absolute paths of the three and SCRATCH, a
# directory that everybody may enter and that is removed at the end.
inputs() {
  if (($# < 2 || $# > 3)); then
    printf 'usage: %s TALLY MANIFEST [STORE]\n' "${0##*/}" >&2
    exit 2
  fi
  TALLY=$(realpath -e -- "$1")
  MANIFEST=$(realpath -e -- "$2")
  LOCK=$(dirname -- "$MANIFEST")/lock.yaml
  STORE=$(realpath -m -- "${3:-${XDG_CACHE_HOME:-${HOME:-/}/.cache}/tally/store}")
  [[ -f $LOCK ]] || {
    fail "there is no lock beside $MANIFEST"
    finish
  }
  SCRATCH=$(mktemp -d)
  chmod 0755 "$SCRATCH"
  trap 'rm -rf -- "$SCRATCH"' EXIT
}

# locked_packages prints "sha256 path" of every package in the lock.
locked_packages() {
  awk '
    /^[a-z]/ { inside = ($1 == "packages:") }
    inside && /^    path:/ { path = $2 }
    inside && /^    sha256:/ { print $2, path }' "$LOCK" | tr -d '"'
}

entry_path() { printf '%s/sha256/%s/%s\n' "$1" "${2:0:2}" "$2"; }

# copy_store TO copies what the lock names, and nothing else.
copy_store() {
  local sha256 path entry
  while read -r sha256 path; do
    entry=$(entry_path "$1" "$sha256")
    mkdir -p -- "$(dirname -- "$entry")"
    cp -- "$(entry_path "$STORE" "$sha256")" "$entry"
  done < <(locked_packages)
}

# is_complete DIR: a release that is what its own list says.
is_complete() {
  local name
  for name in release.json run.json SHA256SUMS; do
    if [[ ! -f $1/$name ]]; then
      printf 'there is no %s\n' "$name"
      return 1
    fi
  done
  (cd -- "$1" && sha256sum --check --quiet --strict SHA256SUMS)
}

# milliseconds prints the time.
milliseconds() { printf '%d\n' $(($(date +%s%N) / 1000000)); }

# no_staging DIR: no build has left anything there.
no_staging() { [[ -z $(find "$1" -maxdepth 1 -name '.*.staging-*') ]]; }
