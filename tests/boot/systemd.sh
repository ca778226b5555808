#!/usr/bin/env bash
# usage: systemd.sh RELEASE
#
# Starts the release of manifests/images/systemd-cvm in QEMU (software emulation):
# systemd must reach its target with no failed unit, and the kernel must read back
# every file, link and attribute of the root as files.json lists it.
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

boot_to_target() {
  local console=$SCRATCH/systemd
  # The network is QEMU's own; nothing leaves the machine.
  NIC=user,model=virtio-net-pci,restrict=on UNTIL='systemd-cvm: state:' \
    launch_disk "$console" "$ARTIFACTS/disk.img" "$CMDLINE"
  expect "systemd reaches its target with no failed unit" "$console" \
    "tally-init: root verified $ROOT_HASH" \
    "systemd-cvm: running as report on systemd-cvm" \
    "systemd-cvm: network driver virtio_net" \
    "systemd-cvm: state: running" "!systemd-cvm: failed unit" "!error:"
}

# with_payload INITRD COMMAND adds a second archive to the initrd: the payload is
# then a command of ours, run as root in the verified root. (Such an initrd has
# another digest: what is measured cannot be changed like this unnoticed.)
with_payload() {
  mkdir -p "$SCRATCH/payload/etc/tally"
  printf '%s\n' service /bin/sh -c "$2" >"$SCRATCH/payload/etc/tally/payload"
  cp -- "$ARTIFACTS/initrd" "$1"
  (cd "$SCRATCH/payload" && find . | cpio -o --quiet -H newc) >>"$1"
}

# Every entry on the console, in the words of files.json. Through cat: find writes
# other bytes to a terminal.
readonly LIST='cd /; { find . -xdev -type f -printf "%p\0" | xargs -0 sha256sum | sed "s/^/file: /"
find . -xdev -printf "entry: %m %U %G %y %p %l\n"; echo "listing: end"; } | cat'

read_back() {
  local console=$SCRATCH/list
  with_payload "$SCRATCH/initrd" "$(tr '\n' ';' <<<"$LIST")"
  launch_disk "$console" "$ARTIFACTS/disk.img" "$CMDLINE" "$SCRATCH/initrd"
  if /usr/bin/python3 - "$ARTIFACTS/../files.json" "$console" >"$SCRATCH/log" <<'PYTHON'
import json, sys

# Our init mounts its file systems over these.
MOUNTED = ("/dev", "/proc", "/run", "/sys", "/tmp")

wanted = set()
for record in json.load(open(sys.argv[1]))["root"]:
    path = record["path"].replace("\\\\", "\\").removesuffix("/")
    kind = {"directory": "d", "file": "f", "symlink": "l"}[record["type"]]
    if path.startswith(MOUNTED):
        continue
    wanted.add(f"entry: {int(record['mode'], 8):o} {record['uid']} {record['gid']} "
               f"{kind} .{path} {record['target'] or ''}".rstrip())
    if kind == "f":
        wanted.add(f"file: {record['sha256']}  .{path}")
found = set()
for line in open(sys.argv[2], encoding="utf-8", errors="surrogateescape"):
    # sha256sum marks a name in which it escaped a backslash.
    line = line.rstrip().replace("file: \\", "file: ")
    if not line.startswith(("entry: ", "file: ")):
        continue
    if line.startswith("file: "):
        line = line.replace("\\\\", "\\")
    if not any(f" .{name}" in line for name in MOUNTED):
        found.add(line)
for line in sorted(wanted ^ found)[:10]:
    print("only in files.json" if line in wanted else "only in the machine", ascii(line))
print(f"{len(wanted)} lines")
sys.exit(wanted != found)
PYTHON
  then
    pass "the kernel reads back the whole root ($(tail -n 1 "$SCRATCH/log"))"
  else
    fail "the kernel reads back the whole root"
    sed 's/^/  | /' "$SCRATCH/log"
    tail -n 5 "$console" | sed 's/^/  | /'
  fi
}

main() {
  if (($# != 1)); then
    printf 'usage: %s RELEASE\n' "${0##*/}" >&2
    exit 2
  fi
  release "$1"
  boot_to_target
  read_back
  finish
}

main "$@"
