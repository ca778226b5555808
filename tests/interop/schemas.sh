#!/usr/bin/env bash
# usage: schemas.sh TALLY RELEASE [STORE]
#
# Holds a release's JSON files and what each command prints with --json against
# docs/schemas, and its SBOMs against the schemas of CycloneDX and SPDX, with
# Python's jsonschema. Nothing here uses the network, and the release is not changed.
set -euo pipefail
HERE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
source "$HERE/../repro/lib.sh"

SCHEMAS=$HERE/../../docs/schemas

validate() {
  /usr/bin/python3 "$HERE/../support/validate_json_schema.py" "$SCHEMAS" \
    "$1.schema.json" "$2"
}

show_log() { head -n 5 "$SCRATCH/log" | sed 's/^/  | /'; }

# valid NAME SCHEMA DOCUMENT
valid() {
  if validate "$2" "$3" >"$SCRATCH/log" 2>&1; then
    pass "$1 is what $2.schema.json says"
  else
    fail "$1 is not what $2.schema.json says"
    show_log
  fi
}

# refused SCHEMA DOCUMENT EDIT FAULT: after the edit, a Python statement about
# `document`, the validator reports the fault.
refused() {
  local schema=$1 document=$2 edit=$3 fault=$4 status=0
  /usr/bin/python3 -c '
import json, sys
document = json.load(open(sys.argv[1], encoding="utf-8"))
exec(sys.argv[2])
json.dump(document, open(sys.argv[3], "w", encoding="utf-8"))
' "$document" "$edit" "$SCRATCH/broken.json"
  validate "$schema" "$SCRATCH/broken.json" >"$SCRATCH/log" 2>&1 || status=$?
  if ((status == 1)) && grep -qF -- "$fault" "$SCRATCH/log"; then
    pass "$schema.schema.json refuses: $edit"
  else
    fail "$schema.schema.json does not refuse: $edit"
    show_log
  fi
}

# output NAME SCHEMA ARGUMENT... validates what a command prints.
output() {
  local name=$1 schema=$2 document=$SCRATCH/$2.json
  shift 2
  if ! "$TALLY" --json "$@" >"$document" 2>"$SCRATCH/log"; then
    fail "tally $name fails"
    show_log
    return 0
  fi
  valid "tally $name --json" "$schema" "$document"
  # A schema with two answers names neither: it shows the document.
  local fault="Additional properties are not allowed ('other' was unexpected)"
  if grep -q '"oneOf": \[' "$SCHEMAS/$schema.schema.json"; then
    fault=": {'"
  fi
  refused "$schema" "$document" 'document["other"] = 1' "$fault"
}

# answer_no NAME SCHEMA ARGUMENT... validates what a command prints for "no".
answer_no() {
  local name=$1 schema=$2 document=$SCRATCH/$2-no.json status=0
  shift 2
  "$TALLY" --json "$@" >"$document" 2>"$SCRATCH/log" || status=$?
  if ((status == 1)); then
    valid "tally $name --json, answering no" "$schema" "$document"
  else
    fail "tally $name has status $status, expected 1"
    show_log
  fi
}

# schemas_are_schemas: each is draft-07, and its $id is its file name.
schemas_are_schemas() {
  if /usr/bin/python3 - "$SCHEMAS" >"$SCRATCH/log" 2>&1 <<'PYTHON'; then
import json, pathlib, sys
import jsonschema
paths = sorted(pathlib.Path(sys.argv[1]).glob("*.schema.json"))
assert paths, "no schemas"
for path in paths:
    schema = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#", path
    assert schema["$id"] == "https://tallystick.dev/schemas/" + path.name, path
PYTHON
    pass "the schemas are draft-07 and have their names as \$id"
  else
    fail "a schema is not draft-07, or has another name as \$id"
    show_log
  fi
}

release_files() {
  local name
  for name in release measurements files run; do
    valid "$name.json" "$name" "$RELEASE/$name.json"
  done
}

