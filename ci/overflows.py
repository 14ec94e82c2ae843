#!/usr/bin/env python3
"""Counts overflows under each library and writes the table of SECURITY.md.

    ci/overflows.py [--build BUILD]           writes the table, from the build in `build` unless told another
    ci/overflows.py --check [--build BUILD]   exit 1 when the table says anything else

BUILD/tests/misuse/misuse_overflow explains what is counted. The hardened library hands out blocks in random order: its
row has the fewest that were caught in five runs, and is not checked.
"""
# SPDX-License-Identifier: MIT
import os
import re
import subprocess
import sys
from pathlib import Path

import checking

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- overflows: written by ci/overflows.py -->\n", "<!-- end of overflows -->\n"
ROWS = (("`libheapalloc.so`", "libheapalloc.so", "", 1),
        ("`libheapalloc.so`, `redzones=0`", "libheapalloc.so", "redzones=0", 1),
        ("`libheapalloc-hardened.so`", "libheapalloc-hardened.so", "", 5))
SUM = re.compile(r"^all (\w+): (\d+) caught, (\d+) defused, (\d+) silent, (\d+) harm", flags=re.M)


def count(build, library, options):
    """{row: (caught, defused, silent, harm)} under a library."""
    environment = {**os.environ, "LD_PRELOAD": str(build / library), "HEAPALLOC": options}
    text = subprocess.run([build / "tests/misuse/misuse_overflow"], env=environment, capture_output=True, text=True,
                          check=True).stdout
    return {row: tuple(map(int, numbers)) for row, *numbers in SUM.findall(text)}


def line(build, name, library, options, runs):
    """A library's line of the table: for short and long rows the run in which the fewest were caught."""
    counts = [count(build, library, options) for _ in range(runs)]
    sums = [min(run[row] for run in counts) for row in ("short", "long")]
    if any(harm for *_, harm in sums):
        sys.exit(f"overflows: {library} lets two blocks overlap")
    return "| " + " | ".join([name] + ["{}, {}, {}".format(*row) for row in sums]) + " |\n"


def understand(arguments):
    """(whether to check only, the build's folder)"""
    only_checks, build = False, ROOT / "build"
    rest = iter(arguments)
    for word in rest:
        if word == "--check":
            only_checks = True
        elif word == "--build":
            build = Path(next(rest, None) or checking.refuse("--build wants a folder"))
        else:
            checking.refuse(f"there is no option {word}")
    if not (build / "tests/misuse/misuse_overflow").exists():
        sys.exit(f"overflows: {build} has no tests/misuse/misuse_overflow: ci/build.sh builds it")
    return only_checks, build.resolve()


def main(arguments):
    only_checks, build = understand(arguments)
    path = ROOT / "SECURITY.md"
    text = path.read_text()
    if BEGIN not in text or END not in text:
        sys.exit("overflows: SECURITY.md has no place for the table")
    if only_checks:
        stale = [row[0] for row in ROWS if row[-1] == 1 and line(build, *row) not in text]
        if stale:
            print(f"SECURITY.md has other counts for {' and '.join(stale)} than this build; run ci/overflows.py")
        return bool(stale)
    front, rest = text.split(BEGIN)
    head = "| library | first blocks: caught, defused, silent | later ones: caught, defused, silent |\n|---|---|---|\n"
    path.write_text(front + BEGIN + head + "".join(line(build, *row) for row in ROWS) + END + rest.split(END)[1])
    return 0


if __name__ == "__main__":
    checking.begin(__doc__, sys.argv[1:], None)
    sys.exit(main(sys.argv[1:]))
