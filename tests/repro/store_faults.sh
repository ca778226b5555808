#!/usr/bin/env bash
# usage: store_faults.sh TALLY MANIFEST [STORE]
#
# Damages each kind of store entry in each way. A build gives exactly the right
# bytes, or a clear error and no output; `tally store verify` names what is
# damaged; `--repair`, or the next fetch or build, mends it.
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
source "$(dirname -- "${BASH_SOURCE[0]}")/store_lib.sh"

# The damages: each changes the file $1.
flip_first() { flip "$1" 0; }
flip_reserved() { flip "$1" 40; }
flip_listing() { flip "$1" 100; }
# The last 64 bytes of a tree may be padding.
flip_late() { flip "$1" $(($(stat -c %s -- "$1") - 100)); }
cut_end() { chmod u+w -- "$1"; truncate -s -1 -- "$1"; }
cut_half() { chmod u+w -- "$1"; truncate -s $(($(stat -c %s -- "$1") / 2)) -- "$1"; }
empty() { chmod u+w -- "$1"; truncate -s 0 -- "$1"; }
longer() { chmod u+w -- "$1"; printf x >>"$1"; }
other_entry() { cp -f -- "$OTHER" "$1"; }
directory() { rm -f -- "$1"; mkdir -- "$1"; }
full_directory() { directory "$1"; touch -- "$1/x"; }
link() { rm -f -- "$1"; ln -s -- /etc/passwd "$1"; }
dangling() { rm -f -- "$1"; ln -s -- /nowhere "$1"; }
pipe() { rm -f -- "$1"; mkfifo -- "$1"; }
unreadable() { chmod 000 -- "$1"; }
gone() { rm -f -- "$1"; }

readonly OF_ANY=(flip_first flip_middle flip_late cut_end cut_half empty longer
  other_entry directory full_directory link dangling pipe)
readonly OF_A_TREE=(flip_reserved flip_listing)

# named ENTRY DAMAGE: verify says no and names the entry, or nothing is wrong.
named() {
  local entry=$1 damage=$2 status=0
  verify || status=$?
  if [[ $damage == gone ]]; then return 0; fi
  if ((status != 1)) || ! grep -q -- "${entry##*/}" "$SCRATCH/stdout" "$SCRATCH/stderr"; then
    printf 'verify: status %s, %s\n' "$status" "$(said)"
    return 1
  fi
}

# repaired DAMAGE: --repair removes it, but not what is no entry of a store.
repaired() {
  verify --repair || true
  case $1 in
    directory | full_directory | link | dangling | pipe)
      if verify; then printf 'verify --repair removed what is no entry\n' && return 1; fi
      ;;
    *) verify || { printf 'not clean after --repair: %s\n' "$(said)" && return 1; } ;;
  esac
}

# damaged NAME ENTRY DAMAGE CACHE MAY_FAIL
damaged() {
  local name=$1 entry=$SCRATCH/store/$2 damage=$3 cache=$4 may_fail=$5 why
  new_place
  if [[ $cache == cold ]]; then rm -rf -- "$SCRATCH/store/trees"; fi
  "$damage" "$entry"
  own "$SCRATCH/store"
  if why=$(named "$entry" "$damage" && built "$may_fail" && mended "$entry" "$damage"); then
    new_place
    "$damage" "$entry"
    own "$SCRATCH/store"
    if why=$(repaired "$damage" && built "$may_fail"); then return 0; fi
  fi
  fail "$name, $damage, cache $cache$WHO: $why"
  return 1
}

# every_damage: a package with and without its tree, a tree, a listing.
every_damage() {
  local damage number=0 damages=("${OF_ANY[@]}" gone)
  if ((${#AS[@]} > 0)); then damages+=(unreadable); fi
  for damage in "${damages[@]}"; do
    damaged "a package" "$DEB" "$damage" warm may || continue
    damaged "a package" "$DEB" "$damage" cold may || continue
    number=$((number + 1))
  done
  pass "a damaged package$WHO: $number of ${#damages[@]} ways"
  number=0 damages+=("${OF_A_TREE[@]}")
  for damage in "${damages[@]}"; do
    if damaged "a tree" "$TREE" "$damage" warm must; then number=$((number + 1)); fi
  done
  pass "a damaged tree$WHO: $number of ${#damages[@]} ways"
}

# The listing of a directory is in the store for fetches of others; a build
# reads the directory.
listing_damage() {
  local damage number=0
  for damage in "${OF_ANY[@]}"; do
    new_place
    "$damage" "$SCRATCH/store/$LISTING"
    if named "$LISTING" "$damage" >"$SCRATCH/why" && built may >"$SCRATCH/why"; then
      number=$((number + 1))
    else
      fail "the listing of a directory, $damage: $(<"$SCRATCH/why")"
    fi
  done
  pass "a damaged listing of a directory: $number of ${#OF_ANY[@]} ways"
}

ordinary_user() {
  if [[ $(id -u) != 0 ]] || ! setpriv --reuid "$NOBODY" true 2>/dev/null; then
    skip "damaged stores, as an ordinary user: this is one"
    return 0
  fi
  AS=(as_nobody) WHO=', an ordinary user'
  chown "$NOBODY" "$SCRATCH/tmp"
  every_damage
  AS=() WHO=''
}

main() {
  begin "$@"
  every_damage
  listing_damage
  ordinary_user
  finish
}

main "$@"
