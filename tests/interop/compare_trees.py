#!/usr/bin/python3
"""usage: compare_trees.py RELEASE STORE

Compares the root of a release with what dpkg-deb lists for the packages that
its lock names: every file that files.json ascribes to a package is in that
package with the same type, mode, owner, size and link target, and every file of
a package is in the tree unless the manifest's globs exclude it. Mode and owner may
be others where a native action in the lock says so.

Prints the differences; exit status 1 if there is one.
"""
import json
import pathlib
import re
import subprocess
import sys

import yaml

MERGED = {"bin", "sbin", "lib", "lib32", "lib64", "libo32", "libx32"}
LINE = re.compile(
    r"^(?P<type>.)(?P<perm>.{9}) (?P<owner>\d+)/(?P<group>\d+) +(?P<size>\d+) "
    r"\S+ \S+ (?P<rest>.*)$", re.S)


def merged(path):
    """The path in a merged-/usr system."""
    path = "/" + path.removeprefix("./").strip("/")
    top = path.split("/")[1]
    return "/usr" + path if top in MERGED else path


def octal(perm):
    """'rwsr-xr-x' -> '4755'."""
    special = 0
    digits = ""
    for i, bit in ((0, 4), (3, 2), (6, 1)):
        group = perm[i:i + 3]
        value = (group[0] == "r") * 4 + (group[1] == "w") * 2 + (group[2] in "xst")
        special += bit * (group[2] in "sStT")
        digits += str(value)
    return str(special) + digits


def glob_matches(glob, path):
    pattern = "".join({"*": "[^/]*", "?": "[^/]", "**": ".*"}.get(part, re.escape(part))
                      for part in re.findall(r"\*\*|\*|\?|[^*?]+", glob))
    return re.fullmatch(pattern, path, re.S) is not None


def listed(deb):
    """What dpkg-deb and tar say is in a package: path -> facts."""
    tar = subprocess.run(["dpkg-deb", "--fsys-tarfile", deb], check=True,
                         stdout=subprocess.PIPE).stdout
    text = subprocess.run(
        ["tar", "--numeric-owner", "--quoting-style=literal", "-tv"],
        input=tar, check=True, stdout=subprocess.PIPE).stdout
    files = {}
    for line in text.decode("utf-8", "surrogateescape").splitlines():
        fields = LINE.match(line)
        name, facts = fields["rest"], {"type": fields["type"]}
        if fields["type"] == "l":
            name, facts["target"] = name.split(" -> ", 1)
        elif fields["type"] == "h":
            name, _ = name.split(" link to ", 1)
        elif fields["type"] == "-":
            facts["size"] = int(fields["size"])
        if fields["type"] in "-d":
            facts["mode"] = octal(fields["perm"])
            facts["uid"], facts["gid"] = int(fields["owner"]), int(fields["group"])
        files[merged(name)] = facts
    return files


def main(release, store):
    release, store = pathlib.Path(release), pathlib.Path(store)
    lock = yaml.safe_load((release / "lock.yaml").read_text())
    spec = yaml.safe_load((release / "manifest.yaml").read_text())["root"]
    # files.json doubles backslashes.
    tree = {record["path"].replace("\\\\", "\\"): record
            for record in json.loads((release / "files.json").read_text())["root"]}
    types = {"-": "file", "h": "file", "l": "symlink", "d": "directory"}
    chosen = {"/" + item["path"].strip("/") for part in ("files", "symlinks", "modes", "directories")
              for item in spec.get(part, [])}
    # "tmpfiles z PATH MODE USER GROUP -"
    overridden = set()
    for package in lock["packages"] if lock["lock"] > 1 else []:
        for action in (text.split(" ") for script in package["scripts"]
                       for text in script["actions"] if text.startswith("tmpfiles ")):
            (chosen if action[1] == "L+" else overridden).add(merged(action[2]))
    problems, compared, of_packages = [], 0, set()
    for package in lock["packages"]:
        if "root" not in package["why"]:
            continue
        digest = package["sha256"]
        for path, facts in listed(store / "sha256" / digest[:2] / digest).items():
            if path == "/" or path in chosen:
                continue
            excluded = any(glob_matches(glob, path) for glob in spec.get("exclude", []))
            if facts["type"] != "d" and excluded:
                if path in tree:
                    problems.append(f"{path}: excluded, but in the image")
                continue
            of_packages.add(path)
            found = tree.get(path)
            if found is None:
                problems.append(f"{path}: in package {package['name']}, not in the image")
                continue
            expected = dict(facts, type=types[facts["type"]])
            if path in overridden:
                expected = {key: expected[key] for key in ("type", "size") if key in expected}
            got = {key: found[key] for key in expected}
            if got != expected:
                problems.append(f"{path}: expected {expected}, got {got}")
            compared += 1
    for path, record in tree.items():
        if record["origin"].startswith("package ") and path not in of_packages | chosen:
            problems.append(f"{path}: {record['origin']}, but that package has it not")
    print("\n".join(problems + [f"{compared} entries compared"]))
    return 1 if problems or compared == 0 else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2]))
