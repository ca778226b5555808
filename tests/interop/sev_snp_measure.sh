#!/usr/bin/env bash
# usage: sev_snp_measure.sh TALLY
#
# Whether `tally measure` prints what virtee's sev-snp-measure prints for the
# same command line. That program is not part of this project: SEV_SNP_MEASURE
# names it, or it is on PATH; without it, only what QEMU says of its processor
# models is compared.
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/../repro/lib.sh"

readonly DEBIAN_OVMF=/usr/share/ovmf/OVMF.fd
readonly GENOA=0xa10f10

# make_inputs writes synthetic images: what a launch reads of them, in pages of
# pseudo-random bytes.
make_inputs() {
  (cd -- "$SCRATCH" && python3 -) <<'PYTHON'
import hashlib, pathlib, struct, uuid

RESET_VECTOR_BYTES = 32
FOOTER = "96b582de-1fb2-45f7-baea-a366c55a082d"
METADATA = "dc886566-984a-4798-a75e-5585a7bf67cc"
HASHES = "7255371f-3a3b-4b04-927b-1da6efa8d454"
SEV_ES_RESET = "00f771de-1a7e-4fcb-890e-68c77e2fb44e"
SVSM_INFO = "a789a612-0597-4c4b-a49f-cbb1fe9d1ddd"
SEC_MEM, SECRETS, CPUID, SVSM_CAA, KERNEL_HASHES = 1, 2, 3, 4, 0x10

def entry(guid, data):
    return data + struct.pack("<H", len(data) + 18) + uuid.UUID(guid).bytes_le

def image(name, pages, sections, entries):
    table = b"".join(entry(guid, data) for guid, data in entries)
    metadata = b"ASEV" + struct.pack("<III", 16 + 12 * len(sections), 1, len(sections))
    metadata += b"".join(struct.pack("<III", *section) for section in sections)
    if sections:
        # After it: this entry, the others, the footer, the reset vector.
        behind = len(metadata) + 22 + len(table) + 18 + RESET_VECTOR_BYTES
        table = entry(METADATA, struct.pack("<I", behind)) + table
    size = len(table) + 18
    footer = struct.pack("<H", size) + uuid.UUID(FOOTER).bytes_le
    end = metadata * bool(sections) + table + footer + b"\x90" * RESET_VECTOR_BYTES
    filler = hashlib.shake_256(name.encode()).digest(pages * 4096 - len(end))
    pathlib.Path(name).write_bytes(filler + end)

reset = (SEV_ES_RESET, struct.pack("<I", 0x0080B004))
hashes = (HASHES, struct.pack("<II", 0x810C00, 0x400))
image("full.fd", 16, [
    (0x800000, 0x9000, SEC_MEM), (0x80A000, 0x3000, SEC_MEM),
    (0x80D000, 0x1000, SECRETS), (0x80E000, 0x1000, CPUID),
    (0x80F000, 0x1000, SVSM_CAA), (0x810000, 0x1000, KERNEL_HASHES),
    (0x811000, 0xF000, SEC_MEM)], [reset, hashes])
# The same kinds in another order, the hashes at the beginning of their page.
image("order.fd", 3, [
    (0x820000, 0x1000, KERNEL_HASHES), (0x80E000, 0x1000, CPUID),
    (0x80D000, 0x1000, SECRETS), (0x800000, 0x1000, SEC_MEM)],
    [(HASHES, struct.pack("<II", 0x820000, 0x400)),
     (SEV_ES_RESET, struct.pack("<I", 0xFFFFB004))])
image("no-hashes.fd", 2, [
    (0x800000, 0x2000, SEC_MEM), (0x80D000, 0x1000, SECRETS),
    (0x80E000, 0x1000, CPUID)], [reset])
image("svsm.bin", 5, [
    (0x2000, 0x2000, SEC_MEM), (0x4000, 0x1000, SECRETS),
    (0x5000, 0x1000, CPUID)], [(SVSM_INFO, struct.pack("<I", 0x1234))])
pathlib.Path("any.bin").write_bytes(hashlib.shake_256(b"any").digest(5000))
pathlib.Path("vars.fd").write_bytes(bytes(0x84000))
for name in ("kernel", "initrd"):
    pathlib.Path(name).write_bytes(hashlib.shake_256(name.encode()).digest(70001))
PYTHON
}

