#!/usr/bin/env python3
"""Checks that what the documents mention exists: links, paths, symbols, scripts and their options.

    ci/documents.py               a line for each fault; exit 1 if there is any
    ci/documents.py --wrap        wraps paragraphs that have a line too wide
    ci/documents.py --self-test   plants mistakes in a made-up tree
"""
# SPDX-License-Identifier: MIT
import re
import sys
import tempfile
import textwrap
from pathlib import Path

import checking
from width import COLUMNS

SOURCES = (".c", ".h", ".S", ".cc", ".cpp", ".sh", ".py", ".txt", ".cmake", ".json", ".map", ".ld", ".js", ".awk",
           ".in")
# A word is a placeholder when it has one of these.
PLACEHOLDER = re.compile(r"NAME|NNN|DIR\b|\*|\$|<|\.\.\.|^/|^~|^build|latest|\bLIB\b")
SYMBOL = re.compile(r"\b(?:(?:heapalloc|HEAPALLOC|heap|verify|medium|units|slab|remote|owner|port|fork)_\w+)\b(?!\.\w)")
PATH = re.compile(r"^[\w.-]+(?:/[\w.-]+)*/?$")
SUFFIX = re.compile(r"\w\.(?:c|h|S|cc|cpp|sh|py|md|txt|cmake|json|ld|svg|html|csv)$")


class Tree:
    """What exists: files, folders, words of the sources."""

    def __init__(self, root):
        self.root = root
        self.files = checking.files_of(root)
        self.names = {path.name for path in self.files}
        sources = [path for path in self.files if path.suffix in SOURCES and "results" not in path.parts]
        self.words = set()
        for path in sources:
            self.words.update(re.findall(r"\w+", (root / path).read_text(errors="replace")))

    def has_path(self, document, path):
        folders = (self.root, (self.root / document).parent, self.root / "lib", self.root / "include")
        return any((folder / path).exists() for folder in folders)

    def text(self, path):
        return (self.root / path).read_text(errors="replace")


def codes_of(text):
    """Inline code and lines of code blocks, with their line numbers."""
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            fenced = not fenced
        elif fenced or line.startswith("    "):
            yield number, line.strip(), True
        else:
            for code in re.findall(r"`([^`]+)`", line):
                yield number, code, False


def anchors_of(text):
    """The names that links within a document can have: its headings, in small letters, with - for spaces."""
    headings = re.findall(r"^#+ +(.+)$", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M), flags=re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def wrong_links(tree, document, text):
    for number, line in enumerate(text.splitlines(), 1):
        for target in re.findall(r"\]\(([^)\s]+)\)", line):
            path, _, anchor = target.partition("#")
            there = (tree.root / document).parent / path if path else tree.root / document
            if "://" in path:
                continue
            if not there.exists():
                yield number, f"no such file: {target}"
            elif anchor and there.suffix == ".md" and anchor not in anchors_of(there.read_text()):
                yield number, f"no such heading: {target}"


def wrong_codes(tree, document, text):
    for number, code, block in codes_of(text):
        words = code.split()
        for word in words if not block else ():
            word = word.rstrip(",.;:)")
            if PLACEHOLDER.search(word) or not PATH.match(word):
                continue
            if "/" in word and not tree.has_path(document, word) and (SUFFIX.search(word) or len(words) == 1):
                yield number, f"no such path: {word}"
            elif "/" not in word and SUFFIX.search(word) and word not in tree.names:
                yield number, f"no such file: {word}"
        for symbol in SYMBOL.findall(code):
            if not PLACEHOLDER.search(symbol) and symbol not in tree.words:
                yield number, f"no such symbol: {symbol}"
        yield from ((number, what) for what in wrong_command(tree, code))


def wrong_command(tree, code):
    """Calls of our scripts with options that they do not have."""
    match = re.search(r"(?:^|\s)(ci/[\w.]+\.(?:sh|py))((?:\s+[^#\s]\S*)*)", code)
    if not match:
        return
    script, arguments = match.groups()
    if not (tree.root / script).is_file():
        yield f"no such script: {script}"
        return
    known = tree.text(script)
    for further in ("bench/run.py", "kernel/tests/run.py"):
        if Path(further).parts[0] in script and (tree.root / further).is_file():
            known += tree.text(further)
    for option in re.findall(r"(?:^|\s)(--[a-z][\w-]*)", arguments):
        if option != "--help" and not re.search(rf"(?<![\w-]){option}(?![\w-])", known):
            yield f"{script} has no option {option}"


def wrapped(text):
    """The text with each paragraph and list item wrapped that has a line too wide."""
    out, part, fenced = [], [], False

    def end_part():
        if any(len(line) > COLUMNS for line in part):
            indent = re.match(r"(?:- |\d+\. )?", part[0]).end()
            part[:] = textwrap.wrap(" ".join(line.strip() for line in part), COLUMNS - 2, break_long_words=False,
                                    break_on_hyphens=False, subsequent_indent=" " * indent)
        out.extend(part)
        part.clear()

    for line in text.splitlines():
        fenced ^= line.startswith("```")
        apart = fenced or not line or line.startswith(("    ", "#", "|", "```", "<", "!"))
        if apart or re.match(r"- |\d+\. ", line):
            end_part()
        (out if apart else part).append(line)
    end_part()
    return "\n".join(out) + "\n"


def wrap_all(root):
    for path in checking.files_of(root):
        if path.suffix == ".md":
            (root / path).write_text(wrapped((root / path).read_text()))


def wrong_example(tree, document, text):
    """The README's example is the file that the tests compile."""
    if str(document) != "README.md":
        return
    text_of = tree.text("docs/example/words.c")
    example = text_of[text_of.find("#include"):]
    if f"```c\n{example}```" not in text:
        yield 1, "the example is not docs/example/words.c"


def judge(root):
    tree = Tree(root)
    for document in sorted(path for path in tree.files if path.suffix == ".md"):
        text = tree.text(document)
        for check in (wrong_links, wrong_codes, wrong_example):
            for number, what in check(tree, document, text):
                yield f"{document}:{number}: {what}"


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, text in (("ci/do.sh", "case $1 in --all) ;; esac\n"),
                           ("lib/a.c", "int heap_a;\n"), ("docs/example/words.c", "/* x */\n#include <a>\n")):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        good = "# t, U\n[a](lib/a.c) [a](#t-u) `lib/a.c` `a.c` `heap_a` `ci/do.sh --all`\n\n```c\n#include <a>\n```\n"
        (root / "README.md").write_text(good)
        assert not list(judge(root)), list(judge(root))
        for bad in ("[a](lib/b.c)", "[a](#u)", "`lib/b.c`", "`b.c`", "`heap_b()`", "`ci/do.sh --al`", "    ci/dx.sh"):
            (root / "README.md").write_text(good + bad + "\n")
            assert len(list(judge(root))) == 1, (bad, list(judge(root)))
        wide = good + "- " + "word " * 50 + "\n\n    " + "x" * 99 + "\n"
        assert max(map(len, wrapped(wide).splitlines())) <= COLUMNS and wrapped(wide).split() == wide.split()
        (root / "README.md").write_text(good.replace("<a>", "<b>"))
        assert len(list(judge(root))) == 1, "another example goes unnoticed"


def main(arguments):
    checking.begin(__doc__, arguments, self_test)
    if arguments == ["--wrap"]:
        wrap_all(Path(__file__).resolve().parent.parent)
        return 0
    if arguments:
        checking.refuse(f"there is no option {arguments[0]}")
    wrong = list(judge(Path(__file__).resolve().parent.parent))
    checking.end(wrong)


sys.exit(main(sys.argv[1:]))
