#!/usr/bin/env python3
"""Checks that every public function that takes a pointer is tried with a wrong one, or documents what it answers.

    ci/misuses.py               a line for each function that is neither; exit 1 when there is any
    ci/misuses.py --self-test   functions that must be found untried

Tried is what has a row in tests/misuse (OBJECT, CALL, COLLECTED or PUTS), is called by a case there that ends well, or
by a test of the bare machine whose suite is called misuse. Documented is what stands in ERRORS below with words of its
comment, which are looked for there.
"""
# SPDX-License-Identifier: MIT
import re
import sys
from pathlib import Path

import checking

HEADERS = "include/heapalloc"
LEFT_OUT = ("port.h",)  # what a world writes, not what anybody calls
ROWS = re.compile(r'\b(?:OBJECT(?:_IN)?|CALL|COLLECTED)\(([^"]*)"(\w+)"')
FUNCTION = re.compile(r"^(?:\w+ )*?[\w ]+?[ *]+((?:heapalloc|heap)_\w+)\(([^;{]*?)\)\s*(?:__attribute__\(\(.*?\)\))?;$",
                      flags=re.M | re.S)

# What a function answers to what is wrong, or why nothing is wrong for it: words of its comment.
ERRORS = {
    "heapalloc_arena_alloc_room_1": "The same as heapalloc_arena_alloc()",
    "heapalloc_pool_get_last_1": "The same as heapalloc_pool_get()",
    "heapalloc_pool_put_last_1": "The same as heapalloc_pool_get()",
    "heapalloc_on_soft_limit": "NULL: print the sentence again",
    "heapalloc_profile_dump": "false with errno when it was never begun or cannot be written",
    "heap_init": "false when it is too small or the heap has memory already",
    "heap_add_region": "false when it is too small, or some of it is the heap's already",
    "heap_remove_region": "false when something in it is in use or kept by another core",
    "heap_figures": "filled in",
    "heap_hook": "false when this build does not call one of them",
    "heap_each": "in other builds none",
    "heapalloc_small_create": "NULL when that is too small",
    "heapalloc_small_add_region": "false when it is too small or overlaps what the heap has",
    "heapalloc_small_remove_region": "false when something in it is in use, it holds tables, or there is none",
    "heapalloc_small_alloc_from": "a power of two; any other returns NULL",
    "heapalloc_small_alloc": "NULL when there is no memory",
    "heapalloc_small_hook": "They may not use the heap",
    "heapalloc_small_figures": "sums over all sets of attributes",
    "heapalloc_small_check": "the name of the first that does not",
    "heapalloc_small_each": "in other builds none",
    "heapalloc_block_pool_init": "0: not even one",
    "heapalloc_block_pool_get": "NULL when there was none",
}


def pointed_at(root):
    """(name, comment) of the public functions that take a pointer."""
    for path in sorted((root / HEADERS).glob("*.h")):
        if path.name in LEFT_OUT:
            continue
        text = re.sub(r'__attribute__\(\(visibility\("default"\)\)\) ?', "", path.read_text())
        comment = ""
        for part in re.split(r"(/\*.*?\*/\n)", text, flags=re.S):
            if part.startswith("/*"):
                comment = " ".join(part.replace("\n *", " ").split())
                continue
            for name, parameters in FUNCTION.findall(part):
                if "*" in parameters and not re.search(rf"^typedef .*\b{name}\(", part, flags=re.M):
                    yield name, comment


def tried_in(root):
    tried = set()
    for path in (root / "tests/misuse").glob("*.c"):
        text = path.read_text()
        for before, name in ROWS.findall(text):
            tried |= {f"heapalloc_{word}" for word in [name, f"collected_{name}"] + re.findall(r"\w+", before)}
        for body in re.findall(r"^MISUSE\(.*?^}", text, flags=re.M | re.S):
            tried |= set(re.findall(r"\bheapalloc_\w+(?=\()", body))
        for body in re.findall(r"#define PUTS.*?^PUTS", text, flags=re.M | re.S):
            tried |= set(re.findall(r"\bheapalloc_pool_put(?=\()", body))
    for path in (root / "kernel").rglob("*.c"):
        for body in re.findall(r"^KTEST\(misuse,.*?^}", path.read_text(), flags=re.M | re.S):
            calls = re.findall(r"\bheap(?:alloc)?_\w+(?=\()", body)
            misused = [call for call in calls if not re.search("(create|_alloc|init|_get)$", call)]
            tried |= set(calls if len(calls) == 1 else misused)
    return tried


def judge(root):
    tried = tried_in(root)
    names = dict(pointed_at(root))
    for name, comment in names.items():
        if name in tried:
            continue
        if name not in ERRORS:
            yield f"{name}: no misuse of it is tried, and no error documented"
        elif ERRORS[name] not in comment:
            yield f"{name}: its comment does not say '{ERRORS[name]}'"
    for name in ERRORS:
        if name in tried and name in names:
            yield f"{name}: is tried, and need not stand in ERRORS"


def self_test():
    good = {f"{HEADERS}/a.h": "/* Do.\n * p may be NULL  */\nvoid heapalloc_do(void *p);\n"
                              "int heapalloc_count(int a);\n",
            "tests/misuse/a.c": 'CALL(does_wrong, "do", NULL, "is wrong", heapalloc_do(NULL))\n',
            "kernel/a.c": "KTEST(misuse, frees) {\n    heap_free(3);\n}\n"}
    plants = [({}, None),
              ({"tests/misuse/a.c": ""}, "heapalloc_do: no misuse"),
              ({"kernel/a.c": "", f"{HEADERS}/b.h": "/* Free. */\nvoid heap_free(\n    void *p);\n"},
               "heap_free: no misuse"),
              ({f"{HEADERS}/b.h": "/* Free. */\nvoid heap_free(void *p);\n"}, None),
              ({f"{HEADERS}/b.h": "/* Call. */\nvoid heapalloc_on_soft_limit(void *p);\n"}, "does not say")]
    return checking.try_plants(good, plants, judge)


checking.judge_tree(__doc__, sys.argv[1:], self_test, judge)
