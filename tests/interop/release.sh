#!/usr/bin/env bash
# usage: release.sh RELEASE [STORE]
#
# What everybody else's tools say of a release's artifacts: cpio, fsck.erofs,
# veritysetup, sgdisk, fsck.fat, mtools, objcopy, dpkg-deb, sha256sum, openssl.
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/../repro/lib.sh"
export PATH=$PATH:/usr/sbin:/sbin

# accepted NAME COMMAND... : the tool exits 0.
accepted() {
  local name=$1
  shift
  if ! command -v "$1" >/dev/null; then
    skip "$name: $1 is not installed"
  elif "$@" >"$SCRATCH/log" 2>&1; then
    pass "$name"
  else
    fail "$name"
    tail -n 5 "$SCRATCH/log" | sed 's/^/  | /'
  fi
}

# paths_of TREE prints the paths that files.json has, without the leading slash.
paths_of() {
  /usr/bin/python3 - "$RELEASE/files.json" "$1" <<'PYTHON'
import json, sys
for record in json.load(open(sys.argv[1]))[sys.argv[2]]:
    if record["path"] != "/":
        # Backslashes are doubled there.
        print(record["path"][1:].replace("\\\\", "\\"))
PYTHON
}

same_list() {
  local name=$1
  if diff <(sort "$2") <(sort "$3") >"$SCRATCH/log"; then
    pass "$name ($(wc -l <"$2") entries)"
  else
    fail "$name"
    head -n 5 "$SCRATCH/log" | sed 's/^/  | /'
  fi
}

initrd_listing() {
  cpio -it --quiet <"$ARTIFACTS/initrd" | grep -v '^\.$' >"$SCRATCH/cpio" || true
  paths_of initrd >"$SCRATCH/paths"
  same_list "cpio lists the initrd's files" "$SCRATCH/cpio" "$SCRATCH/paths"
}

root_listing() {
  mkdir "$SCRATCH/root"
  if ! fsck.erofs --extract="$SCRATCH/root" "$ARTIFACTS/root.erofs" \
    >"$SCRATCH/log" 2>&1; then
    fail "fsck.erofs extracts the root: $(tail -n 1 "$SCRATCH/log")"
    return 0
  fi
  (cd "$SCRATCH/root" && find . -mindepth 1 -printf '%P\n') >"$SCRATCH/found"
  paths_of root >"$SCRATCH/paths"
  same_list "fsck.erofs extracts the root's files" "$SCRATCH/found" "$SCRATCH/paths"
  accepted "the extracted files have the listed digests" /usr/bin/python3 -c '
import hashlib, json, pathlib, sys
for record in json.load(open(sys.argv[1]))["root"]:
    if record["type"] != "file": continue
    data = pathlib.Path(sys.argv[2] + record["path"].replace("\\\\", "\\")).read_bytes()
    assert hashlib.sha256(data).hexdigest() == record["sha256"], record["path"]
' "$RELEASE/files.json" "$SCRATCH/root"
}

# generated_files: what the tools that usually make them say of the root's generated
# files, where it has them. root_listing extracted it.
generated_files() {
  local root=$SCRATCH/root version
  if [[ -e $root/etc/ld.so.cache ]]; then
    accepted "ldconfig reads the root's ld.so.cache" \
      sh -c "ldconfig -p -C '$root/etc/ld.so.cache' | grep -q 'libc\.so\.6 '"
  fi
  if [[ -e $root/etc/passwd ]]; then
    accepted "pwck accepts the root's accounts" pwck -q -r -R "$root"
    accepted "grpck accepts the root's groups" grpck -r -R "$root"
  fi
  if [[ -e $root/etc/ssl/certs/ca-certificates.crt ]]; then
    accepted "openssl finds the root's certificates by their hashes" sh -c "
      certificate=\$(find '$root/usr/share/ca-certificates' -name '*.crt' | head -n 1)
      openssl verify -no-CAfile -no-CAstore -CApath '$root/etc/ssl/certs' \"\$certificate\""
  fi
  version=$(find "$root/usr/lib/modules" -mindepth 1 -maxdepth 1 -printf '%f\n' 2>/dev/null | head -n 1) || true
  if [[ -n $version ]]; then
    accepted "modprobe knows the root's modules" sh -c \
      "modprobe -d '$root' -S '$version' --show-depends virtio_net | grep -q virtio_net"
  fi
  if [[ -e $root/usr/lib/systemd/systemd ]]; then
    accepted "systemd-analyze verifies the root's default target" \
      systemd-analyze --root="$root" --man=no verify default.target
  fi
}

