#!/usr/bin/env python3
"""Fails when the default or the fast library executes more instructions per operation than its budget allows.

    budget.py [--ops PATH] LIBRARY FAST_LIBRARY

Prints every row of the table; exit status 1 when a row is over its budget or could not be counted. Counts are exact,
so that a repeated run gives the same verdict whatever else the machine does.
"""
# SPDX-License-Identifier: MIT
import argparse
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from counts.count import DEFAULT_COLUMN, FAST_COLUMN, ROWS, Counter  # noqa: E402


def judge(rows, counts):
    """Yields (title, best peer, [(count, budget, fits) for default and fast])."""
    for row in rows:
        cells = []
        for name, column in (("default", DEFAULT_COLUMN), ("fast", FAST_COLUMN)):
            count, budget = counts[name]["values"].get(row[0]), row[column]
            cells.append((count, budget, count is not None and count <= budget))
        yield row[1], row[2], cells


def cell_text(cell):
    count, budget, fits = cell
    shown = "no count" if count is None else f"{count:.1f}"
    return f"{shown:>9} of {budget:<4}{'    ' if fits else 'OVER'}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library")
    parser.add_argument("fast_library")
    parser.add_argument("--ops", required=True, help="the program `ops` of bench/counts")
    arguments = parser.parse_args()
    libraries = {"default": arguments.library, "fast": arguments.fast_library}
    for path in libraries.values():
        if not os.path.exists(path):
            sys.exit(f"budget: {path} is not there")
    rows = [row for row in ROWS if row[DEFAULT_COLUMN] is not None]
    counts = Counter(arguments.ops).count(
        {name: os.path.realpath(path) for name, path in libraries.items()}, [r[0] for r in rows])
    print(f"{'instructions':<42}{'best peer':>9}   {'default':<19}   fast")
    over = 0
    for title, best, cells in judge(rows, counts):
        over += not all(fits for _, _, fits in cells)
        print(f"{title:<42}{best:>9}   {cell_text(cells[0])}   {cell_text(cells[1])}".rstrip())
    for name in libraries:
        for operation, reason in counts[name].get("missing", {}).items():
            print(f"{name}, {operation}: {reason}")
    print(f"{len(rows) - over} of {len(rows)} rows within budget")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
