#!/usr/bin/python3
"""usage: whole_manifest.py MANIFEST [HINTS]

Prints the manifest with the whole of its packages in the root: without `omit`
and `exclude`, and without what only the manifest adds (files, units, accounts),
so that the tree can be compared with what dpkg makes of the packages alone.
HINTS is what tally said about guards: all that they found is allowed.
"""
import json
import re
import sys

import yaml

manifest = yaml.safe_load(open(sys.argv[1], encoding="utf-8"))
root = manifest["root"]
for key in ("omit", "exclude", "files", "directories", "symlinks", "modes"):
    root.pop(key, None)
# A kernel's scripts need tools of the boot partition, which an image lacks.
root["packages"] = [
    package for package in root["packages"]
    if "linux-image" not in (package if isinstance(package, str) else package["name"])]
system = manifest.get("system", {})
# Scripts take Essential packages for granted (Debian Policy 3.8).
names = {package if isinstance(package, str) else package["name"]
         for package in root["packages"]}
root["packages"] += sorted({"dpkg", "ncurses-bin", "perl-base", "sysvinit-utils"} - names)
scripts = [script for script in system.get("scripts", [])
           if "linux-image" not in script["package"]]
manifest["system"] = {"scripts": scripts, "allow": []}
if len(sys.argv) > 2:
    for line in open(sys.argv[2], encoding="utf-8"):
        found = re.fullmatch(r" *- \{guard: (.*), path: \"(.*)\", reason: WHY\}\n", line)
        if found:
            manifest["system"]["allow"].append(
                {"guard": found[1], "path": found[2], "reason": "dpkg has it as well"})
manifest.pop("targets", None)
manifest.pop("firmware", None)
# JSON is YAML.
print(json.dumps(manifest, indent=1))
