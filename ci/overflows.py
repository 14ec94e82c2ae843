#!/usr/bin/env python3
"""Counts overflows under each library and writes the table of SECURITY.md.

    ci/overflows.py [--build BUILD]           writes the table, from the build in `build` unless told another
    ci/overflows.py --check [--build BUILD]   exit 1 when the table says anything else

BUILD/tests/misuse/misuse_overflow explains what is counted. Of RUNS runs the one with the fewest caught overflows counts,
because the hardened library hands out blocks in random order.
"""
# SPDX-License-Identifier: MIT
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- overflows: written by ci/overflows.py -->\n", "<!-- end of overflows -->\n"
ROWS = (("`libheapalloc.so`", "libheapalloc.so", ""),
        ("`libheapalloc.so`, `redzones=8`", "libheapalloc.so", "redzones=8"),
        ("`libheapalloc-hardened.so`", "libheapalloc-hardened.so", ""))
RUNS = 5
SUM = re.compile(r"^all (\w+): (\d+) caught, (\d+) defused, (\d+) silent, (\d+) harm", flags=re.M)


def count(build, library, options):
    """{row: (caught, defused, silent, harm)} under a library, or under glibc's malloc."""
    environment = {key: value for key, value in os.environ.items() if key not in ("LD_PRELOAD", "HEAPALLOC")}
    if library:
        environment |= {"LD_PRELOAD": str(build / library), "HEAPALLOC": options}
    text = subprocess.run([build / "tests/misuse/misuse_overflow"], env=environment, capture_output=True, text=True,
                          check=True).stdout
    return {row: tuple(map(int, numbers)) for row, *numbers in SUM.findall(text)}


def count_least(build, library, options):
    """The same of several runs: for each row that with the fewest caught."""
    runs = [count(build, library, options) for _ in range(RUNS)]
    return {row: min(run[row] for run in runs) for row in runs[0]}


def table(build):
    lines = ["| library | first blocks: caught, defused, silent | later ones: caught, defused, silent |", "|---|---|---|"]
    for name, library, options in ROWS:
        sums = count_least(build, library, options)
        if any(sums[row][3] for row in sums):
            sys.exit(f"overflows: {library} lets two blocks overlap")
        lines.append("| " + " | ".join([name] + [", ".join(map(str, sums[row][:3])) for row in ("short", "long")]) + " |")
    return "\n".join(lines) + "\n"


def main(arguments):
    build = Path(arguments[arguments.index("--build") + 1] if "--build" in arguments else ROOT / "build").resolve()
    path = ROOT / "SECURITY.md"
    text = path.read_text()
    if BEGIN not in text or END not in text:
        sys.exit("overflows: SECURITY.md has no place for the table")
    front, rest = text.split(BEGIN)
    new = front + BEGIN + table(build) + END + rest.split(END)[1]
    if "--check" in arguments:
        if new != text:
            print("SECURITY.md has other counts than this build; run ci/overflows.py")
        return new != text
    path.write_text(new)
    return 0


if __name__ == "__main__":
    if "--help" in sys.argv:
        print(__doc__.strip())
        sys.exit(0)
    sys.exit(main(sys.argv[1:]))
