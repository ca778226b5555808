#!/usr/bin/python3
"""Counts the tests of one ctest run.

usage: test_report.py CTEST.xml RESULTS

CTEST.xml is the JUnit file of ctest, RESULTS the directory in which every shard
of the unit tests left its own. Prints each failed and each skipped test (with
its reason), then a last line "N passed, N failed, N skipped".
"""
import pathlib
import sys
import xml.etree.ElementTree

COUNTS = {"passed": 0, "failed": 0, "skipped": 0}


def count(what, name, reason=""):
    COUNTS[what] += 1
    if what != "passed":
        print(f"{what}: {name}" + (f": {reason}" if reason else ""))


def skip_reason(element):
    """What GTEST_SKIP() was given; the line before it is the place."""
    lines = (element.get("message") or "").strip().splitlines()
    return lines[-1] if lines else "no reason given"


def count_shard(path):
    """Counts a shard's tests. Returns whether one of them failed."""
    before = COUNTS["failed"]
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        skipped = case.find("skipped")
        if case.find("failure") is not None:
            count("failed", name)
        elif skipped is not None:
            count("skipped", name, skip_reason(skipped))
        elif case.get("result") == "completed":
            count("passed", name)
        else:
            count("failed", name, "did not run")
    return COUNTS["failed"] > before


def count_test(case, results):
    """Counts one of ctest's tests; for a shard those in it."""
    name = case.get("name")
    shard = results / f"{name}.xml"
    passed = case.get("status") == "run"
    if name.startswith("shard_") and shard.exists():
        # One that crashed leaves no file, one that failed names its tests.
        if not count_shard(shard) and not passed:
            count("failed", name, "failed, though no test in it did")
    elif name.startswith("shard_"):
        count("failed", name, "ended without a result")
    else:
        count("passed" if passed else "failed", name)


def main(ctest_xml, results):
    for case in xml.etree.ElementTree.parse(ctest_xml).iter("testcase"):
        count_test(case, pathlib.Path(results))
    print(", ".join(f"{number} {what}" for what, number in COUNTS.items()))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
