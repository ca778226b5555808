#!/usr/bin/env bash
# usage: systemd_measure.sh TALLY RELEASE
#
# Whether `tally measure tpm` says of PCR 11 what systemd-measure says: in all
# banks and after each phase of the boot, of the release's unified kernel image
# and of the same with every other section that systemd-measure knows.
# SYSTEMD_MEASURE names the program; the default is the installed one. Where
# ukify is installed (UKIFY names it), an image that it makes of STUB, which must be
# of its own version, is compared as well.
#
# Exit status 1 if there is a difference, 77 if something is missing, with its
# name in the last line.
set -euo pipefail
export LC_ALL=C

readonly BANKS=(sha1 sha256 sha384 sha512)
readonly PHASES=('' enter-initrd enter-initrd:leave-initrd
  enter-initrd:leave-initrd:sysinit enter-initrd:leave-initrd:sysinit:ready)
# Those that are measured as they are, in every version that knows them; of
# .dtbauto, .hwids and .efifw the stub measures what fits the machine.
readonly SECTIONS=(linux osrel cmdline initrd ucode splash dtb uname sbat pcrpkey)
STUB=${STUB:-/usr/lib/systemd/boot/efi/linuxx64.efi.stub}

skip() {
  printf '%s\n' "$1"
  exit 77
}

# sections IMAGE DIR writes the content of each section into DIR. It reads the PE
# headers by itself.
sections() {
  mkdir -p -- "$2"
  /usr/bin/python3 - "$1" "$2" "${SECTIONS[@]}" <<'PYTHON'
import pathlib, struct, sys

image = pathlib.Path(sys.argv[1]).read_bytes()
pe = struct.unpack_from("<I", image, 0x3C)[0]
count, optional = (struct.unpack_from("<H", image, pe + at)[0] for at in (6, 20))
for i in range(count):
    at = pe + 24 + optional + 40 * i
    name = image[at : at + 8].rstrip(b"\0").decode().lstrip(".")
    size, _, _, offset = struct.unpack_from("<IIII", image, at + 8)
    if name in sys.argv[3:]:
        (pathlib.Path(sys.argv[2]) / name).write_bytes(image[offset : offset + size])
PYTHON
}

# theirs DIR PHASES prints "11:sha256=…" for each bank, of the sections in DIR that
# the program knows.
theirs() {
  local section args=()
  for section in "${SECTIONS[@]}"; do
    [[ -e $1/$section ]] || continue
    if [[ $HELP == *"--$section="* ]]; then args+=("--$section=$1/$section"); fi
  done
  if ! "$PROGRAM" calculate --phase="${2:-:}" "${BANKS[@]/#/--bank=}" "${args[@]}" \
    >"$WORK/answer" 2>"$WORK/messages"; then
    cat -- "$WORK/messages" >&2
    return 1
  fi
  grep '^11:' "$WORK/answer"
}

# ours IMAGE PHASES
ours() {
  "$TALLY" measure tpm --uki "$1" --stub-version "$VERSION" --pcr 11 \
    --bank "$(IFS=,; printf '%s' "${BANKS[*]}")" ${2:+--phase "$2"} |
    sed -n 's/^pcr11\.\(sha[0-9]*\)=/11:\1=/p'
}

# compare TITLE IMAGE
compare() {
  local phases
  sections "$2" "$WORK/sections"
  for phases in "${PHASES[@]}"; do
    ours "$2" "$phases" >"$WORK/ours"
    theirs "$WORK/sections" "$phases" >"$WORK/theirs"
    if (($(wc -l <"$WORK/ours") != ${#BANKS[@]})) ||
      ! diff "$WORK/theirs" "$WORK/ours" >"$WORK/diff"; then
      printf 'failed: %s, phases "%s": systemd-measure (<) and tally (>)\n' "$1" "$phases"
      sed 's/^/  | /' "$WORK/diff"
      FAILED=1
      return 0
    fi
  done
  printf 'ok: %s: PCR 11 is that of systemd-measure %s, in %d banks and %d phases\n' \
    "$1" "$VERSION" "${#BANKS[@]}" "${#PHASES[@]}"
  rm -r -- "$WORK/sections"
}

# with_all_sections IMAGE OUTPUT adds those that the image has not.
with_all_sections() {
  local section args=() address
  sections "$1" "$WORK/there"
  address=$((($(stat -c %s "$1") * 2 + 0xffff) & ~0xffff))
  for section in "${SECTIONS[@]}"; do
    if [[ -e $WORK/there/$section ]]; then continue; fi
    printf 'what is in %s\n' "$section" >"$WORK/$section"
    args+=(--add-section ".$section=$WORK/$section"
      --change-section-vma ".$section=$address")
    address=$((address + 0x1000))
  done
  objcopy "${args[@]}" "$1" "$2"
}

# ukify_image OUTPUT has ukify make an image of the release's files.
ukify_image() {
  printf 'ID=tally-test\n' >"$WORK/os-release"
  "$UKIFY" build --stub="$STUB" --linux="$ARTIFACTS/kernel" --initrd="$ARTIFACTS/initrd" \
    --cmdline="@$ARTIFACTS/cmdline" --os-release="@$WORK/os-release" --uname=6.12 \
    --output="$1" >"$WORK/ukify.log"
}

main() {
  if (($# != 2)); then
    sed -n '2s/^# //p' -- "${BASH_SOURCE[0]}" >&2
    exit 2
  fi
  TALLY=$(realpath -e -- "$1") ARTIFACTS=$(realpath -e -- "$2")/artifacts
  PROGRAM=${SYSTEMD_MEASURE:-/usr/lib/systemd/systemd-measure}
  [[ -x $PROGRAM ]] || skip "not installed: $PROGRAM"
  command -v objcopy >/dev/null || skip "not installed: objcopy"
  HELP=$("$PROGRAM" --help)
  VERSION=$("$PROGRAM" --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
  WORK=$(mktemp -d)
  trap 'rm -rf -- "$WORK"' EXIT
  FAILED=0

  compare "the release" "$ARTIFACTS/uki.efi"
  with_all_sections "$ARTIFACTS/uki.efi" "$WORK/all.efi"
  compare "all sections" "$WORK/all.efi"
  UKIFY=${UKIFY:-$(command -v ukify || true)}
  if [[ -n $UKIFY && -e $STUB ]]; then
    ukify_image "$WORK/ukify.efi"
    compare "an image of ukify" "$WORK/ukify.efi"
  fi
  return "$FAILED"
}

main "$@"
