#!/usr/bin/env python3
"""Checks what a compiler accepts in our C: no call passes `true` or `false`, whose meaning a reader cannot tell, no two
files that are compiled together have a static function of the same name, and racing accesses are loaded and stored
atomically, except on the fast paths.

  ci/code.py [ROOT]        one line per fault; exit 1 when there is any
  ci/code.py --numbers     how many debug_checks each layer of lib/ has
  ci/code.py --self-test   plants faults in a made-up tree, checks that each is reported
"""
# SPDX-License-Identifier: MIT
import pathlib
import re
import sys

import checking

HERE = pathlib.Path(__file__).resolve().parent
# Each is one program, or a library; a folder below that is named too is not part of it.
PROGRAMS = ("lib", "shim", "tools", "kernel", "kernel/boards", "kernel/example", "kernel/fill", "kernel/small")
# A stored value may be a boolean.
STORES = re.compile(r"^(?:__atomic_\w+|(?:racy_)?store(?:_\w+)?|swap_value|cas(?:_\w+)?)$")
# Where the core may use plain loads of what another thread writes: they save an instruction or two (decision 172).
FAST_PATHS = ("lib/base/memory.h", "lib/extras/object.h", "lib/extras/pool.h", "lib/extras/pool_serve.c",
              "lib/heap/cache.h", "lib/heap/canary.h", "lib/heap/entry_free.c", "lib/heap/fast.h",
              "lib/heap/hardened.h")
RACY = re.compile(r"\bracy_(?:load|store)\(")
CALL = re.compile(r"\b(\w+)\s*\(")
STATIC = re.compile(r"^(?:[A-Z]\w* )*static\b[^;{}=]*?\b(\w+)\([^;{}]*\)\s*\{", re.M)


def without_comments(text):
    text = re.sub(r"/\*.*?\*/|//[^\n]*", lambda found: re.sub(r"[^\n]", " ", found[0]), text, flags=re.S)
    return re.sub(r'"(?:\\.|[^"\\\n])*"', '""', text)


def arguments_at(text, start):
    """The arguments of a call whose opening bracket is before `start`."""
    depth, parts, from_ = 1, [], start
    for at in range(start, len(text)):
        if text[at] in "([{":
            depth += 1
        elif text[at] in ")]}":
            depth -= 1
        if depth == 0 or (depth == 1 and text[at] == ","):
            parts.append(text[from_:at].strip())
            from_ = at + 1
        if depth == 0:
            break
    return parts


def naked_booleans(text):
    for found in CALL.finditer(text):
        if STORES.match(found[1]) or found[1] in ("if", "while", "for", "switch", "return", "sizeof"):
            continue
        for part in arguments_at(text, found.end()):
            if part in ("true", "false"):
                yield text.count("\n", 0, found.start()) + 1, found[1], part


def files_of(root, program):
    inner = [root / other for other in PROGRAMS if other.startswith(program + "/")]
    for file in sorted((root / program).rglob("*.[ch]")):
        if "tests" not in file.relative_to(root).parts and not any(folder in file.parents for folder in inner):
            yield file


def judge(root):
    faults = []
    for program in PROGRAMS:
        known = {}
        for file in files_of(root, program):
            text, path = without_comments(file.read_text()), file.relative_to(root)
            faults += [f"{path}:{line}: {name}(..., {word}, ...): a word of an enum says what that means"
                       for line, name, word in naked_booleans(text)]
            if program == "lib" and str(path) not in FAST_PATHS and RACY.search(text):
                faults.append(f"{path}: racy_load() and racy_store() are for the fast paths: load_relaxed() elsewhere")
            for name in dict.fromkeys(found[1] for found in STATIC.finditer(text)):
                if name in known and known[name] != path:
                    faults.append(f"{path}: {known[name]} has a static function {name}() too: one gets its module's"
                                  " prefix")
                known.setdefault(name, path)
    return faults


def numbers(root):
    for layer in sorted(path for path in (root / "lib").iterdir() if path.is_dir()):
        texts = [file.read_text() for file in sorted(layer.glob("*.[ch]"))]
        lines = sum(len(text.splitlines()) for text in texts)
        checks = sum(len(re.findall(r"\bdebug_check\(", without_comments(text))) for text in texts)
        print(f"{layer.name:<8} {lines:5} lines  {checks:4} debug_checks  {100 * checks / max(lines, 1):4.1f} in a"
              " hundred lines")


def self_test():
    good = {"lib/low/one.c": "static int one_get(void) {\n    return store_relaxed(x, true);\n}\n",
            "kernel/small/a.c": "static int take(int x) {\n    return x;\n}\n"}
    plants = [({}, None), ({"lib/low/one.h": "INLINE int one_add(void) {\n    return two(1, (3), true);\n}\n"},
               "two(..., true"),
              ({"shim/a.c": "int a = f(g(b, \"true\"), /* true */ 1);\n"}, None),
              ({"shim/a.c": "int a = f(\n    false);\n"}, "shim/a.c:1: f(..., false"),
              ({"lib/high/two.h": "INLINE int one_get(void) {\n}\nCOLD static int one_get(void) {\n}\n"},
               "one_get() too"),
              ({"lib/high/two.h": "INLINE int two(void) {\n    return racy_load(x);\n}\n"}, "load_relaxed() elsewhere"),
              ({"lib/heap/fast.h": "INLINE int two(void) {\n    return racy_load(x);\n}\n"}, None),
              ({"kernel/a.c": "static int take(void) {\n}\n"}, None)]
    return checking.try_plants(good, plants, judge)


if __name__ == "__main__":
    if sys.argv[1:] == ["--numbers"]:
        sys.exit(numbers(HERE.parent))
    checking.judge_tree(__doc__, sys.argv[1:], self_test, judge)
