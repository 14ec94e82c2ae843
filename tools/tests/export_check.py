#!/usr/bin/env python3
"""Checks a profile that was exported: its form, and how many KiB are live in it.

  export_check.py pprof|speedscope|collapsed|massif FILE KIB...    KIB: a number for each snapshot
"""
# SPDX-License-Identifier: MIT
import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests/options"))
import profile_read  # noqa: E402


def check(holds, what):
    if not holds:
        sys.exit(f"wrong: {what}")


def read_pprof(path):
    """The live bytes, after checking that all that is referred to is there."""
    data = path.read_bytes()
    strings, functions, locations, mappings, samples = [], {}, {}, {}, []
    for number, value in profile_read.fields_of(data):
        if number == 6:
            strings.append(value.decode())
        elif number in (3, 4, 5):
            fields = list(profile_read.fields_of(value))
            {3: mappings, 4: locations, 5: functions}[number][dict(fields)[1]] = fields
        elif number == 2:
            samples.append(dict(profile_read.fields_of(value)))
    types = [strings[dict(profile_read.fields_of(value))[1]] for number, value in profile_read.fields_of(data)
             if number == 1]
    check(strings[0] == "" and types == ["alloc_objects", "alloc_space", "inuse_objects", "inuse_space"], types)
    for fields in functions.values():
        check(strings[dict(fields)[2]], "a function has no name")
    for fields in locations.values():
        check(dict(fields).get(2, next(iter(mappings))) in mappings, "a location has no mapping")
        for line in (dict(profile_read.fields_of(value)) for number, value in fields if number == 4):
            check(line[1] in functions, "a line has no function")
    total = 0
    for sample in samples:
        check(all(id in locations for id in profile_read.numbers_of(sample[1])), "a sample has no location")
        total += list(profile_read.numbers_of(sample[2]))[3]
    return [total]


def read_speedscope(path):
    """The live bytes. The members that are checked are those that speedscope's published schema requires."""
    page = json.loads(path.read_text())
    check(page["$schema"] == "https://www.speedscope.app/file-format-schema.json", "the schema")
    frames = page["shared"]["frames"]
    check(all(isinstance(frame["name"], str) and frame["name"] for frame in frames), "a frame has no name")
    for profile in page["profiles"]:
        check(profile["type"] == "sampled" and profile["unit"] == "bytes" and profile["name"], "a profile's head")
        check(len(profile["samples"]) == len(profile["weights"]) > 0, "samples without weights")
        check(all(0 <= frame < len(frames) for sample in profile["samples"] for frame in sample), "a frame is missing")
        check(profile["startValue"] == 0 and profile["endValue"] == sum(profile["weights"]), "the sum of the weights")
    return [page["profiles"][0]["endValue"]]


def read_collapsed(path):
    rows = [re.fullmatch(r"([^;]+(?:;[^;]+)*) (\d+)", line) for line in path.read_text().splitlines()]
    check(rows and all(rows), "a line is no stack and number")
    return [sum(int(row[2]) for row in rows)]


def read_tree(lines, at):
    """The lines of a node and those below it: its bytes are at least those of its children, which are all there."""
    row = re.fullmatch(r" *n(\d+): (\d+) .+", lines[at])
    check(row, f"no node: {lines[at]}")
    children, below, at = int(row[1]), 0, at + 1
    for _ in range(children):
        size, at = read_tree(lines, at)
        below += size
    check(below <= int(row[2]) + children, "children are larger than their parent")
    return int(row[2]), at


def read_massif(path):
    sums, lines = [], path.read_text().splitlines()
    check([line.split(":")[0] for line in lines[:3]] == ["desc", "cmd", "time_unit"], "the head")
    at, passed = 3, -1
    while at < len(lines):
        head = dict(line.split("=") for line in lines[at:at + 8] if not line.startswith("#"))
        check(int(head["snapshot"]) == len(sums) and int(head["time"]) >= passed, "the order of snapshots")
        passed = int(head["time"])
        size, at = read_tree(lines, at + 8)
        check(size == int(head["mem_heap_B"]), "the tree's sum is not the snapshot's")
        sums.append(size)
    return sums


def main():
    form, path, *expected = sys.argv[1:]
    sums = globals()["read_" + form](pathlib.Path(path))
    check([size // 1024 for size in sums] == [int(number) for number in expected], f"{sums} bytes are live")
    print(f"fine: {form}, {sums} bytes")


main()
