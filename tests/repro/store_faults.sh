#!/usr/bin/env bash
# usage: store_faults.sh TALLY MANIFEST [STORE]
#
# Damages each kind of store entry in each way, lets several processes use one
# store at once, and uses stores that cannot be written or belong to somebody
# else. A build gives exactly the right bytes, or a clear error and no output;
# `tally store verify` names what is damaged, and `--repair` or the next fetch or
# build mends it.
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

# Whoever runs the commands: nothing for ourselves.
AS=()
WHO=''

# run COMMAND...
run() { "${AS[@]}" env TMPDIR="$SCRATCH/tmp" "$@" >"$SCRATCH/stdout" 2>"$SCRATCH/stderr"; }
own() { if ((${#AS[@]} > 0)); then chown -hR -- "$NOBODY:$NOBODY" "$@"; fi; }
said() { tail -n 2 "$SCRATCH/stderr" | tr '\n' ' '; }

# new_place makes an empty directory for output, and a store with all entries.
new_place() {
  rm -rf -- "$SCRATCH/out" "$SCRATCH/store"
  mkdir "$SCRATCH/out"
  cp -R -- "$TINY/store" "$SCRATCH/store"
  own "$SCRATCH/out" "$SCRATCH/store"
}

build() { run "$TALLY" build "$PROJECT" --store "$SCRATCH/store" -o "$SCRATCH/out/release"; }
fetch() { run "$TALLY" fetch "$PROJECT" --store "$SCRATCH/store" --mirror "file://$TINY/archive"; }
verify() { run "$TALLY" store verify --store "$SCRATCH/store" "$@"; }
right() { same_release "$FIRST" "$SCRATCH/out/release"; }

# The damages: each changes the file $1.
flip() {
  local old
  old=$(od -An -tu1 -j "$2" -N 1 -- "$1")
  chmod u+w -- "$1"
  # shellcheck disable=SC2059  # the format is the byte
  printf "\\x$(printf %02x $((old ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
flip_first() { flip "$1" 0; }
flip_reserved() { flip "$1" 40; }
flip_listing() { flip "$1" 100; }
flip_middle() { flip "$1" $(($(stat -c %s -- "$1") / 2)); }
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

# built MAY_FAIL: the right bytes, or a clear error and no output.
built() {
  local status=0
  build || status=$?
  if ((status == 0)); then
    right
  elif [[ $1 == must ]]; then
    printf 'status %s: %s\n' "$status" "$(said)"
    return 1
  elif ! { ((status == 3 || status == 4)) && grep -q '^tally: error: ' "$SCRATCH/stderr"; }; then
    printf 'status %s: %s\n' "$status" "$(said)"
    return 1
  else
    [[ -z $(ls -A "$SCRATCH/out") ]] || { printf 'left %s\n' "$(ls -A "$SCRATCH/out")" && return 1; }
  fi
}

# mended ENTRY DAMAGE: a fetch and a build, after which all is right. Nobody
# removes a directory but the user.
mended() {
  if [[ -d $1 && ! -L $1 ]]; then
    if fetch && [[ $1 == */sha256/* ]]; then printf 'fetch did not see it\n' && return 1; fi
    rm -r -- "$1"
  fi
  fetch || { printf 'fetch: %s\n' "$(said)" && return 1; }
  rm -rf -- "$SCRATCH/out/release"
  built must || return 1
  verify || { printf 'after fetch and build: %s\n' "$(said)" && return 1; }
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

# at_once N COMMAND...: N runs of the command, which takes its number last. All
# must succeed.
at_once() {
  local number=$1 i pids=() status=0
  shift
  for ((i = 1; i <= number; i++)); do
    "$@" "$i" >"$SCRATCH/at-once-$i" 2>&1 &
    pids+=($!)
  done
  for i in "${!pids[@]}"; do
    if ! wait "${pids[i]}"; then
      status=1
      tail -n 2 "$SCRATCH/at-once-$((i + 1))" | tr '\n' ' '
    fi
  done
  return "$status"
}

# builder MANIFEST STORE N builds into a directory of its own.
builder() { "$TALLY" build "$1" --store "$2" -o "$SCRATCH/out/release-$3"; }

# same_for FIRST NUMBER: all that many are the first one.
same_for() {
  local i
  for ((i = 1; i <= $2; i++)); do
    same_release "$1" "$SCRATCH/out/release-$i" || return 1
  done
}

# clean_store STORE: no unfinished tree, nothing damaged.
clean_store() {
  if ! no_partial_trees "$1"; then printf 'an unfinished tree is left\n' && return 1; fi
  "$TALLY" store verify --store "$1" 2>&1 >/dev/null | head -n 1 | grep . && return 1
  return 0
}

report() {
  local name=$1 why
  shift
  if why=$("$@" 2>&1); then pass "$name"; else fail "$name: $why"; fi
}

builds_at_once() {
  local round
  for ((round = 0; round < $2; round++)); do
    new_place
    rm -rf -- "$SCRATCH/store/trees"
    at_once "$1" builder "$PROJECT" "$SCRATCH/store" &&
      same_for "$FIRST" "$1" && clean_store "$SCRATCH/store" || return 1
    # All trees are there, whoever wrote them.
    (($(find "$SCRATCH/store/trees" -type f | wc -l) == 4)) || { echo "a tree is missing" && return 1; }
  done
}

# Two at once for one output, too: one of them wins.
same_output() {
  local round
  for ((round = 0; round < 5; round++)); do
    new_place
    rm -rf -- "$SCRATCH/store/trees"
    at_once 2 one_output && right || return 1
    [[ $(ls -A "$SCRATCH/out") == release ]] || { ls -A "$SCRATCH/out" && return 1; }
  done
}
one_output() { "$TALLY" build "$PROJECT" --store "$SCRATCH/store" -o "$SCRATCH/out/release"; }

# Two exports to one name: whatever they say, the name has a whole bundle.
same_bundle() {
  local round
  new_place
  for ((round = 0; round < 20; round++)); do
    rm -f -- "$SCRATCH/out/a.tar"
    at_once 3 one_bundle >/dev/null || true
    cmp -- "$SCRATCH/a.tar" "$SCRATCH/out/a.tar" || return 1
    [[ $(ls -A "$SCRATCH/out") == a.tar ]] || { ls -A "$SCRATCH/out" && return 1; }
  done
}
one_bundle() { "$TALLY" bundle export "$PROJECT" --store "$SCRATCH/store" -o "$SCRATCH/out/a.tar"; }

# locker_or_builder N: odd ones lock a copy of the project, even ones build.
locker_or_builder() {
  if (($1 % 2 == 0)); then
    builder "$PROJECT" "$SCRATCH/store" "$1"
  else
    "$TALLY" lock "$SCRATCH/project-$1/manifest.yaml" --store "$SCRATCH/store" \
      --mirror "file://$TINY/archive"
  fi
}
locks_and_builds() {
  local round i
  for ((round = 0; round < 5; round++)); do
    new_place
    rm -rf -- "$SCRATCH/store/trees"
    for i in 1 3; do
      rm -rf -- "$SCRATCH/project-$i"
      cp -R -- "$TINY/project" "$SCRATCH/project-$i"
      rm -- "$SCRATCH/project-$i/lock.yaml"
    done
    at_once 4 locker_or_builder || return 1
    for i in 1 3; do cmp -- "$TINY/project/lock.yaml" "$SCRATCH/project-$i/lock.yaml" || return 1; done
    for i in 2 4; do same_release "$FIRST" "$SCRATCH/out/release-$i" || return 1; done
    clean_store "$SCRATCH/store" || return 1
  done
}

# collector_or_builder N: the first one cleans up until the others are done.
collector_or_builder() {
  local status
  if (($1 > 1)); then
    local i
    for ((i = 0; i < 10; i++)); do
      builder "$PROJECT" "$SCRATCH/store" "$1" || return 1
    done
    return 0
  fi
  while [[ ! -e $SCRATCH/done ]]; do
    status=0
    "$TALLY" store gc --store "$SCRATCH/store" --keep "$PROJECT" || status=$?
    # 4: somebody uses the store.
    ((status == 0 || status == 4)) || return 1
    "$TALLY" store verify --repair --store "$SCRATCH/store" || status=$?
    ((status == 0 || status == 4)) || return 1
  done
}
clean_up_during_builds() {
  new_place
  rm -rf -- "$SCRATCH/store/trees" "$SCRATCH/done"
  printf 'left by somebody dead\n' >"$SCRATCH/store/partial/tree-aaaaaa"
  collector_or_builder 1 >"$SCRATCH/collector" 2>&1 &
  local collector=$! i status=0 pids=()
  for i in 2 3; do
    collector_or_builder "$i" >"$SCRATCH/at-once-$i" 2>&1 &
    pids+=($!)
  done
  for i in "${pids[@]}"; do wait "$i" || status=1; done
  touch "$SCRATCH/done"
  wait "$collector" || { tail -n 1 "$SCRATCH/collector" && return 1; }
  ((status == 0)) || { tail -qn 1 "$SCRATCH"/at-once-[23] && return 1; }
  for i in 2 3; do same_release "$FIRST" "$SCRATCH/out/release-$i" || return 1; done
  clean_store "$SCRATCH/store"
}

# The real manifest: large packages, which take long to unpack.
real_builds_at_once() {
  local store=$SCRATCH/real-store
  mkdir -p "$SCRATCH/out"
  if [[ ! -e $SCRATCH/real ]]; then
    copy_store "$store"
    "$TALLY" build "$MANIFEST" --store "$store" -o "$SCRATCH/real"
  fi
  rm -rf -- "$store/trees" "$SCRATCH/out"
  mkdir "$SCRATCH/out"
  at_once "$1" builder "$MANIFEST" "$store" && same_for "$SCRATCH/real" "$1" && clean_store "$store"
}

# A damaged tree of every package of the real manifest at once.
real_damage() {
  local store=$SCRATCH/real-store entry
  while IFS= read -r -d '' entry; do flip_middle "$entry"; done < <(find "$store/trees" -type f -print0)
  rm -rf -- "$SCRATCH/out"
  mkdir "$SCRATCH/out"
  builder "$MANIFEST" "$store" 1 >/dev/null && same_for "$SCRATCH/real" 1 || return 1
  # What no image wants is not hashed by a build: verify sees that.
  "$TALLY" store verify --repair --store "$store" >/dev/null 2>&1 || true
  builder "$MANIFEST" "$store" 1 >/dev/null && same_for "$SCRATCH/real" 1 && clean_store "$store"
}

# read_only CACHE: in a mount namespace, the store is mounted read-only.
read_only() {
  new_place
  if [[ $1 == cold ]]; then rm -rf -- "$SCRATCH/store/trees"; fi
  # shellcheck disable=SC2016  # the inner shell's arguments
  unshare --mount --propagation private sh -ec '
    mount --bind "$1" "$1"
    mount -o remount,ro,bind "$1"
    shift
    exec "$@"' sh "$SCRATCH/store" \
    "$TALLY" build "$PROJECT" --store "$SCRATCH/store" -o "$SCRATCH/out/release" >/dev/null && right
}

# small_disk_for_store: a store on a file system of its own, with room for ever
# more of the cache. The build always succeeds, and leaves only whole entries.
small_disk_for_store() {
  # shellcheck disable=SC2016  # the inner shell's arguments
  unshare --mount --propagation private bash -ec '
    source "$1/lib.sh"
    TALLY=$2 PROJECT=$3 SCRATCH=$4 TINY=$5 FIRST=$6
    mkdir -p "$SCRATCH/disk"
    for kib in $(seq 60 4 180); do
      mount -t tmpfs -o "size=${kib}k" tmpfs "$SCRATCH/disk"
      mkdir "$SCRATCH/disk/store"
      if cp -R "$TINY/store/sha256" "$SCRATCH/disk/store" 2>/dev/null &&
        mkdir "$SCRATCH/disk/store/partial" 2>/dev/null; then
        "$TALLY" build "$PROJECT" --store "$SCRATCH/disk/store" -o "$SCRATCH/out/release" >/dev/null
        same_release "$FIRST" "$SCRATCH/out/release"
        no_partial_trees "$SCRATCH/disk/store"
        "$TALLY" store verify --store "$SCRATCH/disk/store" >/dev/null
        trees=$(find "$SCRATCH/disk/store" -path "*/trees/*" -type f | wc -l)
        counts="${counts-} $trees"
      fi
      umount "$SCRATCH/disk"
    done
    # From no tree to all four, or the sizes above are the wrong ones.
    [[ $counts == " 0 "*" 4" ]] || { echo "trees:$counts"; exit 1; }' bash \
    "$HERE" "$TALLY" "$PROJECT" "$SCRATCH" "$TINY" "$FIRST"
}

# of_another CACHE: root's store, which an ordinary user may only read.
of_another() {
  rm -rf -- "$SCRATCH/out" "$SCRATCH/store"
  mkdir "$SCRATCH/out"
  own "$SCRATCH/out"
  cp -R -- "$TINY/store" "$SCRATCH/store"
  if [[ $1 == cold ]]; then rm -rf -- "$SCRATCH/store/trees"; fi
  built must
}

# others_entries: the directories are the user's, the entries somebody else's,
# damaged and unreadable.
others_entries() {
  new_place
  flip_middle "$SCRATCH/store/$TREE"
  chown root -- "$SCRATCH/store/$TREE" "$SCRATCH/store/$DEB"
  chmod 0600 -- "$SCRATCH/store/$TREE"
  built must || return 1
  verify || { said && return 1; }
  # A cache directory that cannot be written: slower, and right.
  chown root -- "$SCRATCH/store/${TREE%/*}"
  flip_middle "$SCRATCH/store/$TREE"
  rm -rf -- "$SCRATCH/out/release"
  built must || return 1
  no_partial_trees "$SCRATCH/store" || { echo "an unfinished tree is left" && return 1; }
}

# others_partial: somebody else's unfinished download is in the way.
others_partial() {
  new_place
  rm -- "$SCRATCH/store/$DEB"
  rm -rf -- "$SCRATCH/store/trees"
  (umask 077 && printf x >"$SCRATCH/store/partial/${DEB##*/}")
  local status=0
  fetch || status=$?
  if ((status != 4)) || ! grep -q '^tally: error: .*Permission denied' "$SCRATCH/stderr"; then
    printf 'fetch: status %s: %s\n' "$status" "$(said)"
    return 1
  fi
  rm -f -- "$SCRATCH/store/partial/${DEB##*/}"
  mended "$SCRATCH/store/$DEB" gone
}

# set_up makes the tiny project and what is right.
set_up() {
  tiny_project "$TINY" && tiny_lock "$TINY" "$TINY/store" &&
    "$TALLY" build "$PROJECT" --store "$TINY/store" -o "$FIRST" &&
    "$TALLY" bundle export "$PROJECT" --store "$TINY/store" -o "$SCRATCH/a.tar" || return 1
  local sha256
  sha256=$(sha256sum <"$TINY/archive/pool/service.deb" | cut -d' ' -f1)
  DEB=sha256/${sha256:0:2}/$sha256
  # The tree of the same package: an image reads it.
  sha256=$(awk '/^  - name: service/ { inside = 1 } inside && /tree_sha256:/ { print $2; exit }' \
    "$TINY/project/lock.yaml")
  TREE=trees/${sha256:0:2}/$sha256
  OTHER=$(find "$TINY/store/trees" -type f ! -path "*/$TREE" -print -quit)
  LISTING=$(cd -- "$TINY/store" && grep -rl '^tally-directory' sha256 | head -n 1)
  [[ -f $TINY/store/$DEB && -f $TINY/store/$TREE && -n $LISTING && -n $OTHER ]]
}

ordinary_user() {
  if [[ $(id -u) != 0 ]] || ! setpriv --reuid "$NOBODY" true 2>/dev/null; then
    skip "damage and foreign stores, as an ordinary user: this is one"
    return 0
  fi
  AS=(as_nobody) WHO=', an ordinary user'
  chown "$NOBODY" "$SCRATCH/tmp"
  every_damage
  report "root's store with its cache, an ordinary user" of_another warm
  report "root's store without a cache, an ordinary user" of_another cold
  report "entries of somebody else" others_entries
  report "an unfinished download of somebody else" others_partial
  AS=() WHO=''
}

private_mounts() {
  if [[ $(id -u) != 0 ]] || ! unshare --mount true 2>/dev/null; then
    skip "read-only and small stores: only root can mount"
    return 0
  fi
  report "a read-only store with its cache" read_only warm
  report "a read-only store without a cache" read_only cold
  report "a store on a file system that is full" small_disk_for_store
}

main() {
  # In memory, where it can be: every release is synced.
  if [[ -w /dev/shm ]]; then export TMPDIR=/dev/shm; fi
  HERE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
  inputs "$@"
  have_tiny_tools "damaged stores" || finish
  cp -- "$TALLY" "$SCRATCH/tally"
  TALLY=$SCRATCH/tally TINY=$SCRATCH/tiny FIRST=$SCRATCH/first
  PROJECT=$TINY/project/manifest.yaml
  mkdir "$TINY" "$SCRATCH/tmp"
  if ! set_up >"$SCRATCH/log" 2>&1; then
    fail "a build without a fault: $(tail -n 1 "$SCRATCH/log")"
    finish
  fi
  every_damage
  listing_damage
  report "two builds at once, an empty cache" builds_at_once 2 10
  report "four builds at once, an empty cache" builds_at_once 4 10
  report "two builds at once for one output" same_output
  report "three exports at once for one name" same_bundle
  report "locks and builds at once" locks_and_builds
  report "gc and verify --repair during builds" clean_up_during_builds
  private_mounts
  ordinary_user
  report "two builds at once of the real manifest, an empty cache" real_builds_at_once 2
  report "four builds at once of the real manifest, an empty cache" real_builds_at_once 4
  report "all trees of the real manifest damaged" real_damage
  finish
}

main "$@"
