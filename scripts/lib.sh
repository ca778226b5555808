# Shared by the scripts of this folder: sourced, never run.
# shellcheck shell=bash

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
readonly ROOT

# Exit statuses are those of tally; 77 is a test that was skipped.
readonly EXIT_NO=1 EXIT_USAGE=2 EXIT_SYSTEM=4 EXIT_SKIPPED=77
export EXIT_NO EXIT_USAGE EXIT_SYSTEM EXIT_SKIPPED

# step says what comes now, and how long the script has run.
step() { printf '\n== %d:%02d %s\n' $((SECONDS / 60)) $((SECONDS % 60)) "$*" >&2; }
note() { printf 'note: %s\n' "$*" >&2; }
hint() { printf 'hint: %s\n' "$*" >&2; }

# die STATUS MESSAGE...
die() {
  local status=$1
  shift
  printf '%s: error: %s\n' "${0##*/}" "$*" >&2
  exit "$status"
}

# usage prints the comment at the head of the calling script.
usage() { sed -n '2,/^[^#]/{/^#/!d;s/^# \{0,1\}//p}' "$0"; }

# packages SECTION... prints the packages of the sections of packages.txt.
packages() {
  local section
  for section in "$@"; do
    awk -v wanted="[$section]" '
      /^\[/ { inside = ($0 == wanted); found = found || inside; next }
      /^[^#]/ && inside { print }
      END { exit !found }' "$ROOT/scripts/packages.txt" ||
      die "$EXIT_USAGE" "packages.txt has no section '$section'"
  done
}

# missing_packages SECTION... prints those that are not installed.
missing_packages() {
  local package
  for package in $(packages "$@"); do
    dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null |
      grep -q '^ii' || printf '%s\n' "$package"
  done
}

# as_root prints the command that makes us root, nothing if we are, and fails
# if we cannot become root without asking.
as_root() {
  if [[ $(id -u) == 0 ]]; then return 0; fi
  if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    printf 'sudo\n'
    return 0
  fi
  return 1
}

# set_up SECTION... installs what is missing, or says what to install.
set_up() {
  command -v dpkg-query >/dev/null || die "$EXIT_SYSTEM" \
    "this needs Debian 12, with these packages: $(packages "$@" | xargs)"
  local missing
  mapfile -t missing < <(missing_packages "$@")
  if ((${#missing[@]} == 0)); then return 0; fi

  local root install
  install=(apt-get install -y --no-install-recommends "${missing[@]}")
  if ! root=$(as_root); then
    printf 'These packages are missing: %s\nInstall them:\n\n  sudo %s\n\n' \
      "${missing[*]}" "${install[*]}" >&2
    exit "$EXIT_SYSTEM"
  fi
  step "installing ${#missing[@]} packages: ${missing[*]}"
  local -a apt=(env DEBIAN_FRONTEND=noninteractive)
  if [[ -n $root ]]; then apt=("$root" "${apt[@]}"); fi
  local -a options=(-q -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120)
  # A mirror that fails here may have been indexed before: the install decides.
  "${apt[@]}" apt-get "${options[@]}" update >&2 ||
    note "apt-get update failed; going on with the indexes that are there"
  "${apt[@]}" "${install[0]}" "${options[@]}" "${install[@]:1}" >&2 ||
    die "$EXIT_SYSTEM" "cannot install: ${missing[*]}"
}

# build_preset PRESET [TARGET...] configures and builds below build/PRESET.
build_preset() {
  local preset=$1
  shift
  local -a configure=(cmake --preset "$preset") build=(cmake --build --preset "$preset")
  if command -v ccache >/dev/null; then
    configure+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  fi
  if (($# > 0)); then build+=(--target "$@"); fi
  # Presets are found from the current directory.
  (cd "$ROOT" && "${configure[@]}" >&2 && "${build[@]}" >&2)
}
