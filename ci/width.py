#!/usr/bin/env python3
"""Checks that no line of the tree has more than 120 columns, whatever the kind of file.

  ci/width.py [ROOT]       one line per fault; exit 1 when there is any
  ci/width.py --self-test  plants long lines in a made-up tree, checks that each is reported
"""
# SPDX-License-Identifier: MIT
import re
import sys

import checking

COLUMNS = 120
# What may be wider: measured results, pictures and profiles that a program wrote, the ABI as abidw wrote it, and what
# tests type into a program and expect it to print.
DATA = re.compile(r"^bench/results/.*\.(?!md$)\w+$|^tests/fuzz/profiles/|\.(?:svg|abi|expected|script)$")


def may_be_wide(name, text):
    """The numbers of a document's lines that may be wider: rows of tables, and what a program printed."""
    printed = False
    for number, line in enumerate(text.splitlines() if name.endswith(".md") else (), 1):
        if line.startswith("```"):
            printed = line == "```text"
        if printed or line.startswith("|"):
            yield number


def judge(root):
    for name in map(str, checking.files_of(root)):
        if DATA.search(name):
            continue
        text = (root / name).read_text(errors="replace")
        wide = set(may_be_wide(name, text))
        for number, line in enumerate(text.splitlines(), 1):
            if len(line) > COLUMNS and number not in wide:
                yield f"{name}:{number}: {len(line)} columns"


def self_test():
    wide, at_limit = "x" * (COLUMNS + 1) + "\n", "é" * COLUMNS + "\n"
    good = {"a.c": at_limit, "a.md": f"| {wide}\n```text\n{wide}```\n", "bench/results/a.csv": wide, "b.svg": wide,
            "tools/a.expected": wide}
    plants = [({}, None), ({"a.c": "\n" + wide}, "a.c:2: 121 columns")]
    plants += [({name: wide}, f"{name}:1:") for name in ("a.md", "a.py", "ci/a.sh", "a.css", "CMakeLists.txt", "noname",
                                                         "bench/results/README.md", "bench/a.csv")]
    plants += [({"a.md": f"```text\n```\n{wide}"}, "a.md:3:"), ({"a.md": f"```c\n{wide}```\n"}, "a.md:2:")]
    return checking.try_plants(good, plants, judge)


if __name__ == "__main__":
    checking.judge_tree(__doc__, sys.argv[1:], self_test, judge)
