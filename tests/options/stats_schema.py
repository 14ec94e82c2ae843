#!/usr/bin/env python3
"""Checks the output of heapalloc_stats_json(), or a metrics file: every member, its type, and the sums.

    stats_schema.py json FILE      a document a line
    stats_schema.py metrics FILE
"""
# SPDX-License-Identifier: MIT
import json
import re
import sys

COUNT = {"blocks": int, "bytes": int}
SCHEMA = {
    "version": str, "program": str, "pid": int,
    "allocated_bytes": int, "active_bytes": int, "dirty_bytes": int, "resident_bytes": int, "mapped_bytes": int,
    "mapped_max_bytes": int, "retained_bytes": int, "metadata_bytes": int,
    "classes": [{"size_bytes": int, "slabs": int, "used_blocks": int, "free_blocks": int}],
    "medium": COUNT, "large": COUNT, "pools": COUNT, "arenas": COUNT, "redzones": COUNT, "guarded": COUNT,
    "free": [{"from_bytes": int, "blocks": int, "bytes": int}],
    "heap_count": int,
    "heaps": [{"heap": int, "live": bool, "slabs": int, "used_bytes": int, "free_bytes": int, "cached_bytes": int}],
    "named": [{"kind": str, "name": str, "count": int, "used_bytes": int, "reserved_bytes": int}],
}
SAMPLE = re.compile(r'heapalloc_([a-z_]+)\{program="((?:[^"\\]|\\.)*)",pid="(\d+)"(?:,([a-z_]+)="(\d+)"|'
                    r',(kind="\w+",name)=("(?:[^"\\]|\\.)*"))?\} (\d+)')
FAMILIES = {name: None for name in SCHEMA if name.endswith("_bytes")} | {
    "class_used_blocks": "size_bytes", "class_free_blocks": "size_bytes", "medium_used_bytes": None,
    "large_used_bytes": None, "pool_bytes": None, "arena_bytes": None, "redzone_bytes": None,
    "guarded_bytes": None,
    "heap_used_bytes": "heap", "heap_free_bytes": "heap", "heap_cached_bytes": "heap",
    "named_used_bytes": "name", "named_reserved_bytes": "name"}


def check(value, schema, where):
    """The value has the type and exactly the members that the schema names; no number is negative."""
    if isinstance(schema, dict):
        assert list(value) == list(schema), f"{where} has {list(value)}"
        for name, part in schema.items():
            check(value[name], part, f"{where}.{name}")
    elif isinstance(schema, list):
        for index, one in enumerate(value):
            check(one, schema[0], f"{where}[{index}]")
    else:
        assert type(value) is schema, f"{where} is {value!r}"
        assert schema is not int or 0 <= value < 1 << 62, f"{where} is {value}"


def check_sums(document):
    """Equations that hold whatever happens meanwhile: each part is read under one lock."""
    parts = [document[name + "_bytes"] for name in ("active", "dirty", "retained", "metadata")]
    assert sum(parts) == document["mapped_bytes"], f"{parts} are not {document['mapped_bytes']}"
    assert document["mapped_max_bytes"] >= document["mapped_bytes"]
    sizes = [row["size_bytes"] for row in document["classes"]]
    assert sizes == sorted(set(sizes))
    assert len(document["heaps"]) <= document["heap_count"]


def check_metrics(text):
    """Every family is introduced once, has the samples of its kind, and the text ends correctly."""
    lines = text.splitlines()
    assert lines[-1] == "# EOF" and text.endswith("\n")
    seen, now = {}, None
    for line in lines[:-1]:
        if line.startswith("# HELP heapalloc_"):
            now = line.split(" ", 3)[2][len("heapalloc_"):]
            assert now in FAMILIES and now not in seen, f"{now} is not known, or told twice"
            seen[now] = []
        elif line.startswith("# TYPE "):
            assert line == f"# TYPE heapalloc_{now} gauge", line
        else:
            match = SAMPLE.fullmatch(line)
            assert match and match[1] == now, line
            label, of = (match[6][-4:], match[6] + match[7]) if match[6] else (match[4], match[5])
            assert label == FAMILIES[now], line
            assert of not in seen[now], f"{line}: twice"
            seen[now].append(of)
    assert set(seen) == set(FAMILIES), set(FAMILIES) ^ set(seen)
    for name, samples in seen.items():
        expected = FAMILIES[name] == "name" or (samples if FAMILIES[name] else len(samples) == 1)
        assert expected, f"{name} has {samples}"
    assert seen["named_used_bytes"] == seen["named_reserved_bytes"]


def main():
    """Exit 0 if all is correct, 1 with a sentence otherwise."""
    kind, path = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        text = file.read()
    assert text, "there is nothing"
    if kind == "metrics":
        check_metrics(text)
        return
    for line in text.splitlines():
        document = json.loads(line)
        check(document, SCHEMA, "document")
        check_sums(document)


if __name__ == "__main__":
    try:
        main()
    except AssertionError as error:
        sys.exit(f"wrong: {error}")
