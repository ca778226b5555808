#!/usr/bin/python3
"""usage: link_packages.py LOCK STORE DIRECTORY

Links the .deb files of a lock's root into a directory, under their own names, and
prints the packages' names, separated by commas.
"""
import os
import sys

import yaml

names = []
for package in yaml.safe_load(open(sys.argv[1], encoding="utf-8"))["packages"]:
    if "root" in package["why"]:
        names.append(package["name"])
        entry = f"{sys.argv[2]}/sha256/{package['sha256'][:2]}/{package['sha256']}"
        os.symlink(entry, f"{sys.argv[3]}/{os.path.basename(package['path'])}")
print(",".join(names))
