#!/usr/bin/env bash
# usage: shared_store.sh TALLY MANIFEST [STORE]
#
# Lets several processes use one store at once, and uses stores that cannot be
# written, are full, or belong to somebody else. All give the right bytes.
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
source "$(dirname -- "${BASH_SOURCE[0]}")/store_lib.sh"

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

# Two at once for one output: one of them wins, the other one may say that the
# name is taken.
same_output() {
  local round
  for ((round = 0; round < 5; round++)); do
    new_place
    rm -rf -- "$SCRATCH/store/trees"
    at_once 2 one_output >"$SCRATCH/why" || grep -q 'File exists' "$SCRATCH/why" || { cat "$SCRATCH/why" && return 1; }
    right || return 1
    [[ $(ls -A "$SCRATCH/out") == release ]] || { ls -A "$SCRATCH/out" && return 1; }
  done
}
one_output() { "$TALLY" build "$PROJECT" --store "$SCRATCH/store" -o "$SCRATCH/out/release"; }

# Exports to one name at once: one wins, and once it says so the name has a whole
# bundle.
same_bundle() {
  local round
  new_place
  for ((round = 0; round < 40; round++)); do
    rm -f -- "$SCRATCH/out/a.tar"
    at_once 4 one_bundle >/dev/null || true
    if [[ -e $SCRATCH/torn ]]; then echo "half a bundle has the name" && return 1; fi
    cmp -- "$SCRATCH/a.tar" "$SCRATCH/out/a.tar" || return 1
    [[ $(ls -A "$SCRATCH/out") == a.tar ]] || { ls -A "$SCRATCH/out" && return 1; }
  done
}
one_bundle() {
  "$TALLY" bundle export "$PROJECT" --store "$SCRATCH/store" -o "$SCRATCH/out/a.tar" || return 1
  cmp -- "$SCRATCH/a.tar" "$SCRATCH/out/a.tar" || touch "$SCRATCH/torn"
}

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

# Whoever comes second waits, or finds the entry that the first one made.
fetches_at_once() {
  local round
  for ((round = 0; round < 15; round++)); do
    rm -rf -- "$SCRATCH/store"
    mkdir "$SCRATCH/store"
    own "$SCRATCH/store"
    at_once 4 one_fetch || return 1
    [[ -z $(find "$SCRATCH/store/partial" -type f) ]] || { echo "a partial file is left" && return 1; }
    clean_store "$SCRATCH/store" || return 1
  done
}
one_fetch() {
  "${AS[@]}" "$TALLY" fetch "$PROJECT" --store "$SCRATCH/store" --mirror "file://$TINY/archive"
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
    for kib in $(seq 40 4 120); do
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
    # From less than all trees to all four, or the sizes above are the wrong ones.
    [[ $counts == " "[012]" "*" 3 "*" 4" ]] || { echo "trees:$counts"; exit 1; }' bash \
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
  run "$TALLY" store verify --store "$SCRATCH/store" || { said && return 1; }
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

private_mounts() {
  if [[ $(id -u) != 0 ]] || ! unshare --mount true 2>/dev/null; then
    skip "read-only and small stores: only root can mount"
    return 0
  fi
  report "a read-only store with its cache" read_only warm
  report "a read-only store without a cache" read_only cold
  report "a store on a file system that is full" small_disk_for_store
}

ordinary_user() {
  if [[ $(id -u) != 0 ]] || ! setpriv --reuid "$NOBODY" true 2>/dev/null; then
    skip "stores of somebody else: this is an ordinary user"
    return 0
  fi
  AS=(as_nobody)
  chown "$NOBODY" "$SCRATCH/tmp"
  report "root's store with its cache, an ordinary user" of_another warm
  report "root's store without a cache, an ordinary user" of_another cold
  report "entries of somebody else" others_entries
  report "an unfinished download of somebody else" others_partial
  report "fetches at once, an ordinary user" fetches_at_once
  AS=()
}

main() {
  HERE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
  begin "$@"
  report "two builds at once, an empty cache" builds_at_once 2 10
  report "four builds at once, an empty cache" builds_at_once 4 10
  report "two builds at once for one output" same_output
  report "three exports at once for one name" same_bundle
  report "locks and builds at once" locks_and_builds
  report "gc and verify --repair during builds" clean_up_during_builds
  report "fetches at once" fetches_at_once
  private_mounts
  ordinary_user
  report "two builds at once of the real manifest, an empty cache" real_builds_at_once 2
  report "four builds at once of the real manifest, an empty cache" real_builds_at_once 4
  report "all trees of the real manifest damaged" real_damage
  finish
}

main "$@"
