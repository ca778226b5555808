#!/usr/bin/env python3
"""Writes signed.eif and signed.txt beside itself.

A small signed EIF, written and measured with the Python standard library only,
after aws-nitro-enclaves-image-format, commit
935dc626530bfcfd1dff634187372cb0b0f778a0 (src/defs/mod.rs, src/utils/mod.rs,
src/utils/eif_signer.rs). The certificate was made once with

  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes \
      -keyout /dev/null -subj /CN=tally-test-vector -days 1 -out certificate.pem

and its key thrown away; the signature is not one (nothing here verifies it).
"""
import base64
import hashlib
import pathlib
import struct
import zlib

here = pathlib.Path(__file__).parent


def head(major, value):
    if value < 24:
        return bytes([major << 5 | value])
    if value < 0x100:
        return bytes([major << 5 | 24, value])
    return bytes([major << 5 | 25]) + struct.pack(">H", value)


def text(value):
    return head(3, len(value)) + value.encode()


def byte_array(value):  # serde writes Vec<u8> as an array of integers
    return head(4, len(value)) + b"".join(head(0, byte) for byte in value)


pem = (here / "certificate.pem").read_bytes()
der = base64.b64decode(b"".join(pem.splitlines()[1:-1]))
signature = (head(4, 1) + head(5, 2) + text("signing_certificate") + byte_array(pem)
             + text("signature") + byte_array(bytes(range(200))))

kernel, cmdline, metadata = b"\x01kernel" * 50, b"console=ttyS0 panic=-1", b"{}"
ramdisks = [b"boot ramdisk" * 7, b"application", b"second application"]
sections = ([(1, kernel), (2, cmdline), (5, metadata)] + [(3, r) for r in ramdisks]
            + [(4, signature)])

offsets, position = [], 548
for _, contents in sections:
    offsets.append(position)
    position += 12 + len(contents)
pad = [0] * (32 - len(sections))
header = struct.pack(">4sHHQQHH", b".eif", 4, 0, 1 << 30, 2, 0, len(sections))
header += struct.pack(">32Q", *(offsets + pad))
header += struct.pack(">32Q", *([len(c) for _, c in sections] + pad)) + bytes(4)
body = b"".join(struct.pack(">HHQ", t, 0, len(c)) + c for t, c in sections)
crc = zlib.crc32(body, zlib.crc32(header))
(here / "signed.eif").write_bytes(header + struct.pack(">I", crc) + body)


def pcr(data):
    return hashlib.sha384(bytes(48) + hashlib.sha384(data).digest()).hexdigest()


(here / "signed.txt").write_text(f"""# The PCRs of signed.eif.
origin = python3 hashlib (gen.py beside this file), after aws-nitro-enclaves-image-format 935dc626
PCR0 = {pcr(kernel + cmdline + b"".join(ramdisks))}
PCR1 = {pcr(kernel + cmdline + ramdisks[0])}
PCR2 = {pcr(b"".join(ramdisks[1:]))}
PCR8 = {pcr(der)}
""")
