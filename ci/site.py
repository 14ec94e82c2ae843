#!/usr/bin/env python3
"""Makes the documents' site (called by ci/site.sh): gathers them, adds a reference made from the headers, has mkdocs
build it, and checks every link.

    ci/site.py OUT          builds into OUT; exit 1, with a line for each broken link
    ci/site.py --check OUT  checks the links of a built site
    ci/site.py --self-test  broken links that must be found
"""
# SPDX-License-Identifier: MIT
import re
import shutil
import subprocess
import sys
import tempfile
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import checking

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("docs", "bench", "kernel", "tests", "tools", "lib")
HEADERS = ("heapalloc.h", "arena_inline.h", "pool_inline.h", "walk.h", "collected.h", "heapalloc.hpp", "collected.hpp",
           "map.h", "heap.h", "port.h", "small.h", "block_pool.h")
# The theme styles tables of this class. Its own file that sets it is missing from Debian's package.
TABLES = """/* Tables look as the theme has them. */
document.querySelectorAll("table").forEach(function (table) { table.classList.add("docutils"); });
"""
LIST = re.compile(r"(?:- |\d+\. )")


def documents():
    """Every document of the tree, as paths relative to it."""
    for path in sorted(ROOT.glob("*.md")):
        yield path.relative_to(ROOT)
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.md")):
            yield path.relative_to(ROOT)


def for_generator(text):
    """A document as Python's Markdown needs it: no marks of examples, an empty line above every list and block."""
    out, fenced = [], False
    for line in text.splitlines():
        begins = line.startswith("```") and not fenced
        fenced ^= line.startswith("```")
        if not fenced and line.startswith("<!-- ") and line.endswith(" -->"):
            line = ""
        before = out[-1] if out else ""
        starts_list = not fenced and LIST.match(line) and not LIST.match(before) and not before.startswith("  ")
        starts_table = not fenced and line.startswith("|") and not before.startswith("|")
        if before and (begins or starts_list or starts_table):
            out.append("")
        out.append(line)
    return "\n".join(out) + "\n"


def targets_of(document, text):
    """Files of the tree that a document links to: (as it is written, the path)."""
    for written in re.findall(r"\]\(([^)\s#]+)[^)\s]*\)", text):
        path = (ROOT / document).parent / written
        if "://" not in written and path.exists():
            yield written, path.resolve().relative_to(ROOT)


def gather(pages):
    """Copies the documents with the files they show and link to; a link to a folder becomes one to its README."""
    for document in documents():
        text = (ROOT / document).read_text()
        for written, path in set(targets_of(document, text)):
            if (ROOT / path).is_dir():
                readme = written.rstrip("/") + "/README.md"
                text = text.replace(f"]({written})", f"]({readme})" if (ROOT / path / "README.md").exists() else "]()")
                text = re.sub(r"\[([^]]*)\]\(\)", r"\1", text)
            elif path.suffix != ".md":
                (pages / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / path, pages / path)
        (pages / document).parent.mkdir(parents=True, exist_ok=True)
        (pages / document).write_text(for_generator(text))


def name_of(code):
    """The names that a piece of a header declares, for its heading; None if it declares none."""
    code = re.sub(r"/\*.*?\*/|__attribute__\(\(.*\)\)|^#.*$", "", code, flags=re.S | re.M)
    functions = re.findall(r"\b(?!if|return|sizeof)([a-z_][a-z0-9_]*)\((?!\*)[^;{}]*\)\s*;", code)
    types = re.findall(r"^((?:struct|enum|class) \w+)[^;=]*\{", code, flags=re.M)
    return ", ".join(dict.fromkeys(types or functions)) or None


def pieces_of(text):
    """A header cut at its empty lines: a comment stays with the code below it, a struct in one piece."""
    piece, depth = [], 0
    for line in text.splitlines():
        if not line and depth <= 0 and piece:
            yield "\n".join(piece)
            piece = []
        elif line:
            depth += line.count("{") - line.count("}") if 'extern "C"' not in line and line != "}" else 0
            piece.append(line)
        elif piece:
            piece.append(line)
    if piece:
        yield "\n".join(piece)


def write_reference(pages):
    """Writes a page for each header, with a heading for each piece."""
    folder = pages / "reference"
    folder.mkdir(parents=True)
    index = ["# Reference", "", "The public headers, with their comments.", "", "| header | what it is |", "|---|---|"]
    for header in HEADERS:
        path = ROOT / "include/heapalloc" / header
        if not path.exists():
            continue
        text = path.read_text()
        first = re.match(r"/\* (.*?)(?:\. |\.$|\.? \*/|\.?\n)", text).group(1)
        index.append(f"| [{header}]({header}.md) | {first} |")
        out = [f"# heapalloc/{header}", ""]
        for piece in pieces_of(text):
            if piece.startswith("#ifdef __cplusplus") or "SPDX" in piece and piece.count("\n") < 2:
                continue
            name = name_of(piece)
            out += [f"## {name}", ""] if name else []
            out += ["```c", piece, "```", ""]
        (folder / f"{header}.md").write_text("\n".join(out))
    (folder / "README.md").write_text("\n".join(index) + "\n")


