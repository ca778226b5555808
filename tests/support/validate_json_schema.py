#!/usr/bin/python3
"""Validates JSON documents against a draft-07 schema, without a network.

usage: validate_json_schema.py SCHEMA_DIR SCHEMA_FILE DOCUMENT

References between schemas are looked up by "$id" among the *.schema.json files
of SCHEMA_DIR; one that is not there is an error. Prints "valid", or one line
per fault. Exit status: 0 valid, 1 not valid, 2 anything else.
"""

import json
import pathlib
import sys
import warnings

# Newer versions of the library deprecate RefResolver; Debian 12's has no other.
warnings.simplefilter("ignore", DeprecationWarning)

import jsonschema  # noqa: E402


class LocalResolver(jsonschema.RefResolver):
    def resolve_remote(self, uri):
        raise jsonschema.RefResolutionError("no local schema has $id " + uri)


def main():
    if len(sys.argv) != 4:
        print(__doc__, file=sys.stderr)
        return 2
    schema_dir, schema_file, document_file = map(pathlib.Path, sys.argv[1:])
    schemas = {}
    for path in sorted(schema_dir.glob("*.schema.json")):
        schema = json.loads(path.read_text(encoding="utf-8"))
        if "$id" in schema:
            schemas[schema["$id"]] = schema
    schema = json.loads((schema_dir / schema_file).read_text(encoding="utf-8"))
    document = json.loads(document_file.read_text(encoding="utf-8"))

    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(
        schema,
        resolver=LocalResolver(schema.get("$id", ""), schema, store=schemas),
        format_checker=jsonschema.draft7_format_checker,
    )
    faults = sorted(
        "/".join(map(str, fault.absolute_path)) + ": " + fault.message[:300]
        for fault in validator.iter_errors(document)
    )
    print("\n".join(faults) if faults else "valid")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
