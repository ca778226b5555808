"""usage: match_inputs.py TALLY VECTORS WORK REPORTS RELEASES

What match_time.sh measures with: WORK/reports, so many different files of genuine
SNP reports with their certificates (the padding differs), and WORK/index.json, what
`tally index` writes of so many releases. The releases' own lines are made here; that
they are what `tally` would write is held against it with a few of them.
"""
import base64
import hashlib
import json
import pathlib
import re
import struct
import subprocess
import sys
import uuid

TALLY = sys.argv[1]
VECTORS, WORK = map(pathlib.Path, sys.argv[2:4])
NUM_REPORTS, NUM_RELEASES = map(int, sys.argv[4:6])
NUM_CHECKED = 20

SAMPLES = [
    ("snp-reports/trustee/test-report.bin", "snp-reports/trustee/test-vcek.der"),
    ("snp/virtee-sev/report_milan.hex", "snp/virtee-sev/vcek_milan.der"),
    ("snp-reports/go-sev-guest/attestation.bin", "snp-reports/go-sev-guest/vcek.testcer"),
]
VCEK, ASK, ARK = (
    uuid.UUID(text).bytes
    for text in (
        "63da758d-e664-4564-adc5-f4b93be8accd",
        "4ab7b379-bbac-4fe4-a02f-05aef327c782",
        "c0b406a4-a803-4952-9743-3fb6014cd0ae",
    )
)


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def extended_report(report, certificates):
    header, bodies = b"", b""
    begin = 24 * (len(certificates) + 1)
    for guid, der in certificates:
        header += guid + struct.pack("<II", begin + len(bodies), len(der))
        bodies += der
    return report + header + bytes(24) + bodies


def write_reports():
    chain = (VECTORS / "snp-reports/go-sev-guest/ask_ark_milan.pem").read_bytes()
    blocks = re.findall(b"-----BEGIN CERTIFICATE-----(.*?)-----END", chain, re.S)
    ask, ark = map(base64.b64decode, blocks)
    evidence = []
    for name, key in SAMPLES:
        report = (VECTORS / name).read_bytes()
        if name.endswith(".hex"):
            report = bytes.fromhex(report.decode())
        certificates = [(VCEK, (VECTORS / key).read_bytes()), (ASK, ask), (ARK, ark)]
        evidence.append(extended_report(report, certificates))
    (WORK / "reports").mkdir()
    for number in range(NUM_REPORTS):
        contents = evidence[number % len(evidence)] + bytes(number)
        (WORK / "reports" / f"{number:04}").write_bytes(contents)


def value(*what):
    return hashlib.sha384(repr(what).encode()).hexdigest()


def release(number, values):
    """release.json and measurements.json of a release of one enclave."""
    registers = {
        name: {"algorithm": "sha384", "events_sha256": "0" * 64, "status": "predicted",
               "value": each}
        for name, each in values.items()
    }
    target = {"coverage": {}, "name": "nitro", "platform": "nitro", "profile": {},
              "registers": registers, "warnings": []}
    measurements = canonical({"targets": [target]}) + "\n"
    document = canonical({
        "files": [{"name": "measurements.json",
                   "sha256": hashlib.sha256(measurements.encode()).hexdigest(),
                   "size": len(measurements)}],
        "format_epoch": 2, "lock_sha256": "0" * 64, "manifest_sha256": "0" * 64,
        "name": "gateway", "tally_release": 1, "version": f"1.{number}"}) + "\n"
    return document, measurements


def lines(number, document, values):
    digest = hashlib.sha256(document.encode()).hexdigest()
    for name, each in values.items():
        yield canonical({
            "digest": each, "platform": "nitro", "register": name, "registers": len(values),
            "release": {"digest": digest, "name": "gateway", "version": f"1.{number}"},
            "target": {"name": "nitro", "profile": ""}})


def write_index(path, records):
    path.write_text("[\n" + ",\n".join(sorted(records)) + "\n]\n", encoding="utf-8")


def attested_values():
    document = str(VECTORS / "nitro/anjuna/attester_sample_prod_doc.bin")
    done = subprocess.run([TALLY, "evidence", "verify", document, "--json"],
                          capture_output=True, check=True)
    registers = json.loads(done.stdout)["registers"]
    return {r["name"]: r["value"] for r in registers if r["name"] in ("PCR0", "PCR1", "PCR2")}


def write_releases_index():
    attested = attested_values()
    records = []
    for number in range(NUM_RELEASES):
        values = attested if number == 7 else {
            name: value(number, name) for name in attested}
        document, measurements = release(number, values)
        records += lines(number, document, values)
        if number < NUM_CHECKED:
            directory = WORK / "releases" / str(number)
            directory.mkdir(parents=True)
            (directory / "release.json").write_text(document, encoding="utf-8")
            (directory / "measurements.json").write_text(measurements, encoding="utf-8")
        if number == NUM_CHECKED - 1:
            check_form(records)
    write_index(WORK / "index.json", records)


def check_form(records):
    """What is written here is what tally writes of the same releases."""
    expected, got = WORK / "expected.json", WORK / "got.json"
    write_index(got, records)
    subprocess.run([TALLY, "index", str(WORK / "releases"), "-o", str(expected)],
                   capture_output=True, check=True)
    if expected.read_bytes() != got.read_bytes():
        sys.exit(f"{sys.argv[0]}: tally index writes another form than is written here")


write_reports()
write_releases_index()
