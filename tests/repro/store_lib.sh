# Shared by the scripts about the store: sourced after lib.sh, never run.
# shellcheck shell=bash disable=SC2034,SC2119,SC2120,SC2153

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

# What is below prints the reason if it returns 1.

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

# flip FILE OFFSET changes one bit.
flip() {
  local old
  old=$(od -An -tu1 -j "$2" -N 1 -- "$1")
  chmod u+w -- "$1"
  # shellcheck disable=SC2059  # the format is the byte
  printf "\\x$(printf %02x $((old ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
flip_middle() { flip "$1" $(($(stat -c %s -- "$1") / 2)); }

report() {
  local name=$1 why
  shift
  if why=$("$@" 2>&1); then pass "$name"; else fail "$name: $why"; fi
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

# begin TALLY MANIFEST [STORE] is the beginning of these scripts: "inputs", a
# copy of tally that everybody may run, the tiny project and what is right.
begin() {
  # In memory, where it can be: every release is synced.
  if [[ -w /dev/shm ]]; then export TMPDIR=/dev/shm; fi
  inputs "$@"
  have_tiny_tools "the tiny project" || finish
  cp -- "$TALLY" "$SCRATCH/tally"
  TALLY=$SCRATCH/tally TINY=$SCRATCH/tiny FIRST=$SCRATCH/first
  PROJECT=$TINY/project/manifest.yaml
  mkdir "$TINY" "$SCRATCH/tmp"
  if ! set_up >"$SCRATCH/log" 2>&1; then
    fail "a build without a fault: $(tail -n 1 "$SCRATCH/log")"
    finish
  fi
}
