#!/usr/bin/env python3
"""Runs the examples of a document in docs/, and compares what they print with what the document says.

    ci/examples.py PREFIX DOCUMENT...          a line for each example that is wrong; exit 1 if there is any
    ci/examples.py --write PREFIX DOCUMENT...  writes their output into the document
    ci/examples.py --unmarked                  names the code blocks of docs/ without a mark; exit 1 if there is any
    ci/examples.py --self-test                 examples that must fail

PREFIX is where heapalloc is installed. A mark is a comment on the line above a block, invisible when rendered:

    <!-- file: words.c -->     the block is this file
    <!-- run -->               a bash script; it stops at the first command that fails
    <!-- run: ends by 134 -->  the same, and the last command's exit code is 134
    <!-- run: needs qemu-system-aarch64 -->  only if there is such a command; its file and output then likewise
    <!-- prints -->            the output of the script above; numbers, addresses and units may differ
    <!-- prints exactly -->    the same with exactly these numbers
    <!-- shown: why -->        is not run

A line "..." matches any lines, "..." in a line any text. The examples of a document run in its order, in one
folder, whose ~ has heapalloc installed in ~/.local and the sources in ~/heapalloc.
"""
# SPDX-License-Identifier: MIT
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import checking

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 300
MARK = re.compile(r"<!-- (file|run|prints|shown)(?::? (.*?))? -->$")
ANY = re.compile(r"(?<!\.)\.{3}(?!\.)")
HOME = "/home/you"


class Block:
    """A fenced block: its mark, the mark's words, its lines, and their line numbers in the document."""

    def __init__(self, mark, words, start, lines):
        self.mark, self.words, self.start, self.lines = mark, words or "", start, lines

    @property
    def text(self):
        return "\n".join(self.lines) + "\n"


def blocks_of(text):
    """The fenced blocks, in order; the mark of an unmarked one is None."""
    lines = text.splitlines()
    start = None
    for at, line in enumerate(lines):
        if not line.startswith("```"):
            continue
        if start is None:
            start = at + 1
            continue
        match = MARK.match(lines[start - 2]) if start > 1 else None
        yield Block(match and match.group(1), match and match.group(2), start, lines[start:at])
        start = None


def plain(line):
    """A line without the parts that differ from run to run: numbers, addresses, units, the width of columns."""
    line = re.sub(r"\[[#+.:m]{20,}\]", "[picture]", line)
    line = re.sub(r"\b(?:0x[0-9a-f]+|[0-9a-f]{8,})\b", "0", line)
    line = re.sub(r"[-+]?\d+(?:[.,:]\d+)*", "0", line)
    line = re.sub(r"\b0 ?(?:bytes|KiB|MiB|GiB|kB|MB|us|ms|s|B|K|M)\b", "0 unit", line)
    return " ".join(line.split())


def pattern_of(wanted, exactly):
    """The regular expression that the whole output has to match."""
    parts = []
    for line in wanted:
        if line.strip() == "...":
            parts.append(r"(?:.*\n)*?")
        else:
            pieces = ANY.split(line.rstrip() if exactly else plain(line))
            parts.append(".*".join(map(re.escape, pieces)) + r"\n")
    return "".join(parts)


def is_printed(printed, wanted, exactly):
    lines = [line.rstrip() if exactly else plain(line) for line in printed.splitlines()]
    return re.fullmatch(pattern_of(wanted, exactly), "".join(line + "\n" for line in lines)) is not None


def environment_of(home, prefix):
    home.mkdir()
    (home / ".local").symlink_to(prefix)
    (home / "heapalloc").symlink_to(ROOT)
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(("HEAPALLOC", "LD_", "MALLOC_", "GLIBC_")) and name not in ("CC", "CFLAGS")}
    libraries = next(prefix.rglob("heapalloc.pc"), prefix / "lib/pkgconfig/heapalloc.pc").parent
    return kept | {"HOME": str(home), "PATH": f"{home}/.local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8",
                   "PKG_CONFIG_PATH": f"{home}/.local/{libraries.relative_to(prefix)}", "HEAPALLOC_INSTALL": "no",
                   "PYTHONDONTWRITEBYTECODE": "1"}


