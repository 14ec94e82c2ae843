#!/usr/bin/env python3
"""Checks that the public headers document every function: parameters, result, who may call it and what it costs.

    ci/headers.py               a line for each function that lacks something; exit 1 when there is any
    ci/headers.py --self-test   functions that must be found lacking

A comment is above a function, or above several without an empty line between. It names each parameter, has a line
"returns" unless it returns nothing, and a line "thread, cost"; these words are at the beginning of a line, where
clang-format leaves them as long as no line of the comment is too wide.
"""
# SPDX-License-Identifier: MIT
import re
import sys
from pathlib import Path

import checking

FOLDER = Path(__file__).resolve().parent.parent / "include/heapalloc"
# port.h is implemented by worlds and called by the core only: its head says who calls the functions, and when.
LEFT_OUT = ("port.h",)
OBVIOUS = {"heap", "arena", "collected", "pool", "void"}  # what the function belongs to
FIELDS = ("returns", "thread, cost")
FUNCTION = re.compile(r"^(?:extern )?([\w ]+?[ *]+)((?:heapalloc|heap)_\w+)\((.*?)\)(?:\s*__attribute__\(\(.*?\)\))?;$",
                      flags=re.M | re.S)


def parts_of(text):
    """Comments, each with the code that follows until an empty line or the next comment."""
    for match in re.finditer(r"^/\*(.*?)\*/\n((?:(?!/\*)[^\n]+\n)*)", text, flags=re.M | re.S):
        yield match.group(1), match.group(2)


def parameters_of(text):
    text = re.sub(r"\(\*(\w+)\)\([^()]*\)", r"\1", text)  # a function's pointer is its name
    for part in text.split(","):
        words = re.findall(r"\w+", part)
        if words and words[-1] not in OBVIOUS:
            yield words[-1]


def lacks_of(comment, result, parameters):
    begins = re.findall(r"^ \* +(returns|thread, cost)\b", comment, flags=re.M)
    if result.replace("HEAPALLOC_API", "").replace('__attribute__((visibility("default")))', "").strip() != "void":
        if "returns" not in begins:
            yield "no line 'returns'"
    if "thread, cost" not in begins:
        yield "no line 'thread, cost'"
    for field in FIELDS:
        if re.search(rf"[^\s*] +{field}  +\S", comment):
            yield f"'{field}' is not at the beginning of its line"
    for name in parameters:
        if not re.search(rf"\b{name}\b", comment):
            yield f"nothing about {name}"


def wrong_in(text):
    documented = set()
    # The body of an inline function is no interface.
    text = re.sub(r"^static inline ([^;{]*\)) \{\n.*?^\}\n", r"\1;\n", text, flags=re.M | re.S)
    text = re.sub(r'__attribute__\(\(visibility\("default"\)\)\) ?', "", text)
    for comment, code in parts_of(text):
        for result, name, parameters in FUNCTION.findall(code):
            if result.startswith("typedef"):
                continue
            documented.add(name)
            for lack in lacks_of(comment, result, parameters_of(parameters)):
                yield f"{name}: {lack}"
    for result, name, _ in FUNCTION.findall(text):
        if name not in documented and not result.startswith("typedef"):
            yield f"{name}: no comment"


def self_test():
    good = ("/* Do it.\n * bytes         of them\n * returns       NULL\n * thread, cost  any; O(1)  */\n"
            "void *heap_do(size_t bytes, void (*f)(int a, int b));\n")
    good = good.replace("of them", "of them, with `f`")
    assert not list(wrong_in(good)), list(wrong_in(good))
    inline = good.replace("void *heap", "static inline void *heap").replace("));", ")) {\n    return heap_it(16);\n}")
    assert not list(wrong_in(inline)) and list(wrong_in(inline.replace(" * returns ", " * answers ")))
    for old, new in ((" * returns ", " * answers "), ("thread, cost", "cost"), ("bytes  ", "size  "), ("`f`", "it"),
                     ("NULL\n * thread", "NULL thread"), ("*/\n", "*/\n\n")):
        assert list(wrong_in(good.replace(old, new))), (old, new)
    assert not list(wrong_in(good.replace("void *heap", "void heap").replace(" * returns       NULL\n", "")))


def main(arguments):
    checking.begin(__doc__, arguments, self_test)
    if arguments:
        checking.refuse(f"there is no option {arguments[0]}")
    wrong = [f"{path.name}: {what}" for path in sorted(FOLDER.glob("*.h")) if path.name not in LEFT_OUT
             for what in wrong_in(path.read_text())]
    checking.end(wrong)


sys.exit(main(sys.argv[1:]))
