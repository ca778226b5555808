"""usage: go_attestation.py TALLY SEV_CHECK TDX_CHECK VECTORS WORK

The comparisons of go_attestation.sh. Both tools get the same bytes. Known
differences, in which tally says no and the other yes:
- go-sev-guest has the roots in it and reads of a root that comes with the
  evidence no more than its key: it accepts one with another signature.
- go-sev-guest 0.13 does not know VCEKs whose product has no stepping.
- go-tdx-guest reads nothing behind the quote, and leaves debugging to a policy
  that is compared with one that allows it.
"""
import base64
import json
import pathlib
import re
import struct
import subprocess
import sys
import uuid

TALLY, SEV_CHECK, TDX_CHECK = sys.argv[1:4]
VECTORS, WORK = map(pathlib.Path, sys.argv[4:6])

# One bit of each byte at these distances is flipped; the unit tests flip all.
REPORT_STEP, CERTIFICATE_STEP, QUOTE_STEP = 23, 97, 61

# SEV-ES Guest-Hypervisor Communication Block, document 56421, table 8.
VCEK, VLEK, ASK, ARK = (
    uuid.UUID(text)
    for text in (
        "63da758d-e664-4564-adc5-f4b93be8accd",
        "a8074bc2-a25a-483e-aae6-39c045a0b8a1",
        "4ab7b379-bbac-4fe4-a02f-05aef327c782",
        "c0b406a4-a803-4952-9743-3fb6014cd0ae",
    )
)

# Policies of go-sev-guest: everything that a guest may permit, with and without
# debugging.
WITH_DEBUG, WITHOUT_DEBUG = 0x0F0000, 0x070000
REPORT_BYTES = 1184

differences = 0


def read(name):
    return (VECTORS / name).read_bytes()


def certificates(name):
    """The certificates of a file, in DER."""
    contents = read(name)
    if contents.startswith(b"\x30"):
        return [contents]
    blocks = re.findall(b"-----BEGIN CERTIFICATE-----(.*?)-----END", contents, re.S)
    return [base64.b64decode(block) for block in blocks]


def extended_report(report, entries):
    """A report and its certificate table."""
    header, bodies = b"", b""
    begin = 24 * (len(entries) + 1)
    for guid, der in entries:
        header += guid.bytes + struct.pack("<II", begin + len(bodies), len(der))
        bodies += der
    return report + header + bytes(24) + bodies


def run(*arguments):
    return subprocess.run(arguments, capture_output=True, check=False)


def compare(name, theirs, ours, may_be_stricter=False):
    """Compares two yeses or noes: (whether, what was said)."""
    global differences
    if theirs[0] == ours[0] or (may_be_stricter and not ours[0]):
        return
    differences += 1
    print(f"{name}: they say {theirs[1]!r}, tally {ours[1]!r}")


def answer(done):
    if done.returncode == 0:
        return True, "yes"
    lines = (done.stderr + done.stdout).decode(errors="replace").split("\n")
    return False, next((line for line in lines if "rror" in line or "FATAL" in line
                        or "could not" in line or "failed" in line), lines[0])


def ours_authentic(path):
    return answer(run(TALLY, "evidence", "verify", str(path)))


def ours_match(path, measurement, *options):
    return answer(run(TALLY, "match", str(path), "--measurement", measurement, *options))


def sev(path, product, policy, measurement=None):
    arguments = [SEV_CHECK, "-in", str(path), "-network=false", "-provisional=true",
                 "-product_name", product, "-guest_policy", str(policy)]
    if measurement:
        arguments += ["-measurement", measurement]
    return answer(run(*arguments))


def tdx(path, mrtd=None):
    arguments = [TDX_CHECK, "-in", str(path)]
    return answer(run(*arguments, *(["-mr_td", mrtd] if mrtd else [])))


def write(contents):
    path = WORK / "evidence"
    path.write_bytes(contents)
    return path


def flipped(contents, begin, end, step):
    for index in range(begin, end, step):
        changed = bytearray(contents)
        changed[index] ^= 1 << (index % 8)
        yield index, bytes(changed)


def tsm_report():
    """A report of Genoa with its certificates, as Linux's configfs-tsm has them."""
    both = json.loads(read("signing/veraison-services-sevsnp/scheme/sevsnp/test/evidence/"
                           "sevsnp-tsm-report.json"))
    return b"".join(
        base64.urlsafe_b64decode(both[name] + "==") for name in ("outblob", "auxblob"))


