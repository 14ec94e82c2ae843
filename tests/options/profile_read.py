#!/usr/bin/env python3
"""Reads a profile as heapalloc writes it, and prints for each function of a program what it has allocated.

    profile_read.py FILE PROGRAM

FILE is text, or pprof's protocol buffer when it ends in .pb or .pprof. What is printed are lines "FUNCTION LIVE_BLOCKS
LIVE_BYTES BLOCKS BYTES", and "total" at the end. The function is the innermost of the program's on the stack, by the
symbols that nm tells. Samples count for what they stand for.
"""
# SPDX-License-Identifier: MIT
import bisect
import math
import os
import re
import subprocess
import sys

HEAD = re.compile(r"heap profile: +(\d+): +(\d+) \[ *(\d+): +(\d+)\] @ (heapprofile|heap_v2/(\d+))$")
LINE = re.compile(r" *(\d+): +(\d+) \[ *(\d+): +(\d+)\] @((?: 0x[0-9a-f]+)*)$")


def symbols_of(program):
    """Addresses and names of the program's functions, in order."""
    text = subprocess.run(["nm", program], capture_output=True, text=True, check=True).stdout
    return sorted((int(address, 16), name) for address, kind, name in
                  (line.split() for line in text.splitlines() if len(line.split()) == 3) if kind in "Tt")


def scaled(blocks, size, rate):
    if rate <= 1 or blocks == 0:
        return blocks, size
    factor = -1 / math.expm1(-size / blocks / rate)
    return blocks * factor, size * factor


def read(path, program):
    """Yields (function, live blocks, live bytes, blocks, bytes)."""
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        head, *lines = file.read().splitlines()
    found = HEAD.match(head)
    if not found:
        sys.exit(f"profile_read: this is no first line of a profile: {head}")
    rate = int(found[6] or 1)
    end = lines.index("MAPPED_LIBRARIES:")
    maps = [line.split(None, 5) for line in lines[end + 1:]]
    ranges = [[int(x, 16) for x in line[0].split("-")] for line in maps if line[5:] == [os.path.realpath(program)]]
    low, high = min(r[0] for r in ranges), max(r[1] for r in ranges)
    table = symbols_of(program)
    base = low if table[0][0] < low else 0
    sums = [0] * 4
    for line in lines[:end - 1]:
        fields = LINE.match(line)
        if not fields:
            sys.exit(f"profile_read: this is no line of a profile: {line}")
        counts = [int(fields[i]) for i in range(1, 5)]
        sums = [a + b for a, b in zip(sums, counts)]
        stack = [int(word, 16) - (i > 0) for i, word in enumerate(fields[5].split())]
        inside = [address - base for address in stack if low <= address < high]
        place = bisect.bisect(table, (inside[0], "\x7f")) if inside else 0
        yield (table[place - 1][1] if place else "?", *scaled(*counts[:2], rate), *scaled(*counts[2:], rate))
    if sums != [int(found[i]) for i in range(1, 5)]:
        sys.exit("profile_read: the first line is not the sum of the others")


def fields_of(data):
    """Yields (number, value) of each field of a message: an int, or the bytes of a string, list or message."""
    at = 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        tag = number()
        if tag & 7 == 0:
            yield tag >> 3, number()
        elif tag & 7 == 2:
            length = number()
            if at + length > len(data):
                sys.exit("profile_read: a message is longer than the one it is in")
            yield tag >> 3, data[at:at + length]
            at += length
        else:
            sys.exit(f"profile_read: a field has the wire type {tag & 7}")


def numbers_of(data):
    """The numbers of a packed list."""
    return [value for _, value in fields_of(b"".join(
        b"\x08" + part for part in (data[i:j] for i, j in pieces(data))))]


def pieces(data):
    start = 0
    for at, byte in enumerate(data):
        if byte < 128:
            yield start, at + 1
            start = at + 1


def build_id_of(program):
    text = subprocess.run(["readelf", "-n", program], capture_output=True, text=True, check=True).stdout
    return re.search(r"Build ID: ([0-9a-f]+)", text)[1]


def read_pprof(path, program):
    """The same of a protocol buffer, whose parts must fit together."""
    with open(path, "rb") as file:
        parts = list(fields_of(file.read()))
    strings = [value.decode(errors="surrogateescape") for number, value in parts if number == 6]
    types = [dict(fields_of(value)) for number, value in parts if number == 1]
    names = [(strings[kind[1]], strings[kind[2]]) for kind in types]
    if strings[0] != "" or names != [("alloc_objects", "count"), ("alloc_space", "bytes"), ("inuse_objects", "count"),
                                     ("inuse_space", "bytes")]:
        sys.exit(f"profile_read: these are no types of samples: {names}")
    mappings = {}
    for value in (value for number, value in parts if number == 3):
        mapping = dict(fields_of(value))
        mappings[mapping[1]] = (mapping[2], mapping[3], mapping.get(4, 0), strings[mapping.get(5, 0)],
                                strings[mapping.get(6, 0)])
    own = [m for m in mappings.values() if m[3] == os.path.realpath(program)]
    if len(own) != 1 or own[0][4] != build_id_of(program):
        sys.exit(f"profile_read: the program's mapping is {own}")
    locations = {}
    for value in (value for number, value in parts if number == 4):
        location = dict(fields_of(value))
        if location[1] in locations:
            sys.exit("profile_read: two locations have the same number")
        if 2 in location and not mappings[location[2]][0] <= location[3] < mappings[location[2]][1]:
            sys.exit("profile_read: a location is outside of its mapping")
        locations[location[1]] = location[3]
    table = symbols_of(program)
    start, limit, offset = own[0][:3]
    base = start - offset if table[0][0] < start - offset else 0
    for value in (value for number, value in parts if number == 2):
        sample = dict(fields_of(value))
        inside = [locations[i] - base for i in numbers_of(sample[1]) if start <= locations[i] < limit]
        place = bisect.bisect(table, (inside[0], "\x7f")) if inside else 0
        blocks, size, live, live_size = numbers_of(sample[2])
        yield table[place - 1][1] if place else "?", live, live_size, blocks, size


def main():
    functions = {}
    reader = read_pprof if sys.argv[1].endswith((".pb", ".pprof")) else read
    for name, *counts in reader(*sys.argv[1:3]):
        functions[name] = [a + b for a, b in zip(functions.get(name, [0] * 4), counts)]
    functions["total"] = [sum(column) for column in zip(*functions.values())] or [0] * 4
    for name, counts in functions.items():
        print(name, *(round(count) for count in counts))


if __name__ == "__main__":
    main()
