#!/usr/bin/env python3
"""Checks that every word in the core's names has one meaning: the words of module names and struct fields in lib/ are
in a glossary, or plain English.

  ci/glossary.py [ROOT]        a line for each word that is in neither, in both, or in one and used nowhere; exit 1 when
                               there is any
  ci/glossary.py --self-test   plants such words in a made-up tree, checks that each is reported

The glossaries are the tables "| noun | what it is |" of docs/ARCHITECTURE.md and docs/glossary.md: a row's first cell
has its words, as have *emphasised* words in the second. ci/words.txt lists plain English words. A plural is the
same word.
"""
# SPDX-License-Identifier: MIT
import pathlib
import re
import sys

import checking

HERE = pathlib.Path(__file__).resolve().parent
GLOSSARIES = ("docs/ARCHITECTURE.md", "docs/glossary.md")
PLAIN = "ci/words.txt"
STRUCT = re.compile(r"\b(?:struct|union)\b[^;{}()=]*\{")
NOISE = re.compile(r"__attribute__\s*\(\(.*?\)\)|\[[^\]]*\]|:\s*\d+")


def without_comments(text):
    text = re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.S)
    return re.sub(r'"(?:\\.|[^"\\\n])*"', '""', text)


def body_at(text, start):
    """The text between a brace before `start` and the matching one."""
    depth, at = 1, start
    while depth and at < len(text):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        at += 1
    return text[start:at - 1]


def fields_of(text):
    """Names of the fields of every struct and union; a nested one is found separately."""
    for found in STRUCT.finditer(text):
        body = body_at(text, found.end())
        while (flat := re.sub(r"\{[^{}]*\}", " ", body)) != body:
            body = flat
        for declaration in body.split(";"):
            pointer = re.search(r"\(\*\s*(\w+)", declaration)
            parts = [pointer[1]] if pointer else NOISE.sub(" ", declaration).split(",")
            for part in parts:
                words = re.findall(r"\w+", part)
                if words and words[-1] not in ("struct", "union"):
                    yield words[-1]


def words_of(name):
    return [word for word in name.lower().split("_") if not re.fullmatch(r"\d*|u?int\d+", word)]


def names_of(root):
    """{word: where it occurs first} of modules and fields; and every word of any name in lib/."""
    stated, used = {}, set()
    for file in sorted(root.glob("lib/**/*.[ch]")):
        text = without_comments(file.read_text())
        for name in re.findall(r"[A-Za-z_]\w*", text):
            used.update(words_of(name))
        used.update(words_of(file.stem))
        for name in [file.stem, *fields_of(text)]:
            for word in words_of(name):
                stated.setdefault(word, f"{file.relative_to(root)}: {name}")
    return stated, used


def glossary_of(root):
    words = {}
    for path in GLOSSARIES:
        rows = False
        for line in (root / path).read_text().splitlines() if (root / path).exists() else ():
            cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
            rows = cells[:2] == ["noun", "what it is"] or (rows and len(cells) == 2)
            if rows and cells[0] != "noun" and cells[0].strip("-"):
                said = [cells[0], *re.findall(r"\*([^*]+)\*", cells[1])]
                words.update({word: path for text in said for word in re.findall(r"[a-z]+", text.lower())})
    return words


def forms_of(word):
    """The word and its possible plural or singular."""
    forms = {word, word + "s", word + "es"}
    forms.update(word[:-len(end)] for end in ("s", "es") if word.endswith(end) and len(word) > len(end) + 1)
    return forms


def judge(root):
    stated, used = names_of(root)
    glossary = glossary_of(root)
    plain = {word for line in (root / PLAIN).read_text().splitlines() if not line.startswith("#")
             for word in line.split()}
    faults = [f"{where}: the word `{word}` is neither in a glossary nor in {PLAIN}" for word, where in stated.items()
              if not forms_of(word) & (glossary.keys() | plain)]
    faults += [f"{path}: no name in lib/ has the word `{word}`" for word, path in sorted(glossary.items())
               if not forms_of(word) & used and word not in plain]
    faults += [f"{PLAIN}: no module or field of lib/ has the word `{word}`" for word in sorted(plain)
               if not forms_of(word) & stated.keys()]
    return faults


def self_test():
    good = {"lib/low/cell.h":
            "struct cell {\n    struct cell *next; /* bucket */\n    int cells_left[4];\n"
            "    void (*visit)(int bucket);\n};\n",
            "docs/glossary.md": "| noun | what it is |\n|---|---|\n| cell | the *visit* of one |\n\ntext | more\n",
            "ci/words.txt": "# plain\nnext left\n"}
    plants = [({}, None), ({"lib/low/bucket.c": "int x;\n"}, "lib/low/bucket.c: bucket: the word `bucket`"),
              ({"lib/low/cell.c": "union { struct { int gnome_bytes; } a; } x;\n"}, "the word `gnome`"),
              ({"lib/low/cell.c": "struct left { unsigned flag : 3; };\n"}, "the word `flag`"),
              ({"docs/glossary.md": good["docs/glossary.md"].replace("| cell |", "| cell, heap |")},
               "has the word `heap`"),
              ({"ci/words.txt": "next left gnome\n"}, "ci/words.txt: no module or field")]
    return checking.try_plants(good, plants, judge)


if __name__ == "__main__":
    checking.judge_tree(__doc__, sys.argv[1:], self_test, judge)
