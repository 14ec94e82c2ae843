#!/usr/bin/env python3
"""How much of a fixed region each heap serves under churn, in percent of its bytes, without any refusal.

fill.py [--write]
  Builds kernel/fill/ for this machine and runs it. Fails if a heap serves less than its limit.
  --write puts the table into kernel/README.md.
"""
# SPDX-License-Identifier: MIT
import argparse
import glob
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
README = os.path.join(ROOT, "kernel/README.md")
BEGIN, END = "<!-- fill: written by kernel/tests/fill.py -->", "<!-- end of fill -->"
MIB = 1 << 20

FLAGS = ("-O2 -std=gnu11 -Wall -Wextra -DHEAPALLOC_ALONE=0 -Ilib -Iinclude -Ikernel/small -Ikernel/fill").split()
PROGRAM = ["kernel/fill/fill.c", "kernel/fill/load.c"]
WORLD = ["kernel/example/world.c"]
SMALL = [f"kernel/small/{name}.c" for name in ("blocks", "slabs", "heap", "api")]
SMALL += ["lib/base/check.c", "lib/base/text.c", "lib/slab/block.c"]
CORE = sorted(os.path.relpath(path, ROOT) for path in glob.glob(os.path.join(ROOT, "lib/**/*.c"), recursive=True)
              if "/inspect/" not in path)
HEAPS = {
    "core": ([*WORLD, *CORE, "kernel/owned_port.c"], []),
    "core, bounded": ([*WORLD, *CORE, "kernel/owned_port.c"], ["-DHEAPALLOC_BOUNDED=1"]),
    "small": ([*WORLD, *SMALL], []),
    "TLSF": ([*WORLD, *SMALL], ["-DSMALL_SLABS=0"]),
    "first fit": (["kernel/fill/first_fit.c"], []),
}
REGIONS = (MIB,)
SLOW = {"first fit": MIB}  # each call walks its list, so this is the largest region for it

# (heap, bytes): {load: least percent that it must serve}; others have no limit.
LIMITS = {
    ("core", MIB): {"1-64 B": 72, "16-256 B": 73, "powers to 4 KiB": 67, "log 16 B-8 KiB": 16, "log 64 B-64 KiB": 17,
                    "network mix": 64, "1-10 KB": 58},
    ("core, bounded", MIB): {"1-64 B": 72, "16-256 B": 73, "powers to 4 KiB": 67, "log 16 B-8 KiB": 9,
                             "log 64 B-64 KiB": 4, "network mix": 62, "1-10 KB": 57},
    ("small", MIB): {"1-64 B": 66, "16-256 B": 81, "powers to 4 KiB": 83, "log 16 B-8 KiB": 76,
                     "log 64 B-64 KiB": 52, "network mix": 82, "1-10 KB": 79},
}


def build(folder, name):
    sources, definitions = HEAPS[name]
    output = os.path.join(folder, name.replace(", ", "_").replace(" ", "_"))
    subprocess.run(["gcc", *FLAGS, *definitions, *PROGRAM, *sources, "-o", output], cwd=ROOT, check=True)
    return output


def measure(program, size):
    """{load: percent}"""
    said = subprocess.run([program, str(size)], check=True, capture_output=True, text=True, timeout=900).stdout
    return {load: int(percent) for load, percent in (line.split("\t") for line in said.splitlines())}


def table(found):
    loads = list(next(iter(found.values())))
    lines = [BEGIN, "Percent of the region, gcc -O2 on this machine:", "",
             "| region | heap | " + " | ".join(loads) + " |", "|---" * (len(loads) + 2) + "|"]
    for (name, size), percents in found.items():
        cells = [f"{size // MIB} MiB", name, *(str(percents[load]) for load in loads)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, END])


def write(found):
    with open(README, encoding="utf-8") as file:
        text = file.read()
    begin, end = text.index(BEGIN), text.index(END) + len(END)
    with open(README, "w", encoding="utf-8") as file:
        file.write(text[:begin] + table(found) + text[end:])


def too_low(found):
    return [f"{name} in {size // MIB} MiB serves {found[name, size][load]} % of {load}, {least} is the limit"
            for (name, size), limits in LIMITS.items() for load, least in limits.items()
            if found[name, size][load] < least]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    regions = REGIONS if arguments.write else (MIB,)
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        programs = {name: build(folder, name) for name in HEAPS
                    if arguments.write or name in ("core", "core, bounded", "small")}
        for size in regions:
            for name, program in programs.items():
                if size <= SLOW.get(name, size):
                    found[name, size] = measure(program, size)
    wrong = too_low(found)
    if arguments.write:
        write(found)
    print("not ok - fill" if wrong else "ok - fill")
    for what in wrong:
        print("#   " + what)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