# same_digest OPTION... : both print the same, or both refuse. Adds to the
# verdict below.
same_digest() {
  local theirs ours
  COMPARED=$((COMPARED + 1))
  theirs=$("$PEER" "$@" 2>"$SCRATCH/their-log") || theirs=refused
  ours=$("$TALLY" measure "$@" 2>"$SCRATCH/our-log") || ours=refused
  if [[ $theirs != "$ours" ]]; then
    printf '  | %s\n  |   sev-snp-measure: %s\n  |   tally:           %s\n' \
      "$*" "$theirs" "$ours"
    tail -n 2 "$SCRATCH/their-log" "$SCRATCH/our-log" | sed 's/^/  |   /'
    DIFFERENT=$((DIFFERENT + 1))
  elif [[ $theirs == refused ]]; then
    REFUSED=$((REFUSED + 1))
  fi
}

# verdict NAME REFUSALS closes a group, of which so many are refusals of both.
verdict() {
  if ((DIFFERENT == 0 && REFUSED == $2)); then
    pass "$1 ($COMPARED command lines)"
  else
    fail "$1: of $COMPARED, $DIFFERENT differ and $REFUSED are refused, expected $2"
  fi
  COMPARED=0 DIFFERENT=0 REFUSED=0
}

# with_kernels OPTION... : every choice of a kernel's parts.
with_kernels() {
  local -a kernel=(--kernel "$SCRATCH/kernel") initrd=(--initrd "$SCRATCH/initrd")
  same_digest "$@"
  same_digest "$@" "${kernel[@]}"
  same_digest "$@" "${kernel[@]}" "${initrd[@]}"
  same_digest "$@" "${kernel[@]}" --append ""
  same_digest "$@" "${kernel[@]}" "${initrd[@]}" --append "console=ttyS0 quiet"
  same_digest "$@" "${kernel[@]}" --append $'äöü \n'
}

snp_launches() {
  local image vmm vcpus
  for image in full.fd order.fd no-hashes.fd; do
    for vmm in QEMU ec2 gce; do
      for vcpus in 1 2 3 17; do
        same_digest --mode snp --ovmf "$SCRATCH/$image" --vcpus "$vcpus" \
          --vmm-type "$vmm" --vcpu-type EPYC-Milan
      done
    done
  done
  verdict "snp: firmware, monitors, numbers of vCPUs" 0
  for image in full.fd order.fd; do
    with_kernels --mode snp --ovmf "$SCRATCH/$image" --vcpus 2 --vcpu-type EPYC-v4
  done
  verdict "snp: kernels" 0
  with_kernels --mode snp --ovmf "$SCRATCH/no-hashes.fd" --vcpus 2 --vcpu-type EPYC
  verdict "snp: kernels for a firmware that cannot check them" 5
}

snp_processors() {
  local -a launch=(--mode snp --ovmf "$SCRATCH/order.fd" --vcpus 2)
  local type value
  for type in EPYC EPYC-v{1..4} EPYC-IBPB EPYC-Rome EPYC-Rome-v{1..3} \
    EPYC-Milan EPYC-Milan-v{1..2} EPYC-Genoa EPYC-Genoa-v1 EPYC-Turin; do
    same_digest "${launch[@]}" --vcpu-type "$type"
  done
  for value in 0x800f12 8392466 0xffffffff 1; do
    same_digest "${launch[@]}" --vcpu-sig "$value"
  done
  for value in "23 1 2" "25 17 1" "26 2 1" "15 255 15" "6 15 11"; do
    read -r -a value <<<"$value"
    same_digest "${launch[@]}" --vcpu-family "${value[0]}" \
      --vcpu-model "${value[1]}" --vcpu-stepping "${value[2]}"
  done
  verdict "snp: types, signatures and families" 0
  same_digest "${launch[@]}"
  same_digest "${launch[@]}" --vcpu-type EPYC-Nowhere
  same_digest --mode snp --ovmf "$SCRATCH/order.fd" --vcpu-type EPYC
  verdict "snp: what is missing or unknown" 3
}

snp_other_options() {
  local -a launch=(--mode snp --vcpus 2 --vcpu-type EPYC-v4 --ovmf "$SCRATCH/full.fd")
  local value hash
  for value in 0x1 0x21 33 0x201 0xffffffffffffffff; do
    same_digest "${launch[@]}" --guest-features "$value"
  done
  same_digest "${launch[@]}" --output-format base64
  same_digest "--mode=snp" "${launch[@]:2}"
  same_digest "${launch[@]:2}" --mode snp
  same_digest --mode snp:ovmf-hash --ovmf "$SCRATCH/full.fd"
  same_digest --mode snp:ovmf-hash --ovmf "$SCRATCH/full.fd" --vcpus 4 \
    --vcpu-type EPYC --output-format base64 --dump-vmsa
  same_digest "${launch[@]}" --vcpu-sig 0x830f10
  same_digest "${launch[@]}" --vcpu-sig 0x830f10 --vcpu-family 25 --vcpu-model 1 \
    --vcpu-stepping 1
  same_digest "${launch[@]}" --vars-size 4096
  hash=$("$PEER" --mode snp:ovmf-hash --ovmf "$SCRATCH/order.fd")
  same_digest "${launch[@]}" --snp-ovmf-hash "$hash"
  same_digest "${launch[@]}" --snp-ovmf-hash "${hash^^}"
  verdict "snp: features, output and the firmware's hash" 0
}