class Run:
    """A document's examples, run one after the other."""

    def __init__(self, folder, prefix):
        self.folder, self.prefix = folder, prefix
        self.work = folder / "work"
        self.work.mkdir()
        self.environment = environment_of(folder / "home", prefix)
        self.printed = None
        self.left_out = False

    def told(self, text):
        """Paths of this run as a reader has them."""
        for path in (self.folder / "home/.local", self.prefix):
            text = text.replace(str(path), HOME + "/.local")
        return text.replace(str(ROOT), HOME + "/heapalloc").replace(str(self.folder / "home"), HOME).replace(
            str(self.work), HOME + "/work")

    def script(self, block):
        needs = re.search(r"needs (\S+)", block.words)
        self.left_out = bool(needs) and not shutil.which(needs.group(1), path=self.environment["PATH"])
        if self.left_out:
            print(f"not run: there is no {needs.group(1)}")
            return None
        code = re.search(r"ends by (\d+)", block.words)
        try:
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", block.text], cwd=self.work, env=self.environment,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return f"does not end within {SECONDS} s"
        self.printed = self.told(done.stdout.decode(errors="replace"))
        wanted = int(code.group(1)) if code else 0
        ended = done.returncode if done.returncode >= 0 else 128 - done.returncode
        if ended != wanted:
            log = self.work / "log"  # where a script puts output that readers need not see
            more = "".join(log.read_text(errors="replace").splitlines(True)[-20:]) if log.is_file() else ""
            return f"ends by {ended}, not {wanted}, and prints:\n{self.printed}{more}"
        return None

    def is_told(self):
        return self.printed is not None and not self.left_out

    def step(self, block):
        """What is wrong with a block, or None."""
        if block.mark == "file":
            path = self.work / block.words
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text)
        if block.mark == "run":
            return self.script(block)
        if block.mark != "prints" or self.left_out:
            return None
        if self.printed is None:
            return "nothing was run before"
        if not is_printed(self.printed, block.lines, block.words == "exactly"):
            return f"what is printed is:\n{self.printed}"
        return None


def wrong_in(text, name, prefix, written=None):
    """Every block that is wrong, as a sentence. `written` collects the lines with the output inserted."""
    with tempfile.TemporaryDirectory(prefix="examples", ignore_cleanup_errors=True) as folder:
        run = Run(Path(folder), prefix)
        found = 0
        for block in blocks_of(text):
            found += block.mark == "run"
            said = run.step(block)
            if written is not None and block.mark == "prints" and run.is_told() and not ANY.search(block.text):
                written.append((block, run.printed))
            elif said:
                yield f"{name}:{block.start}: {said}"
                if block.mark == "run":
                    return
        if not found:
            yield f"{name}: no example is marked to be run"


def put_in(text, written):
    lines = text.splitlines()
    for block, printed in reversed(written):
        lines[block.start:block.start + len(block.lines)] = printed.rstrip("\n").split("\n")
    return "\n".join(lines) + "\n"


def unmarked():
    for path in sorted((ROOT / "docs").glob("*.md")):
        for block in blocks_of(path.read_text()):
            if not block.mark:
                yield f"{path.relative_to(ROOT)}:{block.start}: no mark is above this block (ci/examples.py --help)"


def self_test():
    def wrong(*blocks):
        text = "".join(f"<!-- {mark} -->\n```\n{body}\n```\n\n" for mark, body in blocks)
        return list(wrong_in(text, "d", ROOT))

    good = ("run", "echo has 12.5 KiB at 0x7f12; cat a"), ("prints", "has 3 MiB at 0x1\nline"), ("prints", "...\nl...e")
    assert not wrong(("file: a", "line"), *good), wrong(("file: a", "line"), *good)
    for bad in ([], [("run", "false; true")], [("run", "echo a"), ("prints", "b")], [("prints", "b")],
                [("run: ends by 3", "exit 2")], [("run", "echo 1"), ("prints exactly", "2")],
                [("run", "echo a; echo b"), ("prints", "a")], [("run", "echo a"), ("prints", "...\nb\n...")]):
        assert wrong(*bad), bad
    assert not wrong(("run", "true"), ("run: needs no-such-command", "false"), ("prints", "x"))
    written = []
    text = "<!-- run -->\n```\necho 1\n```\n<!-- prints -->\n```\nx\ny\n```\nend\n"
    assert not list(wrong_in(text, "d", ROOT, written)) and put_in(text, written) == text.replace("x\ny", "1")


def main(arguments):
    checking.begin(__doc__, arguments, self_test)
    checking.refuse_options(arguments[:1], "--unmarked", "--write")
    if arguments == ["--unmarked"]:
        wrong = list(unmarked())
    else:
        write = arguments[:1] == ["--write"]
        names = arguments[write:]
        if len(names) < 2 or names[0].startswith("-") or not Path(names[0]).is_dir():
            checking.refuse("wants PREFIX, a folder, and DOCUMENT...")
        wrong = []
        for name in names[1:]:
            written = [] if write else None
            text = Path(name).read_text()
            wrong += wrong_in(text, name, Path(names[0]).resolve(), written)
            if written:
                Path(name).write_text(put_in(text, written))
    checking.end(wrong)


sys.exit(main(sys.argv[1:]))
