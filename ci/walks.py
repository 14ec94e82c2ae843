#!/usr/bin/env python3
"""Checks the walks of docs/ARCHITECTURE.md against the code: each step begins with one file, no file comes twice, and
what a step's file defines is named by the file of an earlier step, or by a header that this includes.

  ci/walks.py [ROOT]        one line for each wrong step; exit 1 if there is any
  ci/walks.py --self-test   plants wrong steps in a made-up tree, checks that each is reported
"""
# SPDX-License-Identifier: MIT
import re
import sys

import checking

DOCUMENT = "docs/ARCHITECTURE.md"
WALK = re.compile(r"^## (The walk of .*?)$(.*?)(?=^## |\Z)", flags=re.M | re.S)
STEP = re.compile(r"^(\d+)\. (.*?)(?=^\d+\. |^\S|\Z)", flags=re.M | re.S)
FILE = re.compile(r"`((?:shim|lib)/[\w/]+\.[ch])`")
DEFINED = re.compile(r"^(?!#|typedef|\s)[^\n=;{}]*?\b(\w+)\([^;{}]*\)\s*\{", flags=re.M)
INCLUDED = re.compile(r'^#include "(\w+/\w+\.h)"', flags=re.M)


def code_of(root, path):
    return re.sub(r"/\*.*?\*/", "", (root / path).read_text(), flags=re.S)


def words_of(root, path):
    """The words of a file, and of the headers of lib/ that it includes."""
    words, waiting, seen = set(), [root / path], set()
    while waiting:
        file = waiting.pop()
        if file in seen or not file.is_file():
            continue
        seen.add(file)
        code = code_of(root, file)
        calls = re.sub(r"^[^\s#][^\n{}]*\);$", "", code, flags=re.M)  # without declarations
        words.update(re.findall(r"\w+", calls))
        # heap/entry.h only chooses between an entry function and its wrapper for valgrind
        waiting += [root / "lib" / name for name in INCLUDED.findall(code)
                    if file.suffix == ".c" or name == "heap/entry.h"]
    return words


def judge_walk(root, name, text):
    named, passed = set(), []
    for number, step in STEP.findall(text):
        files = FILE.findall(step)
        where = f"{DOCUMENT}: {name}, step {number}"
        if not files or not step.startswith(f"`{files[0]}`"):
            yield f"{where} does not begin with a file"
            continue
        path = files[0]
        if not (root / path).is_file():
            yield f"{where}: there is no {path}"
            continue
        if path in passed:
            yield f"{where} goes back to {path}"
        if passed and not named & set(DEFINED.findall(code_of(root, path))):
            yield f"{where}: no earlier step names a function of {path}"
        passed.append(path)
        named |= words_of(root, path)


def judge(root):
    walks = WALK.findall((root / DOCUMENT).read_text())
    if not walks:
        yield f"{DOCUMENT} has no walk"
    for name, text in walks:
        yield from judge_walk(root, name, text)


def self_test():
    good = {DOCUMENT: "# Nouns\n\n## The walk of malloc\n\n1. `shim/a.c` begins.\n2. `lib/heap/b.h`: goes on.\n",
            "shim/a.c": '#include "heap/c.h"\nvoid a(void) {\n    c();\n    b();\n}\n',
            "lib/heap/b.h": "static inline void b(void) {\n}\n", "lib/heap/c.h": "void c(void);\n",
            "lib/heap/d.c": "void d(void) {\n}\n"}
    plants = [({}, None), ({DOCUMENT: "# None\n"}, "has no walk")]
    plants += [({DOCUMENT: good[DOCUMENT] + step}, expected) for step, expected in (
        ("3. Then `lib/heap/b.h`.\n", "does not begin with a file"), ("3. `lib/heap/e.c` ends.\n", "there is no"),
        ("3. `shim/a.c` again.\n", "goes back"), ("3. `lib/heap/d.c` ends.\n", "no earlier step names"))]
    return checking.try_plants(good, plants, judge)


if __name__ == "__main__":
    checking.judge_tree(__doc__, sys.argv[1:], self_test, judge)