# disk_partition NUMBER FILE: the partition begins with exactly that file.
disk_partition() {
  local start
  start=$(sfdisk --json "$ARTIFACTS/disk.img" | /usr/bin/python3 -c '
import json, sys
print(json.load(sys.stdin)["partitiontable"]["partitions"][int(sys.argv[1])]["start"] * 512)' "$1")
  accepted "partition $1 holds $2" cmp --bytes="$(stat -c %s "$ARTIFACTS/$2")" \
    --ignore-initial="$start:0" "$ARTIFACTS/disk.img" "$ARTIFACTS/$2"
}

# boot_files: the EFI system partition and the unified kernel image in it.
boot_files() {
  local section artifact
  accepted "fsck.fat accepts the EFI system partition" fsck.fat -n "$ARTIFACTS/esp.img"
  accepted "mcopy finds the unified kernel image where firmware looks" sh -c \
    "mcopy -n -i '$ARTIFACTS/esp.img' ::EFI/BOOT/BOOTX64.EFI - | cmp - '$ARTIFACTS/uki.efi'"
  for section in linux:kernel initrd:initrd cmdline:cmdline; do
    artifact=${section#*:} section=${section%:*}
    accepted "objcopy finds $artifact in the unified kernel image" sh -c \
      "objcopy -O binary --only-section=.$section '$ARTIFACTS/uki.efi' '$SCRATCH/section' &&
       cmp -n \$(stat -c %s '$ARTIFACTS/$artifact') '$SCRATCH/section' '$ARTIFACTS/$artifact'"
  done
}

main() {
  if (($# < 1 || $# > 2)); then
    printf 'usage: %s RELEASE [STORE]\n' "${0##*/}" >&2
    exit 2
  fi
  RELEASE=$(realpath -e -- "$1")
  ARTIFACTS=$RELEASE/artifacts
  STORE=$(realpath -m -- "${2:-${XDG_CACHE_HOME:-${HOME:-/}/.cache}/tally/store}")
  SCRATCH=$(mktemp -d)
  trap 'rm -rf -- "$SCRATCH"' EXIT
  local root_hash
  root_hash=$(sed -E 's/.*roothash=([0-9a-f]{64}).*/\1/' "$ARTIFACTS/cmdline")

  accepted "sha256sum agrees with SHA256SUMS" \
    sh -c "cd '$RELEASE' && sha256sum --check --strict --quiet SHA256SUMS"
  initrd_listing
  accepted "fsck.erofs accepts the root" fsck.erofs "$ARTIFACTS/root.erofs"
  accepted "dump.erofs describes the root" dump.erofs "$ARTIFACTS/root.erofs"
  root_listing
  generated_files
  accepted "veritysetup verifies the root" veritysetup verify \
    "$ARTIFACTS/root.erofs" "$ARTIFACTS/root.verity" "$root_hash"
  accepted "sgdisk finds no problem on the disk" \
    sh -c "sgdisk -v '$ARTIFACTS/disk.img' | grep -q '^No problems found'"
  local partition=0
  if [[ -e $ARTIFACTS/esp.img ]]; then
    boot_files
    disk_partition 0 esp.img
    partition=1
  fi
  disk_partition "$partition" root.erofs
  disk_partition "$((partition + 1))" root.verity
  accepted "the root is what dpkg-deb lists" /usr/bin/python3 \
    "$(dirname -- "${BASH_SOURCE[0]}")/compare_trees.py" "$RELEASE" "$STORE"
  finish
}

main "$@"
