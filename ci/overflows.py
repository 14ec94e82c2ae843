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


def main(arguments):
    build = Path(arguments[arguments.index("--build") + 1] if "--build" in arguments else ROOT / "build").resolve()
    path = ROOT / "SECURITY.md"
    text = path.read_text()
    if BEGIN not in text or END not in text:
        sys.exit("overflows: SECURITY.md has no place for the table")
    if "--check" in arguments:
        stale = [row[0] for row in ROWS if row[-1] == 1 and line(build, *row) not in text]
        if stale:
            print(f"SECURITY.md has other counts for {' and '.join(stale)} than this build; run ci/overflows.py")
        return bool(stale)
    front, rest = text.split(BEGIN)
    head = "| library | first blocks: caught, defused, silent | later ones: caught, defused, silent |\n|---|---|---|\n"
    path.write_text(front + BEGIN + head + "".join(line(build, *row) for row in ROWS) + END + rest.split(END)[1])
    return 0


if __name__ == "__main__":
    if "--help" in sys.argv:
        print(__doc__.strip())
        sys.exit(0)
    sys.exit(main(sys.argv[1:]))