class Page(HTMLParser):
    """The links and anchors of a page, and what it loads from elsewhere."""

    def __init__(self, text):
        super().__init__()
        self.links, self.anchors, self.loads = [], set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        has = dict(attrs)
        self.anchors.update(value for name, value in attrs if name in ("id", "name") and value)
        target = has.get("href") or has.get("src")
        if not target:
            return
        if re.match(r"(?:https?:)?//", target):
            if tag != "a" and has.get("rel") != "canonical":
                self.loads.append(target)
        elif not re.match(r"(?:mailto|data|javascript):", target):
            self.links.append(target)


def wrong_links(out):
    """A sentence for each broken link, and for everything that a page loads from other machines."""
    pages = {path: Page(path.read_text(errors="replace")) for path in sorted(out.rglob("*.html"))}
    if not pages:
        yield f"{out} has no page"
    for path, page in pages.items():
        if path.name == "404.html" or path.parent != out and "results" in path.parts:
            continue
        for target in page.loads:
            yield f"{path.relative_to(out)}: loads {target}"
        for target in page.links:
            file, _, anchor = target.partition("#")
            there = (path.parent / unquote(file.partition("?")[0])).resolve() if file else path
            there = there / "index.html" if there.is_dir() else there
            if not there.exists():
                yield f"{path.relative_to(out)}: there is no {target}"
            elif anchor and there in pages and unquote(anchor) not in pages[there].anchors:
                yield f"{path.relative_to(out)}: {file or 'the page'} has no #{anchor}"


def complete(out):
    """Adds scripts that the theme's pages refer to and Debian's package has under another name, or not at all."""
    js = out / "js"
    jquery = sorted(js.glob("jquery-*.min.js"))
    for name in set(re.findall(r"js/(jquery-[\d.]+\.min\.js)", (out / "index.html").read_text())):
        if jquery and not (js / name).exists():
            shutil.copyfile(jquery[0], js / name)
    if js.is_dir() and not (js / "theme_extra.js").exists():
        (js / "theme_extra.js").write_text(TABLES)


def build(out):
    """Builds the site; returns mkdocs' lines about faults."""
    if not shutil.which("mkdocs"):
        return ["mkdocs is not installed: ci/install.sh mkdocs"]
    with tempfile.TemporaryDirectory(prefix="site") as folder:
        pages = Path(folder) / "pages"
        gather(pages)
        write_reference(pages)
        config = Path(folder) / "mkdocs.yml"
        config.write_text((ROOT / "ci/site.yml").read_text() + f"docs_dir: {pages}\nsite_dir: {out}\n")
        done = subprocess.run(["mkdocs", "build", "--quiet", "--strict", "--clean", "-f", config], capture_output=True,
                              text=True, check=False)
        if done.returncode == 0:
            complete(out)
        said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        return said if done.returncode else []


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        (out / "b").mkdir()
        (out / "b/c.html").write_text("<h1 id=here>c</h1><a href='../a.html'>a</a>")
        good = ("<a href='b/c.html#here'>c</a> <a href='https://example.org/x'>x</a> <img src='data:,'>"
                "<a href='#top'></a><b id=top>")
        (out / "a.html").write_text(good)
        assert not list(wrong_links(out)), list(wrong_links(out))
        for bad in ("<a href='d.html'>", "<a href='b/c.html#there'>", "<a href='#there'>", "<img src='i.png'>",
                    "<script src='https://example.org/s.js'></script>"):
            (out / "a.html").write_text(good + bad)
            assert len(list(wrong_links(out))) == 1, bad
    assert for_generator("a\n- b\n- c\n```\n- d\n```\n") == "a\n\n- b\n- c\n\n```\n- d\n```\n"
    assert name_of("/* x(1); */\nvoid *heap_a(int n);\nint b_c(void);") == "heap_a, b_c"
    assert list(pieces_of("a\nb\n\nstruct c {\n    d;\n\n    e;\n};\n")) == ["a\nb", "struct c {\n    d;\n\n    e;\n};"]


def main(arguments):
    checking.begin(__doc__, arguments, self_test)
    checking.refuse_options(arguments, "--check")
    check = arguments[:1] == ["--check"]
    if len(arguments) != 1 + check or arguments[-1].startswith("-"):
        checking.refuse("wants one folder")
    out = Path(arguments[-1]).resolve()
    wrong = [] if check else build(out)
    wrong += wrong_links(out)
    checking.end(wrong)


sys.exit(main(sys.argv[1:]))
