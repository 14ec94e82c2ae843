#!/usr/bin/env python3
"""Checks the order of modules inside folders: a module (its .h and .c) includes and calls only those before it in the
folder's line of ci/modules.txt. A folder without a line is a folder of programs: their includes form no cycle. And no
layer of lib/ calls a higher one.

  ci/modules.py [ROOT]        one line per back edge; exit 1 if there is any
  ci/modules.py --self-test   plants back edges in a made-up tree, checks that each is reported
"""
# SPDX-License-Identifier: MIT
import pathlib
import re
import sys

import checking

HERE = pathlib.Path(__file__).resolve().parent
DECLARED = re.compile(r"^(?!static|INLINE|typedef|#|//|/\*|\s|\})[\w\s\*]*?\b(\w+)\([^;{]*\)[^;{]*;", re.M)
DEFINED = re.compile(r"^(?!INLINE|static|typedef|#|//|/\*|\s|\})[\w\s\*\(\)\",]*?\b(\w+)\([^;{}]*\)\s*\{", re.M)
STATIC = re.compile(r"\bstatic\b")
OWN = re.compile(r"^(?:static|INLINE)\b[\w\s\*\(\)\",]*?\b(\w+)\([^;{}]*\)\s*\{", re.M)


def without_comments(text):
    text = re.sub(r"/\*.*?\*/", lambda found: re.sub(r"[^\n]", " ", found[0]), text, flags=re.S)
    return re.sub(r'"(\\.|[^"\\\n])*"(?=[^\n]*$)', lambda found: found[0], text, flags=re.M)


def read_layers(path):
    return next(line.split()[1:] for line in path.read_text().splitlines() if line.startswith("include "))


def read_order(path):
    order = {}
    for line in path.read_text().splitlines():
        words = line.split()
        if words and not words[0].startswith("#"):
            order.setdefault(words[0], []).extend(words[1:])
    return order


def defined_functions(files):
    """Name of each external function of the folder, with the modules whose .c define it: several, if a build uses
    one of them. Upper case is a macro's name."""
    where = {}
    for file in files:
        if file.suffix != ".c":
            continue
        for found in DEFINED.finditer(without_comments(file.read_text())):
            if not STATIC.search(found[0].split("(")[0]) and found[1] != "__attribute__" and not found[1].isupper():
                where.setdefault(found[1], []).append(file.stem)
    return where


def uses_of(folder, root):
    """(place, module, verb, other) for each include and call between two modules of the folder."""
    files = sorted(folder.glob("*.[ch]"))
    where = defined_functions(files)
    included = re.compile(rf'#include "(?:{folder.name}/)?(\w+)\.h"')
    modules = {file.stem for file in files}
    for file in files:
        text = without_comments(file.read_text())
        own = {found[1] for found in OWN.finditer(text)}
        for number, line in enumerate(text.splitlines(), 1):
            used = {found[1]: "includes" for found in included.finditer(line)}
            for word in re.findall(r"\b(\w+)\s*\(", line):
                definers = [] if word in own or file.stem in where.get(word, []) else where.get(word, [])
                if definers and not (file.suffix == ".h" and line.rstrip().endswith(";") and line[0] != " "):
                    used.update({other: "calls" for other in definers if other not in used})
            for other in modules & used.keys() - {file.stem}:
                yield f"{file.relative_to(root)}:{number}", file.stem, used[other], other


def judge_ordered(folder, names, root):
    """The faults of a folder that has a line: what it does not place, places in vain, and each back edge."""
    modules = {file.stem for file in folder.glob("*.[ch]")}
    rank = {name: place for place, name in enumerate(names)}
    faults = [f"{folder.relative_to(root)}: ci/modules.txt does not place the module {stem}"
              for stem in sorted(modules - set(names))]
    faults += [f"{folder.relative_to(root)}: there is no module {name}, which ci/modules.txt places"
               for name in names if name not in modules]
    faults += [f"{place}: {module} {verb} {other}, which is above it"
               for place, module, verb, other in uses_of(folder, root)
               if rank.get(other, -1) > rank.get(module, len(rank))]
    return faults


