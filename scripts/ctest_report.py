#!/usr/bin/python3
"""Reads the JUnit file of one ctest run.

usage: ctest_report.py FILE.xml

Prints each failed and each skipped test (with its reason), then a last line
"N passed, N failed, N skipped".
"""
import re
import sys
import xml.etree.ElementTree


def reason(output):
    """The text that GTEST_SKIP() was given, or the first line."""
    found = re.search(r": Skipped\n(.*?)\n", output)
    if found and found.group(1).strip():
        return found.group(1).strip()
    lines = [line for line in output.splitlines() if line.strip()]
    return lines[0].strip() if lines else "no reason given"


def is_skip(case):
    """Whether the test skipped itself. One that ctest cannot start is no skip."""
    skipped = case.find("skipped")
    return skipped is not None and skipped.get("message", "").startswith("SKIP_")


def main(path):
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        output = case.findtext("system-out") or ""
        name = case.get("name")
        if case.find("failure") is not None or case.get("status") == "fail":
            counts["failed"] += 1
            print(f"failed: {name}")
        elif case.get("status") == "run":
            counts["passed"] += 1
        elif re.search(r"^\[  FAILED  \]", output, re.MULTILINE):
            # ctest sees a test that skipped and failed as skipped.
            counts["failed"] += 1
            print(f"failed: {name}")
        elif is_skip(case):
            counts["skipped"] += 1
            print(f"skipped: {name}: {reason(output)}")
        else:
            # ctest could not start it, or it is disabled.
            counts["failed"] += 1
            print(f"failed: {name}: did not run")
    print(", ".join(f"{count} {what}" for what, count in counts.items()))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
