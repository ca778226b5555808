#!/usr/bin/env python3
"""Writes the OCI layout beside this file: an index, one image for linux/amd64, and
two layers, the second of which hides a file of the first. The same bytes every time.

usage: make_layout.py DIRECTORY
"""

import gzip
import hashlib
import io
import json
import pathlib
import sys
import tarfile

OCI = "application/vnd.oci.image."


def layer(members):
    """A tar of (name, content or None for a directory, mode)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content, mode in members:
            info = tarfile.TarInfo(name)
            info.mode, info.mtime = mode, 1767225600
            if content is None:
                info.type = tarfile.DIRTYPE
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def document(value):
    return json.dumps(value, sort_keys=True, indent=1).encode() + b"\n"


def main(out):
    blobs = out / "blobs/sha256"
    blobs.mkdir(parents=True, exist_ok=True)

    def blob(media_type, content):
        digest = hashlib.sha256(content).hexdigest()
        (blobs / digest).write_bytes(content)
        return {
            "mediaType": media_type,
            "digest": f"sha256:{digest}",
            "size": len(content),
        }

    lower = layer(
        [
            ("app", None, 0o755),
            ("app/hello.txt", b"hello from the lower layer\n", 0o644),
            ("app/gone.txt", b"hidden by the upper layer\n", 0o644),
        ]
    )
    upper = layer(
        [
            ("app", None, 0o755),
            ("app/.wh.gone.txt", b"", 0o644),
            ("app/new.txt", b"new in the upper layer\n", 0o600),
        ]
    )
    config = blob(
        OCI + "config.v1+json",
        document(
            {
                "architecture": "amd64",
                "os": "linux",
                "rootfs": {
                    "type": "layers",
                    "diff_ids": [
                        "sha256:" + hashlib.sha256(tar).hexdigest()
                        for tar in (lower, upper)
                    ],
                },
            }
        ),
    )
    manifest = blob(
        OCI + "manifest.v1+json",
        document(
            {
                "schemaVersion": 2,
                "mediaType": OCI + "manifest.v1+json",
                "config": config,
                "layers": [
                    blob(OCI + "layer.v1.tar+gzip", gzip.compress(lower, 9, mtime=0)),
                    blob(OCI + "layer.v1.tar", upper),
                ],
            }
        ),
    )
    platform = {"architecture": "amd64", "os": "linux"}
    index = document(
        {
            "schemaVersion": 2,
            "mediaType": OCI + "index.v1+json",
            "manifests": [{**manifest, "platform": platform}],
        }
    )
    # The index is a blob as well, so that a digest can name it.
    blob(OCI + "index.v1+json", index)
    (out / "index.json").write_bytes(index)
    (out / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}\n')


main(pathlib.Path(sys.argv[1]))