def judge_programs(folder, root):
    """The faults of a folder without a line: modules that include each other in a circle. Calls say nothing there:
    a program's parts and what runs them are linked as each program wants them."""
    waiting = {}
    for _, module, verb, other in uses_of(folder, root):
        if verb == "includes":
            waiting.setdefault(module, set()).add(other)
            waiting.setdefault(other, set())
    while placed := {module for module, used in waiting.items() if not used}:
        waiting = {module: used - placed for module, used in waiting.items() if module not in placed}
    return [f"{folder.relative_to(root)}: a cycle among {' '.join(sorted(waiting))}"] if waiting else []


def judge_layers(root, layers):
    """Calls of functions that only a higher layer of lib/ defines: ci/layers.sh sees includes, and not a declaration
    by hand."""
    folders = [root / "lib" / layer for layer in layers]
    rank_of = {}
    for rank, folder in enumerate(folders):
        for name in defined_functions(sorted(folder.glob("*.c"))):
            rank_of.setdefault(name, rank)
    for rank, folder in enumerate(folders):
        for file in sorted(folder.glob("*.[ch]")):
            text = without_comments(file.read_text())
            own = {found[1] for found in OWN.finditer(text)}
            for number, line in enumerate(text.splitlines(), 1):
                for name in re.findall(r"(?<![\w.>])(\w+)\(", line):
                    if rank_of.get(name, 0) > rank and name not in own:
                        yield (f"{file.relative_to(root)}:{number}: {layers[rank]} calls {name}(), which is in"
                               f" {layers[rank_of[name]]}, above it")


def judge(root, order, layers=()):
    faults = list(judge_layers(root, layers))
    for name, names in order.items():
        faults += judge_ordered(root / name, names, root)
    for folder in sorted({file.parent for file in root.glob("[!.]*/**/*.[ch]")}):
        name = str(folder.relative_to(root))
        if name not in order and not name.startswith("build"):
            faults += judge_programs(folder, root)
    return faults


def self_test():
    order = {"lib/low": ["one", "two"]}
    good = {"one.h": "int one_get(void);\n", "one.c": '#include "low/one.h"\nint one_get(void) {\n    return 1;\n}\n',
            "two.h": '#include "low/one.h"\nint two_get(void);\n',
            "two.c": "int two_get(void) {\n    return one_get();\n}\n"}
    plants = [({}, None), ({"one.h": '#include "low/two.h"\n'}, "one includes two"),
              ({"one.c": "int one_get(void) {\n    return two_get();\n}\n"}, "one calls two"),
              ({"one.c": '#include "two.h"\n'}, "one includes two"), ({"two.c": '#include "one.h"\n'}, None),
              ({"one.c": "static int two_get(void) {\n}\nint one_get(void) {\n    return two_get();\n}\n"}, None),
              ({"three.c": "int x;\n"}, "does not place the module three")]
    def in_folder(files):
        return {f"lib/low/{name}": text for name, text in files.items()}

    plants = [(in_folder(changed), expected) for changed, expected in plants]
    plants += [({"tests/a.h": "", "tests/b.c": '#include "a.h"\n'}, None),
               ({"tests/a.h": '#include "b.h"\n', "tests/b.c": '#include "a.h"\n'}, "a cycle among a b")]
    plants += [({"lib/high/three.c": "int three_get(void) {\n    return two_get();\n}\n"}, None),
               ({"lib/high/three.c": "int three_get(void) {\n    return 3;\n}\n",
                 "lib/low/two.c": "int three_get(void);\nint two_get(void) {\n    return three_get();\n}\n"},
                "two.c:3: low calls three_get(), which is in high")]
    return checking.try_plants(in_folder(good), plants, lambda root: judge(root, order, ("low", "high")))


if __name__ == "__main__":
    checking.judge_tree(__doc__, sys.argv[1:], self_test, lambda root: judge(
        root, read_order(HERE / "modules.txt"), read_layers(HERE / "layers.txt")))
