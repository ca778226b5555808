"""usage: ccel_of_dstack.py REPORT QUOTE CCEL

Takes the quote and the event log out of a report of dstack's (JSON) and writes
them as what a TDX guest's hardware and firmware hand out: a quote, a CCEL.
"""
import json
import struct
import sys

SHA384 = 0x000C
EV_NO_ACTION = 3


def header():
    spec_id = b"Spec ID Event03\0" + struct.pack("<IBBBBI", 0, 0, 2, 0, 2, 1)
    spec_id += struct.pack("<HHB", SHA384, 48, 0)
    return struct.pack("<II20sI", 0, EV_NO_ACTION, bytes(20), len(spec_id)) + spec_id


def event_bytes(event):
    data = bytes.fromhex(event["event_payload"])
    # A CCEL's index 0 is MRTD (UEFI 2.10, section 38.4.1).
    start = struct.pack("<III", event["imr"] + 1, event["event_type"], 1)
    digest = struct.pack("<H", SHA384) + bytes.fromhex(event["digest"])
    return start + digest + struct.pack("<I", len(data)) + data


def main(report_path, quote_path, ccel_path):
    with open(report_path, encoding="utf-8") as file:
        report = json.load(file)
    events = json.loads(report["event_log"])
    with open(quote_path, "wb") as file:
        file.write(bytes.fromhex(report["quote"]))
    with open(ccel_path, "wb") as file:
        file.write(header() + b"".join(map(event_bytes, events)))


if __name__ == "__main__":
    main(*sys.argv[1:])
