#!/usr/bin/env bash
# usage: full_disk.sh TALLY MANIFEST [STORE]
#
# Fills disks: a build, a fetch and a lock on file systems that are too small
# must exit with status 4, say why, and leave nothing half-written. Needs root,
# for small file systems in a mount namespace of its own.
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

if [[ ${1-} == --inside ]]; then
  shift
elif [[ $(id -u) != 0 ]] || ! unshare --mount true 2>/dev/null; then
  skip "full disks: only root can make small file systems"
  finish
else
  exec unshare --mount --propagation private -- "${BASH_SOURCE[0]}" --inside "$@"
fi

# small_disk DIR KIB
small_disk() {
  mkdir -p -- "$1"
  mount -t tmpfs -o "size=${2}k,mode=0755" tmpfs "$1"
}

# refuses NAME COMMAND...: status 4 and a message that says why.
refuses() {
  local name=$1 status=0
  shift
  "$@" >"$SCRATCH/stdout" 2>"$SCRATCH/stderr" || status=$?
  if ((status != 4)); then
    fail "$name: exit status $status, expected 4"
  elif ! grep -q '^tally: error: .*No space left on device' "$SCRATCH/stderr"; then
    fail "$name: the message is: $(head -n 2 "$SCRATCH/stderr" | tr '\n' ' ')"
  else
    return 0
  fi
  return 1
}

is_empty() { [[ -z $(find "$1" -mindepth 1 -print -quit) ]]; }

# Builds onto disks from almost nothing to almost enough, then onto one that is
# large enough.
test_build() {
  local release_kib disk=$SCRATCH/disk tenth size
  "$TALLY" build "$MANIFEST" --store "$STORE" -o "$SCRATCH/release" \
    >"$SCRATCH/stdout" 2>&1 || {
    fail "a build with room: $(tail -n 2 "$SCRATCH/stdout" | tr '\n' ' ')"
    return 0
  }
  release_kib=$(du -sk "$SCRATCH/release" | cut -f1)
  for tenth in 0 1 2 3 4 5 6 7 8 9; do
    size=$((release_kib * tenth / 10 + 16))
    small_disk "$disk" "$size"
    if refuses "a build into $size KiB" \
      "$TALLY" build "$MANIFEST" --store "$STORE" -o "$disk/release"; then
      if is_empty "$disk"; then
        pass "a build into $size of $release_kib KiB"
      else
        fail "a build into $size KiB left $(find "$disk" -mindepth 1 -printf '%P ' -quit)"
      fi
    fi
    umount "$disk"
  done
  small_disk "$disk" $((release_kib * 2))
  if "$TALLY" build "$MANIFEST" --store "$STORE" -o "$disk/release" \
    >"$SCRATCH/stdout" 2>&1 && is_complete "$disk/release"; then
    pass "a build where there is room"
  else
    fail "a build where there is room: $(tail -n 1 "$SCRATCH/stdout")"
  fi
  umount "$disk"
}

# A store on a disk that is full before the cache of unpacked packages is: the
# build succeeds, and what got into the cache is whole.
test_cache() {
  local disk=$SCRATCH/small-store packages_kib cache_kib=0 tenth name trees
  copy_store "$SCRATCH/packages"
  mkdir -p "$SCRATCH/packages/partial"
  packages_kib=$(du -sk "$SCRATCH/packages" | cut -f1)
  for tenth in 10 1 3 5 8; do
    name="a cache with room for $tenth tenths of it"
    small_disk "$disk" $((packages_kib + cache_kib * tenth / 10 + (cache_kib == 0 ? 8 * 1024 * 1024 : 512)))
    cp -R -- "$SCRATCH/packages" "$disk/store"
    rm -rf -- "$SCRATCH/cached"
    if ! "$TALLY" build "$MANIFEST" --store "$disk/store" -o "$SCRATCH/cached" \
      >"$SCRATCH/stdout" 2>&1; then
      fail "$name: $(tail -n 1 "$SCRATCH/stdout")"
    elif ! same_release "$SCRATCH/release" "$SCRATCH/cached" >"$SCRATCH/stdout" ||
      ! no_partial_trees "$disk/store" ||
      ! "$TALLY" store verify --store "$disk/store" >"$SCRATCH/stdout" 2>&1; then
      fail "$name: $(head -n 1 "$SCRATCH/stdout")"
    else
      trees=$(find "$disk/store/trees" -type f | wc -l)
      pass "$name: $trees packages"
    fi
    # The first one has room for all, and says how much that is.
    if ((cache_kib == 0)); then cache_kib=$(du -sk "$disk/store/trees" | cut -f1); fi
    umount "$disk"
  done
}