def snp_samples():
    go, trustee, virtee = "snp-reports/go-sev-guest/", "snp-reports/trustee/", "snp/virtee-sev/"
    ask, ark = certificates(go + "ask_ark_milan.pem")
    milan = [(ASK, ask), (ARK, ark)]
    milan_vlek = list(zip((ASK, ARK), certificates(go + "ask_ark_milan_vlek.pem")))
    genoa = list(zip((ASK, ARK), certificates(go + "ask_ark_genoa.pem")))
    report = read(trustee + "test-report.bin")
    key = certificates(trustee + "test-vcek.der")[0]

    def named(name, contents, product="Milan-B0"):
        return name, contents, product

    def of(kind, path):
        return (kind, certificates(path)[0])

    yield named("a debug guest on Milan", extended_report(
        read(go + "attestation.bin"), [of(VCEK, go + "vcek.testcer"), *milan]))
    yield named("trustee's on Milan", extended_report(report, [(VCEK, key), *milan]))
    yield named("virtee's on Milan", extended_report(
        bytes.fromhex(read(virtee + "report_milan.hex").decode()),
        [of(VCEK, virtee + "vcek_milan.der"), *milan]))
    yield named("dstack's", extended_report(
        read("snp/dstack/sev_snp_attestation.bin")[4:4 + REPORT_BYTES],
        [of(VCEK, "snp/dstack/sev_snp_vcek.pem"), *milan]))
    yield named("a VLEK that expired", extended_report(
        read(trustee + "test-vlek-report.bin"), [of(VLEK, trustee + "test-vlek.der"), *milan_vlek]))
    yield named("veraison's on Genoa", tsm_report(), "Genoa-B1")
    yield named("another chip's key", extended_report(
        report, [of(VCEK, go + "vcek.testcer"), *milan]))
    yield named("another product's chain", extended_report(report, [(VCEK, key), *genoa]))
    for changed in ("legacy", "new"):
        yield named(f"contents that nobody signed, {changed}", extended_report(
            report, [of(VCEK, f"{trustee}test-vcek-invalid-{changed}.der"), *milan]))
    yield named("truncated", extended_report(report, [(VCEK, key), *milan])[:REPORT_BYTES - 1])


def root_signature(contents):
    """Where the signature of the root is: RSA-4096, the last of the file."""
    return range(len(contents) - 512, len(contents))


def compare_snp(name, contents, product):
    path = write(contents)
    theirs = sev(path, product, WITH_DEBUG)
    if "unknown product name" not in theirs[1]:
        compare(name, theirs, ours_authentic(path))
    if not theirs[0]:
        return theirs[1], 0
    measurement = contents[0x90:0xC0].hex()
    for what, value in (("its measurement", measurement), ("another", "00" * 48)):
        compare(f"{name}, {what}", sev(path, product, WITHOUT_DEBUG, value),
                ours_match(path, value))
    changes = [*flipped(contents, 0, REPORT_BYTES, REPORT_STEP),
               *flipped(contents, REPORT_BYTES, len(contents), CERTIFICATE_STEP)]
    for index, changed in changes:
        path = write(changed)
        compare(f"{name}, byte {index}", sev(path, product, WITH_DEBUG), ours_authentic(path),
                may_be_stricter=index in root_signature(contents))
    return "authentic", len(changes)


def tdx_samples():
    """Quotes of version 4; go-tdx-guest 0.3 knows no other."""
    for name in ("tdx/dcap-qvl/tdx_quote", "tdx/trustee/tdx_quote_4.dat",
                 "signing/go-tdx-guest/testing/testdata/ccel/cos-113-tdx-quote.dat"):
        yield name, read(name)
    # The text behind this one is for go-tdx-guest's own tests.
    name = "signing/go-tdx-guest/testing/testdata/tdx_prod_quote_SPR_E4.dat"
    yield name, read(name)[:-39]
    for name in ("tdx-quote.hex", "quote-from-tappd.hex"):
        text = read("signing/dcap-qvl/sample/" + name).decode().strip()
        yield name, bytes.fromhex(text.removeprefix("0x"))


def compare_tdx(name, contents):
    path = write(contents)
    theirs = tdx(path)
    compare(name, theirs, ours_authentic(path))
    if not theirs[0]:
        return theirs[1], 0
    mrtd = contents[48 + 136:48 + 184].hex()
    policy = WORK / "policy.yaml"
    policy.write_text("tally_policy: 1\nallow_debug: true\n", encoding="utf-8")
    for what, value in (("its MRTD", mrtd), ("another", "00" * 48)):
        compare(f"{name}, {what}", tdx(path, value),
                ours_match(path, "mrtd=" + value, "--policy", str(policy)))
    changes = list(flipped(contents, 0, len(contents), QUOTE_STEP))
    for index, changed in changes:
        path = write(changed)
        compare(f"{name}, byte {index}", tdx(path), ours_authentic(path),
                may_be_stricter=index >= len(contents.rstrip(b"\0")))
    return "authentic", len(changes)


def main():
    for name, contents, product in snp_samples():
        said, changes = compare_snp(name, contents, product)
        print(f"ok: snp, {name}: {said}; {changes} changes")
    for name, contents in tdx_samples():
        said, changes = compare_tdx(name, contents)
        print(f"ok: tdx, {name}: {said}; {changes} changes")
    return 0 if differences == 0 else 1


sys.exit(main())