svsm_launches() {
  local -a launch=(--mode snp:svsm --svsm "$SCRATCH/svsm.bin" --vcpu-type EPYC-Milan)
  local image vcpus
  for image in full.fd order.fd; do
    for vcpus in 1 2 5; do
      same_digest "${launch[@]}" --ovmf "$SCRATCH/$image" --vcpus "$vcpus" \
        --vars-size 540672
      same_digest "${launch[@]}" --ovmf "$SCRATCH/$image" --vcpus "$vcpus" \
        --vars-file "$SCRATCH/vars.fd"
    done
  done
  verdict "snp:svsm" 0
  launch+=(--ovmf "$SCRATCH/full.fd" --vcpus 1)
  same_digest "${launch[@]}"
  same_digest "${launch[@]:0:1}" snp:svsm "${launch[@]:4}"
  same_digest "${launch[@]}" --vars-size 4096 --vmm-type ec2
  same_digest "${launch[@]}" --vars-size 4096 --vars-file "$SCRATCH/vars.fd"
  same_digest "${launch[@]:0:1}" snp:svsm "${launch[@]:4}" --vars-size 4096
  verdict "snp:svsm: what is missing or does not fit" 5
}

sev_launches() {
  local vmm vcpus
  for vmm in QEMU ec2 gce; do
    for vcpus in 1 2 9; do
      same_digest --mode seves --ovmf "$SCRATCH/full.fd" --vcpus "$vcpus" \
        --vmm-type "$vmm" --vcpu-type EPYC-Rome --guest-features 0x21
    done
  done
  with_kernels --mode seves --ovmf "$SCRATCH/order.fd" --vcpus 2 --vcpu-type EPYC
  verdict "seves" 0
  with_kernels --mode sev --ovmf "$SCRATCH/full.fd"
  same_digest --mode sev --ovmf "$SCRATCH/any.bin"
  same_digest --mode sev --ovmf "$SCRATCH/full.fd" --vcpus 4 --vcpu-type EPYC
  same_digest --mode sev --ovmf "$SCRATCH/full.fd" --output-format base64
  same_digest --mode sev --ovmf "$SCRATCH/full.fd" --svsm "$SCRATCH/svsm.bin" \
    --vars-size 4096
  verdict "sev" 0
  with_kernels --mode sev --ovmf "$SCRATCH/no-hashes.fd"
  verdict "sev: kernels for a firmware that cannot check them" 5
}

debian_ovmf() {
  local vmm vcpus
  if [[ ! -f $DEBIAN_OVMF ]]; then
    skip "Debian's firmware: there is no $DEBIAN_OVMF"
    return 0
  fi
  for vmm in QEMU ec2 gce; do
    for vcpus in 1 4; do
      same_digest --mode snp --ovmf "$DEBIAN_OVMF" --vcpus "$vcpus" \
        --vmm-type "$vmm" --vcpu-type EPYC-v4
      same_digest --mode seves --ovmf "$DEBIAN_OVMF" --vcpus "$vcpus" \
        --vmm-type "$vmm" --vcpu-type EPYC-v4
    done
  done
  same_digest --mode sev --ovmf "$DEBIAN_OVMF"
  same_digest --mode snp:ovmf-hash --ovmf "$DEBIAN_OVMF"
  verdict "Debian's firmware" 0
}

vmsa_files() {
  local mode
  for mode in snp seves; do
    local -a launch=(--mode "$mode" --ovmf "$SCRATCH/full.fd" --vcpus 3
      --vcpu-type EPYC-Genoa --dump-vmsa)
    mkdir "$SCRATCH/$mode-theirs" "$SCRATCH/$mode-ours"
    if (cd "$SCRATCH/$mode-theirs" && "$PEER" "${launch[@]}") >/dev/null &&
      (cd "$SCRATCH/$mode-ours" && "$TALLY" measure "${launch[@]}" 2>/dev/null) >/dev/null &&
      diff -r "$SCRATCH/$mode-theirs" "$SCRATCH/$mode-ours"; then
      pass "$mode: --dump-vmsa writes the same files"
    else
      fail "$mode: --dump-vmsa writes the same files"
    fi
  done
}

