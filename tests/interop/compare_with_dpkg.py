#!/usr/bin/python3
"""usage: compare_with_dpkg.py DPKG_ROOT TALLY_ROOT FILES_JSON DIFFERENCES_MD

Compares two unpacked roots: type, mode, owner by name, contents, link target
and extended attributes. The table of DIFFERENCES_MD lists which differences are
expected: a glob, what differs, and why. Prints what is not explained, and the
lines that explain nothing; exit status 1 if there is one of either.
"""
import hashlib
import json
import os
import re
import stat
import sys

ROW = re.compile(r"^\| `(?P<glob>/[^`]*)` \| (?P<kind>[a-z, ]+) \| .* \|$")
KINDS = {"added", "missing", "mode", "owner", "content", "target", "type", "xattrs"}


def accounts(root, name):
    """id -> name of a passwd or group file."""
    names = {}
    with open(f"{root}/etc/{name}", encoding="utf-8") as lines:
        for line in lines:
            fields = line.split(":")
            names.setdefault(int(fields[2]), fields[0])
    return names


def walk(root):
    """path -> facts about the entry."""
    users, groups = accounts(root, "passwd"), accounts(root, "group")
    entries = {}
    for directory, names, files in os.walk(root):
        for name in ["."] * (directory == root) + names + files:
            path = os.path.normpath(os.path.join(directory, name))
            info = os.lstat(path)
            facts = {
                "type": stat.S_IFMT(info.st_mode),
                "mode": stat.S_IMODE(info.st_mode),
                "owner": (users.get(info.st_uid, info.st_uid),
                          groups.get(info.st_gid, info.st_gid)),
            }
            if stat.S_ISLNK(info.st_mode):
                facts["target"] = os.readlink(path)
            if stat.S_ISREG(info.st_mode):
                with open(path, "rb") as file:
                    facts["content"] = hashlib.sha256(file.read()).hexdigest()
                facts["xattrs"] = {
                    key: os.getxattr(path, key).hex() for key in os.listxattr(path)}
            entries["/" + os.path.relpath(path, root).removeprefix(".")] = facts
    return entries


def with_listed_facts(entries, root, files_json):
    """fsck.erofs extracts no attributes and no set-id bits: files.json has them."""
    users, groups = accounts(root, "passwd"), accounts(root, "group")
    with open(files_json, encoding="utf-8") as file:
        for record in json.load(file)["root"]:
            # Backslashes are doubled there.
            facts = entries[record["path"].replace("\\\\", "\\")]
            facts["mode"] = int(record["mode"], 8)
            facts["owner"] = (users.get(record["uid"], record["uid"]),
                              groups.get(record["gid"], record["gid"]))
            if record["type"] == "file":
                facts["xattrs"] = record["xattrs"]
    return entries


def account_facts(root):
    """What accounts are, but for numbers, comments and passwords."""
    groups = accounts(root, "group")
    facts = {}
    with open(f"{root}/etc/passwd", encoding="utf-8") as lines:
        for line in lines:
            name, _, _, gid, _, home, shell = line.rstrip("\n").split(":")
            facts["user", name] = (groups[int(gid)], home, shell)
    with open(f"{root}/etc/group", encoding="utf-8") as lines:
        for line in lines:
            name, _, _, members = line.rstrip("\n").split(":")
            facts["group", name] = sorted(filter(None, members.split(",")))
    return facts


def differences(dpkg, tally):
    """(path, kind, text) of everything that is not the same."""
    for path in sorted(dpkg.keys() | tally.keys()):
        if path not in tally:
            yield path, "missing", "only dpkg has it"
        elif path not in dpkg:
            yield path, "added", "only tally has it"
        else:
            for kind in dpkg[path]:
                if kind in tally[path] and dpkg[path][kind] != tally[path][kind]:
                    yield path, kind, f"dpkg {dpkg[path][kind]}, tally {tally[path][kind]}"


def expectations(document):
    """[line number, pattern, kinds, used] of every row."""
    rows = []
    with open(document, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            row = ROW.match(line.rstrip("\n"))
            if not row:
                continue
            pattern = "".join(
                {"*": "[^/]*", "?": "[^/]", "**": ".*"}.get(part, re.escape(part))
                for part in re.findall(r"\*\*|\*|\?|[^*?]+", row["glob"]))
            kinds = set(row["kind"].split(", "))
            if not kinds <= KINDS:
                sys.exit(f"{document}:{number}: unknown kind in '{row['kind']}'")
            rows.append([number, re.compile(pattern, re.S), kinds, set()])
    return rows


def main():
    dpkg = walk(sys.argv[1])
    tally = with_listed_facts(walk(sys.argv[2]), sys.argv[2], sys.argv[3])
    rows = expectations(sys.argv[4])
    unexplained = explained = 0
    ours, theirs = account_facts(sys.argv[2]), account_facts(sys.argv[1])
    for key in sorted(ours.keys() | theirs.keys()):
        if ours.get(key) != theirs.get(key):
            unexplained += 1
            print(f"{' '.join(key)}: dpkg {theirs.get(key)}, tally {ours.get(key)}")
    for path, kind, text in differences(dpkg, tally):
        matching = [row for row in rows if kind in row[2] and row[1].fullmatch(path)]
        for row in matching:
            row[3].add(kind)
        explained += bool(matching)
        if not matching:
            unexplained += 1
            print(f"{path}: {kind}: {text}")
    idle = 0
    for number, _pattern, kinds, used in rows:
        if kinds - used:
            idle += 1
            print(f"{sys.argv[4]}:{number}: explains no {', '.join(sorted(kinds - used))}")
    print(f"{len(tally)} entries, {explained} explained differences, "
          f"{unexplained} unexplained, {idle} idle lines")
    sys.exit(1 if unexplained or idle else 0)


main()
