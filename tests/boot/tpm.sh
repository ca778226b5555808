#!/usr/bin/env bash
# usage: tpm.sh TALLY RELEASE
#
# Boots a unified kernel image with the release's kernel under QEMU (software
# emulation), Debian's OVMF and an emulated TPM. Each PCR that `tally measure tpm`
# predicts must be what the TPM has, in SHA-256 and SHA-384, with Secure Boot off
# and on; the log's SHA-384 digests, folded as UEFI maps PCRs to TDX's RTMRs, must
# be the predicted RTMRs. `tally eventlog --replay` must give what the TPM has,
# `tally eventlog diff` must find no difference to the prediction, and after a change
# of one byte of the command line it must name that event. The disk of a release
# with a unified kernel image of its own is booted too, and the PCRs that its
# measurements.json predicts must be what the TPM has.
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

readonly OVMF=/usr/share/OVMF KEYS=/usr/share/ovmf/PkKek-1-snakeoil
readonly STUB=/usr/lib/systemd/boot/efi/linuxx64.efi.stub
readonly COMMAND_LINE='console=ttyS0 no_timer_check panic=1'

need() {
  local missing=() thing
  for thing in swtpm swtpm_setup mcopy mkfs.fat sfdisk objcopy objdump sbsign busybox cpio; do
    PATH=$PATH:/sbin command -v "$thing" >/dev/null || missing+=("$thing")
  done
  for thing in "$STUB" "$OVMF/OVMF_CODE_4M.fd" "$OVMF/OVMF_VARS_4M.snakeoil.fd" "$KEYS.key"; do
    [[ -e $thing ]] || missing+=("$thing")
  done
  if ((${#missing[@]})); then
    skip "tpm: not installed: ${missing[*]}"
    finish
  fi
}

# The guest writes its PCRs and the firmware's log to the console.
make_initrd() {
  local root=$SCRATCH/root
  mkdir -p "$root"/{bin,proc,sys,dev}
  cp -- "$(command -v busybox)" "$root/bin/busybox"
  cat >"$root/init" <<'INIT'
#!/bin/busybox sh
b=/bin/busybox
$b mount -t proc none /proc
$b mount -t sysfs none /sys
$b mount -t devtmpfs none /dev
$b mount -t securityfs none /sys/kernel/security
echo 0 >/proc/sys/kernel/printk
for bank in sha256 sha384; do
  for pcr in $($b seq 0 15); do
    echo "pcr$pcr.$bank=$($b cat /sys/class/tpm/tpm0/pcr-$bank/$pcr)"
  done
done
echo "log: begin"
$b base64 /sys/kernel/security/tpm0/binary_bios_measurements
echo "log: end"
$b poweroff -f
INIT
  chmod 0755 "$root/init"
  (cd "$root" && find . | cpio -o --quiet -H newc) >"$SCRATCH/initrd"
}

# make_uki FILE CMDLINE has objcopy put the sections behind the stub's.
make_uki() {
  local args=() name file address
  printf '%s' "$2" >"$SCRATCH/cmdline"
  printf 'ID=tally-test\n' >"$SCRATCH/osrel"
  address=$(($(objdump -h "$STUB" | awk 'NF == 7 { print "0x" $4 " + 0x" $3 }' | tail -n 1)))
  for name in osrel cmdline initrd linux; do
    file=$SCRATCH/$name
    if [[ $name == linux ]]; then file=$ARTIFACTS/kernel; fi
    address=$(((address + 0xfff) & ~0xfff))
    args+=(--add-section ".$name=$file" --change-section-vma ".$name=$address")
    address=$((address + $(stat -c %s "$file")))
  done
  objcopy "${args[@]}" "$STUB" "$1"
}

# make_disk FILE UKI makes a disk with an EFI system partition.
make_disk() {
  local esp=$SCRATCH/esp
  rm -f -- "$1" "$esp"
  truncate -s 64M "$1"
  /sbin/sfdisk -q "$1" <<<'label: gpt
start=2048, size=126976, type=U'
  truncate -s $((126976 * 512)) "$esp"
  /sbin/mkfs.fat -F 32 "$esp" >/dev/null
  mmd -i "$esp" ::/EFI ::/EFI/BOOT
  mcopy -i "$esp" "$2" ::/EFI/BOOT/BOOTX64.EFI
  dd if="$esp" of="$1" bs=512 seek=2048 conv=notrunc status=none
}

# boot NAME CODE VARS [QEMU OPTIONS...] boots NAME.disk with a fresh TPM and leaves
# NAME.console, NAME.pcrs and NAME.log.
boot() {
  local name=$SCRATCH/$1 code=$2 vars=$3 state=$SCRATCH/$1.tpm
  shift 3
  mkdir -m 0700 "$state"
  cp -- "$vars" "$name.vars"
  swtpm_setup --tpm2 --tpm-state "$state" \
    --pcr-banks sha1,sha256,sha384,sha512 >"$name.setup"
  swtpm socket --tpm2 --tpmstate "dir=$state" --ctrl "type=unixio,path=$state/socket" \
    --terminate &
  local tries=100
  while [[ ! -S $state/socket ]] && ((tries-- > 0)); do sleep 0.1; done
  timeout 400 "${QEMU[@]}" "$@" -accel tcg -m 1024 -nodefaults -display none \
    -serial "file:$name.raw" -no-reboot \
    -drive "if=pflash,format=raw,unit=0,readonly=on,file=$code" \
    -drive "if=pflash,format=raw,unit=1,file=$name.vars" \
    -chardev "socket,id=tpm,path=$state/socket" \
    -tpmdev emulator,id=tpm,chardev=tpm -device tpm-tis,tpmdev=tpm \
    -drive "if=none,id=disk,file=$name.disk,format=raw,readonly=on" \
    -device virtio-blk-pci,drive=disk,addr=1.0 </dev/null || true
  wait
  tr -d '\r' <"$name.raw" >"$name.console"
  grep -aE '^pcr[0-9]+\.sha' "$name.console" | tr '[:upper:]' '[:lower:]' >"$name.pcrs" || true
  sed -n '/^log: begin/,/^log: end/p' "$name.console" | grep -v '^log:' |
    base64 -d >"$name.log" || true
}

# measure NAME VARS predicts the boot of NAME.
measure() {
  "$TALLY" measure tpm --uki "$SCRATCH/$1.uki" --vars "$2" --disk "$SCRATCH/$1.disk" \
    --boot-disk-pci 1.0 --bank sha256,sha384 --rtmrs >"$SCRATCH/$1.predicted"
}

# compare NAME TITLE : every predicted PCR is the TPM's, and these are predicted.
compare() {
  local name=$SCRATCH/$1 pcr missing=()
  for pcr in 1 2 3 4 5 6 7 8 9 11 12 13 14 15; do
    grep -qx "pcr$pcr.source=predicted" "$name.predicted" || missing+=("$pcr")
  done
  grep -E '^pcr[0-9]+\.sha' "$name.predicted" >"$name.expected"
  if ((${#missing[@]})); then
    fail "$2: not predicted: PCR ${missing[*]}"
  elif grep -vxF -f "$name.pcrs" "$name.expected" >"$name.wrong"; then
    fail "$2: the TPM has not:"
    sed 's/^/  | /' "$name.wrong"
    tail -n 5 "$name.console" | sed 's/^/  | /'
  else
    pass "$2: $(wc -l <"$name.expected") predicted PCRs are the TPM's"
  fi
}

# compare_rtmrs NAME TITLE folds the log's SHA-384 digests by the table of UEFI 2.10,
# section 38.4.1, without tally.
compare_rtmrs() {
  local name=$SCRATCH/$1
  /usr/bin/python3 - "$name.log" >"$name.rtmrs" <<'PYTHON'
import hashlib, struct, sys

SIZES = {4: 20, 11: 32, 12: 48, 13: 64}
log = open(sys.argv[1], "rb").read()
at = 32 + struct.unpack_from("<I", log, 28)[0]
rtmrs = [bytes(48)] * 3
while at < len(log):
    pcr, kind, count = struct.unpack_from("<III", log, at)
    at += 12
    for _ in range(count):
        (algorithm,) = struct.unpack_from("<H", log, at)
        digest = log[at + 2 : at + 2 + SIZES[algorithm]]
        at += 2 + SIZES[algorithm]
        # Not EV_NO_ACTION, which is logged and not measured; not PCR 0.
        if algorithm == 12 and kind != 3 and pcr != 0:
            index = 0 if pcr in (1, 7) else 1 if pcr <= 6 else 2
            rtmrs[index] = hashlib.sha384(rtmrs[index] + digest).digest()
    at += 4 + struct.unpack_from("<I", log, at)[0]
for index, value in enumerate(rtmrs):
    print(f"rtmr{index}.sha384={value.hex()}")
PYTHON
  if diff "$name.rtmrs" <(grep '^rtmr.\.sha384' "$name.predicted") >"$name.diff"; then
    pass "$2: the firmware's events, mapped to RTMRs, give the predicted RTMRs"
  else
    fail "$2: RTMRs from the firmware's log (<) and predicted (>):"
    sed 's/^/  | /' "$name.diff"
  fi
}

# check_log NAME TITLE : the log of NAME, replayed, is what its TPM has.
check_log() {
  local name=$SCRATCH/$1
  "$TALLY" eventlog "$name.log" --replay --bank sha256,sha384 >"$name.replayed" || true
  # Each PCR of the log is there; PCR 10 is the kernel's.
  if (($(wc -l <"$name.replayed") < 20)) || grep -vxF -f "$name.pcrs" "$name.replayed" \
    >"$name.wrong"; then
    fail "$2: the log, replayed, is not what the TPM has:"
    sed 's/^/  | /' "$name.wrong"
  else
    pass "$2: the log, replayed, gives $(wc -l <"$name.replayed") PCRs of the TPM"
  fi
}

# same_boot NAME TITLE ARGUMENT... : eventlog diff finds nothing.
same_boot() {
  local name=$SCRATCH/$1 title=$2
  shift 2
  if "$TALLY" eventlog diff "$name.log" "$@" >"$name.diff" 2>&1 &&
    grep -qx 'pcr9=equal (2 events)' "$name.diff" &&
    grep -qx 'pcr11=equal (8 events)' "$name.diff"; then
    pass "$title: eventlog diff finds no difference to the prediction"
  else
    fail "$title: eventlog diff finds a difference:"
    sed 's/^/  | /' "$name.diff"
  fi
}

# given_pcr0 NAME VARS : PCR 0, which cannot be predicted, from the log of NAME.
given_pcr0() {
  local name=$SCRATCH/$1
  "$TALLY" measure tpm --uki "$name.uki" --vars "$2" --pcr 0 --bank sha256,sha384 \
    --event-log "$name.log" >"$name.given" || true
  if grep -qx 'pcr0.source=given' "$name.given" &&
    (($(grep -cxF -f "$name.pcrs" "$name.given") == 2)); then
    pass "measure tpm --event-log: PCR 0 is given, and the TPM's"
  else
    fail "measure tpm --event-log: PCR 0 is not the TPM's:"
    sed 's/^/  | /' "$name.given"
  fi
}

# check_schema NAME VARS holds the JSON answer against its schema.
check_schema() {
  local tests
  tests=$(dirname -- "${BASH_SOURCE[0]}")/..
  "$TALLY" --json measure tpm --uki "$SCRATCH/$1.uki" --vars "$2" --rtmrs \
    --bank sha1,sha256,sha384,sha512 >"$SCRATCH/$1.json"
  if /usr/bin/python3 "$tests/support/validate_json_schema.py" "$tests/../docs/schemas" \
    output-measure-tpm.schema.json "$SCRATCH/$1.json" >"$SCRATCH/schema" 2>&1; then
    pass "tally measure tpm --json is what its schema says"
  else
    fail "tally measure tpm --json is not what its schema says"
    sed 's/^/  | /' "$SCRATCH/schema"
  fi
}

boot_plain() {
  make_uki "$SCRATCH/plain.uki" "$COMMAND_LINE"
  make_disk "$SCRATCH/plain.disk" "$SCRATCH/plain.uki"
  boot plain "$OVMF/OVMF_CODE_4M.fd" "$OVMF/OVMF_VARS_4M.fd"
  measure plain "$OVMF/OVMF_VARS_4M.fd"
  compare plain "Secure Boot off"
  compare_rtmrs plain "Secure Boot off"
  check_log plain "Secure Boot off"
  same_boot plain "Secure Boot off" --uki "$SCRATCH/plain.uki" \
    --vars "$OVMF/OVMF_VARS_4M.fd" --disk "$SCRATCH/plain.disk" --boot-disk-pci 1.0
  given_pcr0 plain "$OVMF/OVMF_VARS_4M.fd"
  check_schema plain "$OVMF/OVMF_VARS_4M.fd"
}

boot_secure() {
  openssl rsa -in "$KEYS.key" -passin pass:snakeoil -out "$SCRATCH/key" 2>/dev/null
  sbsign --key "$SCRATCH/key" --cert "$KEYS.pem" --output "$SCRATCH/secure.uki" \
    "$SCRATCH/plain.uki" 2>/dev/null
  make_disk "$SCRATCH/secure.disk" "$SCRATCH/secure.uki"
  boot secure "$OVMF/OVMF_CODE_4M.secboot.fd" "$OVMF/OVMF_VARS_4M.snakeoil.fd" \
    -machine smm=on -global driver=cfi.pflash01,property=secure,value=on
  measure secure "$OVMF/OVMF_VARS_4M.snakeoil.fd"
  compare secure "Secure Boot on"
  compare_rtmrs secure "Secure Boot on"
}

# The changed boot, against the prediction of the one without the change.
boot_changed() {
  local name=$SCRATCH/changed status=0
  make_uki "$name.uki" "${COMMAND_LINE/panic=1/panic=2}"
  make_disk "$name.disk" "$name.uki"
  boot changed "$OVMF/OVMF_CODE_4M.fd" "$OVMF/OVMF_VARS_4M.fd"
  if grep -vxF -f "$name.pcrs" "$SCRATCH/plain.expected" | grep -q '^pcr11.sha256'; then
    pass "one byte of the command line changed: PCR 11 is another"
  else
    fail "one byte of the command line changed: PCR 11 is the same"
  fi
  "$TALLY" eventlog diff "$name.log" --uki "$SCRATCH/plain.uki" \
    --vars "$OVMF/OVMF_VARS_4M.fd" --disk "$name.disk" --boot-disk-pci 1.0 \
    >"$name.diff" 2>&1 || status=$?
  # Name and content of .linux and .osrel, and the name of .cmdline are the same.
  if ((status == 1)) && grep -qx 'pcr11=different, after 5 same events' "$name.diff" &&
    grep -qx "  differs EV_IPL  '.cmdline'" "$name.diff" &&
    grep -q '^pcr9=different' "$name.diff" && grep -q '^pcr5=equal' "$name.diff"; then
    pass "eventlog diff names the command line"
  else
    fail "eventlog diff does not name the command line (status $status):"
    sed 's/^/  | /' "$name.diff"
  fi
}

# compare_published NAME : what the release publishes of this machine is the TPM's.
compare_published() {
  local name=$SCRATCH/$1
  /usr/bin/python3 - "$ARTIFACTS/../measurements.json" >"$name.published" <<'PYTHON'
import json, sys

for target in json.load(open(sys.argv[1]))["targets"]:
    if target["name"] != "tpm":
        continue
    for name, register in target["registers"].items():
        if register["status"] == "predicted":
            print(f"{name}.{register['algorithm']}={register['value']}")
PYTHON
  if [[ ! -s $name.published ]] || grep -vxF -f "$name.pcrs" "$name.published" \
    >"$name.wrong"; then
    fail "measurements.json: the TPM has not:"
    sed 's/^/  | /' "$name.wrong"
  else
    pass "measurements.json: $(wc -l <"$name.published") published PCRs are the TPM's"
  fi
}

# The release's own disk; its payload prints PCRs and log in its own words.
boot_release() {
  local name=$SCRATCH/release
  if [[ ! -e $ARTIFACTS/uki.efi ]] || ! grep -q 'uki-cvm' "$ARTIFACTS/../manifest.yaml"; then
    skip "the release is not uki-cvm"
    return
  fi
  ln -s -- "$ARTIFACTS/disk.img" "$name.disk"
  boot release "$ARTIFACTS/firmware.fd" "$ARTIFACTS/firmware-vars.fd"
  sed -En 's/^uki-cvm: (sha[0-9]+) ([0-9]+) ([0-9A-F]+)$/pcr\2.\1=\L\3/p' \
    "$name.console" >"$name.pcrs"
  sed -n '/event log begins/,/event log ends/p' "$name.console" | grep -v 'event log' |
    base64 -d >"$name.log" || true
  "$TALLY" measure tpm --disk "$name.disk" --vars "$ARTIFACTS/firmware-vars.fd" \
    --boot-disk-pci 1.0 --bank sha256,sha384 --rtmrs >"$name.predicted"
  compare release "the release"
  compare_rtmrs release "the release"
  compare_published release
  check_log release "the release"
  same_boot release "the release" "$ARTIFACTS/.."
}

# match NAME OPTION... asks whether the quote of a machine that booted as the log of
# NAME says is of this release; the answer is in NAME.match. PCR 0 cannot be
# predicted, PCR 10 is the kernel's.
match() {
  local name=$SCRATCH/$1
  shift
  rm -rf -- "$name.quote"
  "${BASH_SOURCE[0]%/*}/quote.sh" "$name.log" 0123456789abcdef "$name.quote"
  cat >"$SCRATCH/policy.yaml" <<'YAML'
tally_policy: 1
require_nonce: true
registers:
  pcr0: {use: replayed, reason: the firmware is the distribution's}
  pcr10: {use: ignored, reason: IMA measures while the system runs}
YAML
  "$TALLY" match "$name.quote" "$ARTIFACTS/.." --collateral "$name.quote/ak.pub" \
    --nonce 0123456789abcdef --policy "$SCRATCH/policy.yaml" "$@" >"$name.match" 2>&1
}

# match_release: the boot of the release is a yes, another boot is a no that names
# the event at which it parted.
match_release() {
  local status=0
  if [[ ! -s $SCRATCH/release.log ]]; then return; fi
  match release --explain || status=$?
  if ((status == 77)); then
    skip "match: $(cat "$SCRATCH/release.match")"
    return
  fi
  if ((status == 0)) && grep -q '^matches  uki-cvm .* target tpm' "$SCRATCH/release.match"; then
    pass "tally match: a quote of the release's boot matches"
  else
    fail "tally match: a quote of the release's boot (status $status):"
    sed 's/^/  | /' "$SCRATCH/release.match"
  fi
  status=0
  match plain || status=$?
  if ((status == 1)) && grep -q '^  first difference  pcr' "$SCRATCH/plain.match"; then
    pass "tally match: another boot does not, $(sed -n 's/^  first difference  //p' \
      "$SCRATCH/plain.match" | cut -c1-60)…"
  else
    fail "tally match: a quote of another boot (status $status):"
    sed 's/^/  | /' "$SCRATCH/plain.match"
  fi
}

main() {
  if (($# != 2)); then
    printf 'usage: %s TALLY RELEASE\n' "${0##*/}" >&2
    exit 2
  fi
  TALLY=$(realpath -e -- "$1")
  release "$2"
  need
  make_initrd
  boot_plain
  boot_secure
  boot_changed
  boot_release
  match_release
  finish
}

main "$@"