# refuses NAME OPTION... : they print a digest that no guest reports; we refuse.
refuses() {
  local name=$1
  shift
  if ! "$PEER" "$@" >"$SCRATCH/log" 2>&1; then
    fail "$name: sev-snp-measure refuses it too"
  elif "$TALLY" measure "$@" >"$SCRATCH/log" 2>&1; then
    fail "$name: tally prints a digest"
  else
    pass "$name is refused"
  fi
}

# differences are those of docs/measurements/sev-snp.md, "Compared with
# sev-snp-measure".
differences() {
  local -a launch=(--mode snp --ovmf "$SCRATCH/full.fd" --vcpus 2)
  refuses "a kernel on EC2" "${launch[@]}" --vmm-type ec2 --kernel "$SCRATCH/kernel"
  refuses "a kernel on GCE" "${launch[@]}" --vmm-type gce --kernel "$SCRATCH/kernel"
  refuses "a kernel of an SEV-ES guest on EC2" "${launch[@]}" --mode seves \
    --vmm-type ec2 --kernel "$SCRATCH/kernel"
  refuses "an SNP guest without SNP" "${launch[@]}" --vcpu-type EPYC --guest-features 0x20
  # The signature decides where a VMSA lies on GCE; sev-snp-measure knows one place.
  launch+=(--vmm-type gce --vcpu-sig "$GENOA")
  if [[ $("$TALLY" measure "${launch[@]}" --vmsa-gpa 0xfffffffff000 2>/dev/null) == \
  $("$PEER" "${launch[@]}") ]]; then
    pass "Genoa on GCE differs in the address of the VMSA only"
  else
    fail "Genoa on GCE differs in more than the address of the VMSA"
  fi
}

# qemu_models prints "name family model stepping" of QEMU's EPYC models.
qemu_models() {
  python3 - <<'PYTHON'
import json, subprocess
COMMAND = ["qemu-system-x86_64", "-machine", "none", "-nodefaults", "-display",
           "none", "-qmp", "stdio"]

def ask(requests):
    text = "\n".join(json.dumps(request) for request in
                     [{"execute": "qmp_capabilities"}, *requests, {"execute": "quit"}])
    run = subprocess.run(COMMAND, input=text, capture_output=True, text=True,
                         check=True, timeout=60)
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    return {answer["id"]: answer["return"] for answer in answers if "id" in answer}

listed = ask([{"execute": "query-cpu-definitions", "id": "all"}])["all"]
names = sorted(m["name"] for m in listed if m["name"].startswith("EPYC"))
models = ask([{"execute": "query-cpu-model-expansion", "id": name,
               "arguments": {"type": "full", "model": {"name": name}}}
              for name in names])
for name in names:
    props = models[name]["model"]["props"]
    print(name, props["family"], props["model"], props["stepping"])
PYTHON
}

# qemu_processors: our table has every EPYC model of QEMU, with its signature.
qemu_processors() {
  local -a launch=(measure snp --ovmf "$SCRATCH/full.fd" --vcpus 1)
  local name family model stepping count=0 by_name by_numbers
  if ! command -v qemu-system-x86_64 >/dev/null; then
    skip "QEMU's processor models: qemu-system-x86_64 is not installed"
    return 0
  fi
  qemu_models >"$SCRATCH/models"
  while read -r name family model stepping; do
    count=$((count + 1))
    by_name=$("$TALLY" "${launch[@]}" --vcpu-type "$name" 2>&1) || true
    by_numbers=$("$TALLY" "${launch[@]}" --vcpu-family "$family" \
      --vcpu-model "$model" --vcpu-stepping "$stepping" 2>&1) || true
    [[ $by_name == "$by_numbers" ]] || fail "$name is family $family, model $model, stepping $stepping for QEMU"
  done <"$SCRATCH/models"
  if ((count == 0)); then
    fail "QEMU lists no EPYC model"
  else
    pass "QEMU's processor models were compared ($count)"
  fi
}

main() {
  if (($# != 1)); then
    printf 'usage: %s TALLY\n' "${0##*/}" >&2
    exit 2
  fi
  TALLY=$(realpath -e -- "$1")
  SCRATCH=$(mktemp -d)
  trap 'rm -rf -- "$SCRATCH"' EXIT
  COMPARED=0 DIFFERENT=0 REFUSED=0
  make_inputs
  qemu_processors
  PEER=${SEV_SNP_MEASURE:-$(command -v sev-snp-measure || true)}
  if [[ -z $PEER ]]; then
    skip "sev-snp-measure is not installed and SEV_SNP_MEASURE does not name it"
    finish
  fi
  snp_launches
  snp_processors
  snp_other_options
  svsm_launches
  sev_launches
  debian_ovmf
  vmsa_files
  differences
  finish
}

main "$@"
