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

# seconds MILLISECONDS, as sleep takes them.
seconds() { printf '%d.%03d\n' $(($1 / 1000)) $(($1 % 1000)); }

readonly NOBODY=65534

# as_nobody COMMAND... runs it as an ordinary user, with nothing of ours.
as_nobody() {
  setpriv --reuid "$NOBODY" --regid "$NOBODY" --clear-groups \
    env -i HOME=/nonexistent TMPDIR="${TMPDIR:-/tmp}" PATH="$PATH" "$@"
}

# same_release A B prints the first difference of two releases: names, types,
# modes, bytes. All but run.json, which holds the facts of a run.
same_release() {
  local name
  # The names and modes first: "> f 600 files.json" is one too many.
  if diff <(release_listing "$1") <(release_listing "$2") | grep '^[<>]'; then
    return 1
  fi
  while IFS= read -r -d '' name; do
    cmp -- "$1/$name" "$2/$name" || return 1
  done < <(cd -- "$1" && find . -type f ! -path ./run.json -print0 | sort -z)
}
release_listing() {
  (cd -- "$1" && find . -mindepth 1 ! -path ./run.json -printf '%y %m %P\n' | sort)
}

# no_partial_trees STORE: nobody left an unfinished entry of the tree cache.
no_partial_trees() { [[ -z $(find "$1/partial" -name 'tree-*') ]]; }

# The archive of the tiny project: packages of one or two files each.
readonly TINY_TOOLS=(dpkg-deb gpg gpgv xz)
readonly TINY_PACKAGES=(kernel tools service data)

# have_tiny_tools NAME skips visibly where the tiny project cannot be made.
have_tiny_tools() {
  local tool
  for tool in "${TINY_TOOLS[@]}"; do
    if ! command -v "$tool" >/dev/null; then
      skip "$1: $tool is missing"
      return 1
    fi
  done
}

# tiny_project DIR makes DIR/archive, a signed archive, and DIR/project, a
# manifest with packages, a directory, a local file and a volume.
tiny_project() {
  local name
  mkdir -p "$1/archive" "$1/project/app/bin"
  for name in "${TINY_PACKAGES[@]}"; do tiny_package "$1" "$name"; done
  tiny_index "$1/archive" "$1/project/keyring.gpg"
  printf '#!/bin/sh\necho hello\n' >"$1/project/run.sh"
  printf 'tool\n' >"$1/project/app/bin/tool"
  chmod 0755 "$1/project/app/bin/tool"
  seq 1 20000 >"$1/project/big"
  tiny_manifest >"$1/project/manifest.yaml"
}

# tiny_package DIR NAME adds a package and its paragraph of the index.
tiny_package() {
  local deb=$1/archive/pool/$2.deb tree=$1/deb
  mkdir -p "$1/archive/pool" "$tree/DEBIAN" "$tree/usr/share/$2-files"
  printf 'Package: %s\nVersion: 1.0\nArchitecture: amd64\nMaintainer: Test <test@example.org>\nDescription: made for a test\n' \
    "$2" >"$tree/DEBIAN/control"
  printf '%s contents\n' "$2" >"$tree/usr/share/$2"
  seq 1 3000 >"$tree/usr/share/$2-files/numbers"
  dpkg-deb --root-owner-group -b "$tree" "$deb" >/dev/null
  {
    cat "$tree/DEBIAN/control"
    printf 'Filename: pool/%s.deb\nSize: %s\nSHA256: %s\n\n' "$2" \
      "$(stat -c %s "$deb")" "$(sha256sum <"$deb" | cut -d' ' -f1)"
  } >>"$1/archive/Packages"
  rm -r "$tree"
}

# tiny_index ARCHIVE KEYRING signs the index with a key made for this.
tiny_index() {
  local folder=$1/dists/bookworm/main/binary-amd64 home
  # A short path: gpg's agent has a socket there.
  home=$(mktemp -d)
  local -a gpg=(gpg --homedir "$home" --batch --quiet --pinentry-mode loopback
    --passphrase '' --no-tty)
  mkdir -p "$folder"
  mv "$1/Packages" "$folder/Packages"
  xz --keep "$folder/Packages"
  {
    printf 'Origin: Debian\nLabel: Test\nSuite: stable\nCodename: bookworm\n'
    printf 'Date: Wed, 31 Dec 2025 00:00:00 UTC\nSHA256:\n'
    tiny_listed "$folder" Packages
    tiny_listed "$folder" Packages.xz
  } >"$1/Release"
  "${gpg[@]}" --faked-system-time 20200101T000000 --quick-generate-key \
    'Test <test@example.org>' ed25519 sign never
  "${gpg[@]}" --export >"$2"
  "${gpg[@]}" --faked-system-time 20251231T000000 --output \
    "$1/dists/bookworm/InRelease" --clear-sign "$1/Release"
  gpgconf --homedir "$home" --kill all
  rm -rf "$home"
}
tiny_listed() {
  printf ' %s %s main/binary-amd64/%s\n' "$(sha256sum <"$1/$2" | cut -d' ' -f1)" \
    "$(stat -c %s "$1/$2")" "$2"
}

tiny_manifest() {
  cat <<'END'
tally: 1
name: tiny
version: "1.0"
architecture: amd64
source_date_epoch: 1700000000
archives:
  - {name: debian, suites: [bookworm], keyring: keyring.gpg}
kernel: {package: kernel, image: /usr/share/kernel}
initrd:
  packages: [tools]
  modules: []
  files:
    - {path: /bin/busybox, content: "#!", mode: "0755"}
    - {path: /sbin/veritysetup, content: "#!", mode: "0755"}
    - {path: /sbin/dmsetup, content: "#!", mode: "0755"}
root:
  packages: [service, data]
  files:
    - {path: /usr/bin/run, source: run.sh, mode: "0755"}
  trees:
    - {path: /opt/app, directory: app}
volumes:
  - name: data
    path: /srv/data
    files: [{path: /big, source: big}]
    trees: [{path: /app, directory: app}]
payload: {run: [/usr/bin/run]}
disk: {cmdline: console=ttyS0}
END
}

# tiny_lock DIR STORE locks the project of DIR, with nothing but its archive.
tiny_lock() {
  "$TALLY" lock "$1/project/manifest.yaml" --mirror "file://$1/archive" --store "$2"
}
