#!/usr/bin/env python3
"""Writes the map of lib/ into docs/ARCHITECTURE.md from the first comment line of each file, and the index of
docs/decisions/ from the first line of each page.

    ci/map.py               rewrites the text between the markers
    ci/map.py --check       changes nothing; exit 1 if the map is stale or a file does not say what it is for
    ci/map.py --self-test   tests both on a made-up tree
"""
# SPDX-License-Identifier: MIT
import re
import sys
import tempfile
from pathlib import Path

import checking

BEGIN = "<!-- map: written by ci/map.py -->"
END = "<!-- end of map -->"
PAGE = "docs/ARCHITECTURE.md"
INDEX = "docs/decisions/README.md"
INDEX_HEAD = """# Decisions

Why things are as they are, a page each: context, decision, numbers with date and commit, alternatives that were tried.
A new page takes a free number; `ci/map.py` writes this list.

"""


class Unfit(Exception):
    """Why the map cannot be written, as a sentence."""


def layers_of(root):
    """The layers of lib/, left to right, from the rule's own file."""
    for line in (root / "ci/layers.txt").read_text().splitlines():
        if line.startswith("include "):
            return line.split()[1:]
    raise Unfit("ci/layers.txt has no line 'include ...'")


def responsibility(path):
    """The first sentence of a file's first comment, which says its one responsibility; it begins in line 1."""
    match = re.match(r"(?:/\*+|//) *(\S[^\n]*(?:\n \* \S[^\n]*)*)", path.read_text())
    if not match:
        raise Unfit(f"{path}: line 1 is not a comment that says what the file is for")
    text = match.group(1).replace("\n * ", " ").removesuffix("*/").strip()
    return re.split(r"\.(?: |$)", text, maxsplit=1)[0]


def rows_of(folder):
    """One row per file, the header first."""
    files = sorted((path for path in folder.iterdir() if path.suffix in (".h", ".c", ".S")),
                   key=lambda path: (path.stem, path.suffix != ".h"))
    return [f"| `{path.name}` | {responsibility(path).replace('|', chr(92) + '|')} |"
            for path in files]


def map_of(root):
    """The whole map, a table per layer that exists."""
    lines = []
    for layer in layers_of(root):
        folder = root / "lib" / layer
        if not folder.is_dir():
            continue
        lines += [f"**{layer}/**", "", "| file | what it is for |", "|---|---|"]
        lines += rows_of(folder) + [""]
    if not lines:
        raise Unfit("lib/ has no layer")
    return "\n".join(lines)


def page_with_map(root):
    """The architecture's page as it is and as it should be."""
    page = (root / PAGE).read_text()
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise Unfit(f"{PAGE} lacks the lines '{BEGIN}' and '{END}'")
    return page, f"{head}{BEGIN}\n{map_of(root)}{END}{tail}"


def title_of(page):
    """The first line of a decision's page, without its number."""
    line = page.read_text().partition("\n")[0]
    match = re.fullmatch(r"# (?:\d{3}: )?(.+)", line)
    if not match or not re.match(r"\d{3}-", page.name):
        raise Unfit(f"{page}: a page is NNN-title.md and begins with '# NNN: title'")
    return match.group(1)


def index_of(root):
    pages = sorted((root / "docs/decisions").glob("*.md"))
    return INDEX_HEAD + "".join(f"- [{page.name[:3]}]({page.name}) {title_of(page)}\n"
                                for page in pages if page.name != "README.md")


def update(path, wanted, check):
    if path.exists() and path.read_text() == wanted:
        return
    if check:
        raise Unfit(f"{path.name} is stale: run ci/map.py")
    path.write_text(wanted)


def run(root, check):
    update(root / PAGE, page_with_map(root)[1], check)
    update(root / INDEX, index_of(root), check)


def is_unfit(root):
    try:
        run(root, check=True)
    except Unfit:
        return True
    return False


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, text in (("ci/layers.txt", "include base span\n"),
                           ("docs/decisions/007-seven.md", "# 007: Seven | reasons\n\nmore\n"),
                           (PAGE, f"before\n{BEGIN}\n{END}\nafter\n"),
                           ("lib/base/bits.h", "/* Bits | counted,\n * by a/b.h. Not more. */\n#if 1\n"),
                           ("lib/span/span.c", "// One range of addresses\n")):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        assert is_unfit(root), "an empty map passes"
        run(root, check=False)
        page = (root / PAGE).read_text()
        assert "- [007](007-seven.md) Seven | reasons\n" in (root / INDEX).read_text(), "a decision is not listed"
        assert not is_unfit(root), "a fresh map is called stale"
        assert page.startswith("before\n") and page.endswith("\nafter\n"), "the page was harmed"
        assert page.index("| `bits.h` | Bits \\| counted, by a/b.h |") < page.index(
            "| `span.c` | One range of addresses |"), "a row is missing or misplaced"
        (root / "lib/base/text.c").write_text("/* Text. */\n")
        assert is_unfit(root), "a new file goes unnoticed"
        run(root, check=False)
        (root / "lib/span/span.c").write_text("#include \"span/span.h\"\n")
        assert is_unfit(root), "a file without a first comment goes unnoticed"


def main(arguments):
    checking.begin(__doc__, arguments, self_test)
    checking.refuse_options(arguments, "--check")
    if arguments not in ([], ["--check"]):
        checking.refuse(f"it takes no {arguments[-1]}")
    try:
        run(Path(__file__).resolve().parent.parent, check=bool(arguments))
    except (Unfit, OSError) as problem:
        print(f"map: {problem}", file=sys.stderr)
        return 1
    return 0


sys.exit(main(sys.argv[1:]))
