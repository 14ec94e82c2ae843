#!/usr/bin/env python3
"""Reads a profile as heapalloc writes it, and prints for each function of a program what it has allocated.

    profile_read.py FILE PROGRAM       lines "FUNCTION LIVE_BLOCKS LIVE_BYTES BLOCKS BYTES", and "total" at the end

The function is the innermost of the program's on the stack, by the symbols that nm tells. Samples count for what they
stand for.
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


def main():
    functions = {}
    for name, *counts in read(*sys.argv[1:3]):
        functions[name] = [a + b for a, b in zip(functions.get(name, [0] * 4), counts)]
    functions["total"] = [sum(column) for column in zip(*functions.values())] or [0] * 4
    for name, counts in functions.items():
        print(name, *(round(count) for count in counts))


if __name__ == "__main__":
    main()