# sboms: their makers' schemas are test vectors, which not everybody has.
sboms() {
  local official=${TALLY_VECTORS:-$HERE/../../../shared/vectors}/signing/schemas
  local name schema
  for name in sbom.cdx.json:cyclonedx-bom-1.6 sbom.spdx.json:spdx-2.3; do
    schema=${name#*:}
    name=${name%:*}
    if [[ ! -e $official/$schema.schema.json ]]; then
      skip "$name: there is no $schema.schema.json"
      continue
    fi
    SCHEMAS=$official valid "$name" "$schema" "$RELEASE/$name"
    SCHEMAS=$official refused "$schema" "$RELEASE/$name" \
      'document["other"] = 1' "other"
  done
}

broken_files() {
  refused release "$RELEASE/release.json" \
    'del document["lock_sha256"]' "'lock_sha256' is a required property"
  refused release "$RELEASE/release.json" \
    'document["lock_sha256"] = "A" * 64' "lock_sha256: "
  refused release "$RELEASE/release.json" \
    'document["files"][0]["name"] = "../x"' "files/0/name: "
  refused files "$RELEASE/files.json" \
    'document["root"][0]["size"] = 1' "root/0/size: 1 is not of type 'null'"
  refused run "$RELEASE/run.json" \
    'document["finished"] = "2026-01-01"' "finished: "
  refused measurements "$RELEASE/measurements.json" \
    'document["other"] = 1' "'other' was unexpected"
}

# broken_target: the keys of a target are those of its platform.
broken_target() {
  if [[ $(/usr/bin/python3 -c '
import json, sys
print(len(json.load(open(sys.argv[1]))["targets"]))' "$RELEASE/measurements.json") == 0 ]]; then
    skip "measurements.schema.json: the release has no targets"
    return 0
  fi
  refused measurements "$RELEASE/measurements.json" \
    'document["targets"][0]["coverage"]["other"] = None' "'other' does not match any of the regexes"
  refused measurements "$RELEASE/measurements.json" \
    'next(iter(document["targets"][0]["registers"].values()))["value"] = "00"' \
    "'00' does not match"
}

# igvm_outputs FIRMWARE: a file of it is built, measured, signed, and bared again.
igvm_outputs() {
  local file=$SCRATCH/guest.igvm
  output "igvm build" output-igvm-build igvm build --ovmf "$1" --vcpus 1,2 \
    --vcpu-type EPYC-v4 -o "$file"
  output "measure igvm" output-measure-igvm measure igvm "$file" \
    --platform sev-snp --check-kvm
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 \
    -out "$SCRATCH/id-key.pem" 2>/dev/null
  output "id-block create" output-id-block-create id-block create \
    --id-key "$SCRATCH/id-key.pem" --author-key "$SCRATCH/id-key.pem" \
    -o "$SCRATCH/id" \
    --measurement "$("$TALLY" measure igvm "$file" --platform sev-snp)"
  output "id-block verify" output-id-block-verify id-block verify "$SCRATCH/id"
  answer_no "id-block verify" output-id-block-verify id-block verify "$SCRATCH/id" \
    --measurement "$(printf '%096d' 1)"
  output "id-block attach" output-id-block-attach id-block attach "$file" \
    "$SCRATCH/id" -o "$SCRATCH/signed.igvm"
  output "measure igvm (ID block)" output-measure-igvm measure igvm \
    "$SCRATCH/signed.igvm" --platform sev-snp
  output "id-block detach" output-id-block-attach id-block detach \
    "$SCRATCH/signed.igvm" -o "$SCRATCH/bare.igvm"
  if cmp -s -- "$file" "$SCRATCH/bare.igvm"; then
    pass "id-block detach gives back what attach was given"
  else
    fail "id-block detach gives other bytes than attach was given"
  fi
}

# make_log FILE ACTION writes a log of one extension of PCR 4.
make_log() {
  /usr/bin/python3 - "$1" "$2" <<'PYTHON'
import hashlib, struct, sys

action = sys.argv[2].encode()
spec_id = b"Spec ID Event03\0" + struct.pack("<IBBBBIHHB", 0, 0, 2, 0, 2, 1, 11, 32, 0)
with open(sys.argv[1], "wb") as log:
    log.write(struct.pack("<II20xI", 0, 3, len(spec_id)) + spec_id)
    log.write(struct.pack("<IIIH", 4, 0x80000007, 1, 11))
    log.write(hashlib.sha256(action).digest() + struct.pack("<I", len(action)) + action)
PYTHON
}

eventlog_outputs() {
  make_log "$SCRATCH/log-a" Calling
  make_log "$SCRATCH/log-b" Returning
  output "eventlog" output-eventlog eventlog "$SCRATCH/log-a"
  output "eventlog --replay" output-eventlog eventlog "$SCRATCH/log-a" --replay
  output "eventlog diff" output-eventlog-diff eventlog diff "$SCRATCH/log-a" "$SCRATCH/log-a"
  answer_no "eventlog diff" output-eventlog-diff eventlog diff "$SCRATCH/log-a" "$SCRATCH/log-b"
}

why_tdx_outputs() {
  local artifacts=$RELEASE/artifacts launch rtmr2
  if [[ ! -e $artifacts/kernel || ! -e $artifacts/initrd ]]; then
    skip "tally why tdx: the release has no kernel and initrd"
    return 0
  fi
  launch=(--memory 4G --qemu-version 10.2 --kernel "$artifacts/kernel" --cmdline quiet)
  rtmr2=$("$TALLY" measure tdx --runtime-only "${launch[@]}" | sed -n 's/^rtmr2=//p')
  output "why tdx" output-why-tdx why tdx "${launch[@]}" --initrd "$artifacts/initrd" \
    --expected "rtmr2=$rtmr2"
  answer_no "why tdx" output-why-tdx why tdx "${launch[@]}" \
    --expected "rtmr2=$(printf '%096d' 1)"
}

measure_outputs() {
  local artifacts=$RELEASE/artifacts vmm
  if [[ -e $artifacts/firmware.fd ]]; then
    for vmm in qemu ec2 gce; do
      output "measure snp ($vmm)" output-measure-snp measure snp --vmm "$vmm" \
        --ovmf "$artifacts/firmware.fd" --vcpus 1,2 --vcpu-type EPYC-v4
    done
    output "measure seves" output-measure-snp measure seves \
      --ovmf "$artifacts/firmware.fd" --vcpus 1,2 --vcpu-type EPYC-v4
    output "measure sev" output-measure-snp measure sev \
      --ovmf "$artifacts/firmware.fd"
    output "measure snp:ovmf-hash" output-measure-ovmf-hash measure snp:ovmf-hash \
      --ovmf "$artifacts/firmware.fd"
    answer_no "why snp" output-why-snp why snp --max-vcpus 2 \
      --ovmf "$artifacts/firmware.fd" --vcpus 1 --vcpu-type EPYC-v4 \
      --expected "$(printf '%096d' 1)"
    output "why snp" output-why-snp why snp \
      --ovmf "$artifacts/firmware.fd" --vcpus 1 --vcpu-type EPYC-v4 \
      --expected "$("$TALLY" measure snp --ovmf "$artifacts/firmware.fd" \
        --vcpus 3 --vcpu-type EPYC-v4 2> /dev/null)"
    igvm_outputs "$artifacts/firmware.fd"
  else
    skip "tally measure snp: the release has no firmware.fd"
  fi
  if [[ -e $artifacts/image.eif ]]; then
    output "measure nitro" output-measure-nitro measure nitro \
      "$artifacts/image.eif"
  else
    skip "tally measure nitro: the release has no image.eif"
  fi
  output "measure nitro (signed)" output-measure-nitro measure nitro \
    "$HERE/../vectors/nitro/signed.eif"
  refused output-measure-nitro "$SCRATCH/output-measure-nitro.json" \
    'del document["registers"]["PCR8"]' "'PCR8' is a required property"
}

# build_outputs builds from a copy of the release's own inputs, and signs that.
build_outputs() {
  local project=$SCRATCH/project out=$SCRATCH/out
  mkdir "$project"
  cp -- "$RELEASE/manifest.yaml" "$RELEASE/lock.yaml" "$project/"
  if [[ -d $RELEASE/sources ]]; then cp -r -- "$RELEASE/sources/." "$project/"; fi
  output build output-build build "$project/manifest.yaml" -o "$out" \
    --store "$STORE"
  output check output-check check "$project/manifest.yaml" --store "$STORE"
  output "lock --diff" output-lock-diff lock --diff "$RELEASE/lock.yaml" \
    "$project/manifest.yaml"
  sed 's/^\(    size: [0-9]*\)$/\10/' "$RELEASE/lock.yaml" >"$SCRATCH/old.yaml"
  answer_no "lock --diff" output-lock-diff lock --diff "$SCRATCH/old.yaml" \
    "$project/manifest.yaml"
  output "bundle export" output-bundle-export bundle export \
    "$project/manifest.yaml" -o "$SCRATCH/bundle.tar" --no-evidence \
    --store "$STORE"
  output "bundle import" output-bundle-import bundle import \
    "$SCRATCH/bundle.tar" -o "$SCRATCH/imported" --store "$SCRATCH/store"
  output keygen output-keygen keygen "$SCRATCH/key.pem"
  output sign output-sign sign "$out" --key "$SCRATCH/key.pem"
  output verify output-verify verify "$out" --key "$SCRATCH/key.pub"
  printf '# more\n' >>"$out/manifest.yaml"
  answer_no verify output-verify verify "$out" --key "$SCRATCH/key.pub"
}

# lock_output: without a network, only an archive with a file:// mirror locks.
lock_output() {
  if "$TALLY" lock --offline --store "$STORE" "$SCRATCH/project/manifest.yaml" \
    >"$SCRATCH/log" 2>&1; then
    output lock output-lock lock --offline --store "$STORE" \
      "$SCRATCH/project/manifest.yaml"
  else
    skip "tally lock --json: it needs the network"
  fi
}

# store_outputs looks after a store of its own: one file, and a damaged one.
store_outputs() {
  local store=$SCRATCH/store digest
  digest=$(printf 'hello' | sha256sum | cut -d' ' -f1)
  mkdir -p "$store/sha256/${digest:0:2}" "$store/partial"
  printf 'hello' >"$store/sha256/${digest:0:2}/$digest"
  printf 'hal' >"$store/partial/half"
  output "store list" output-store-list store list --store "$store"
  output "store verify" output-store-verify store verify --store "$store"
  output "store gc" output-store-gc store gc --dry-run --keep "$RELEASE" \
    --store "$store"
  printf 'hallo' >"$store/sha256/${digest:0:2}/$digest"
  answer_no "store verify" output-store-verify store verify --store "$store"
}

main() {
  if (($# < 2 || $# > 3)); then
    printf 'usage: %s TALLY RELEASE [STORE]\n' "${0##*/}" >&2
    exit 2
  fi
  TALLY=$(realpath -e -- "$1")
  RELEASE=$(realpath -e -- "$2")
  STORE=$(realpath -m -- "${3:-${XDG_CACHE_HOME:-${HOME:-/}/.cache}/tally/store}")
  SCRATCH=$(mktemp -d)
  trap 'rm -rf -- "$SCRATCH"' EXIT
  if ! /usr/bin/python3 -c 'import jsonschema' 2>/dev/null; then
    skip "JSON schemas: python3-jsonschema is not installed"
    finish
  fi

  schemas_are_schemas
  release_files
  sboms
  broken_files
  broken_target
  output fetch output-fetch fetch --offline --store "$STORE" "$RELEASE"
  output rebuild output-rebuild rebuild "$RELEASE" --store "$STORE"
  cp -r -- "$RELEASE" "$SCRATCH/changed"
  printf '# more\n' >>"$SCRATCH/changed/manifest.yaml"
  answer_no rebuild output-rebuild rebuild "$SCRATCH/changed" --store "$STORE"
  measure_outputs
  eventlog_outputs
  why_tdx_outputs
  build_outputs
  lock_output
  store_outputs
  finish
}

main "$@"
