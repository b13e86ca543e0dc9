#!/usr/bin/env python3
"""Judges documents by Python's jsonschema: one {"schema": ..., "document": ...} a line."""
import json
import sys

import jsonschema


def unique(pairs):
    keys = [key for key, _ in pairs]
    if len(keys) != len(set(keys)):
        raise ValueError(f"a name is there twice: {keys}")
    return dict(pairs)


count = 0
with open(sys.argv[1], encoding="utf-8") as lines:
    for line in lines:
        one = json.loads(line)
        jsonschema.Draft202012Validator(one["schema"]).validate(one["document"])
        count += 1
print(f"{count} documents match")
sys.exit(0 if count > 0 else 1)