# make_mirror DIR lays the store's packages out as an archive does.
make_mirror() {
  local sha256 path
  while read -r sha256 path; do
    mkdir -p -- "$(dirname -- "$1/$path")"
    ln -s -- "$(entry_path "$STORE" "$sha256")" "$1/$path"
  done < <(locked_packages)
}

# store_is_good: every entry is what its name says.
store_is_good() {
  local entry
  while IFS= read -r -d '' entry; do
    [[ $(sha256sum <"$entry") == "${entry##*/}  -" ]] || return 1
  done < <(find "$1/sha256" -type f -print0)
}

test_fetch() {
  local disk=$SCRATCH/store mirror=$SCRATCH/mirror needed_kib
  make_mirror "$mirror"
  needed_kib=$(du -skL "$mirror" | cut -f1)
  local -a fetch=("$TALLY" fetch "$MANIFEST" --offline
    --mirror "file://$mirror" --store "$disk/store")
  small_disk "$disk" $((needed_kib / 3))
  if refuses "a fetch onto a full disk" "${fetch[@]}"; then
    if store_is_good "$disk/store"; then
      pass "a fetch onto a full disk"
    else
      fail "a fetch onto a full disk left a wrong entry"
    fi
  fi
  mount -o "remount,size=$((needed_kib * 2))k" "$disk"
  if "${fetch[@]}" >"$SCRATCH/stdout" 2>&1 && store_is_good "$disk/store" &&
    [[ -z $(find "$disk/store" -path '*/partial/*' -type f -size +0) ]]; then
    pass "the same store takes the rest when there is room"
  else
    fail "the same store takes the rest: $(tail -n 1 "$SCRATCH/stdout")"
  fi
  umount "$disk"
}

# fill DIR leaves no free block.
fill() { head -c 1G /dev/zero >"$1/filler" 2>/dev/null || true; }

test_lock() {
  local disk=$SCRATCH/manifests folder name
  folder=$(dirname -- "$MANIFEST")
  name=$(basename -- "$MANIFEST")
  cp -R -- "$folder" "$SCRATCH/copy"
  rm -- "$SCRATCH/copy/lock.yaml"
  if ! "$TALLY" lock "$SCRATCH/copy/$name" --store "$STORE" \
    >"$SCRATCH/stdout" 2>&1; then
    skip "a lock onto a full disk: the archive cannot be reached"
    return 0
  fi
  small_disk "$disk" 256
  cp -R -- "$folder/." "$disk"
  rm -- "$disk/lock.yaml"
  fill "$disk"
  if refuses "a lock onto a full disk" "$TALLY" lock "$disk/$name" --store "$STORE"; then
    if [[ $(cd "$disk" && find . -type f | sort) == \
      $(cd "$folder" && { find . -type f ! -name lock.yaml; echo ./filler; } | sort) ]]; then
      pass "a lock onto a full disk"
    else
      fail "a lock onto a full disk left $(find "$disk" -type f -printf '%P ')"
    fi
  fi
  umount "$disk"
}

main() {
  inputs "$@"
  test_build
  test_cache
  test_fetch
  test_lock
  finish
}

main "$@"
