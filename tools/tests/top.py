#!/usr/bin/env python3
"""Tests `heapalloc top` on a terminal of 80x24, of 40x10, on one that is resized, with names, and how it ends.

    top.py PROGRAM SLEEPER NAMER     NAMER: namer.c, linked with the library
"""
# SPDX-License-Identifier: MIT
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

PATIENCE = 60  # seconds for what must come at once
CLEAR = "\x1b[H\x1b[J"


class Screen:
    """What a VT100 shows: as much of it as ncurses uses here."""

    def __init__(self, columns, rows):
        self.rest = ""
        self.resize(columns, rows)

    def resize(self, columns, rows):
        """What comes before the whole screen is cleared was meant for another size."""
        self.stale = True
        self.columns, self.rows = columns, rows
        self.cells = [[" "] * columns for _ in range(rows)]
        self.x = self.y = 0

    def text(self):
        return ["".join(row).rstrip() for row in self.cells]

    def letter(self, letter):
        if letter == "\r":
            self.x = 0
        elif letter == "\n":
            self.y = min(self.y + 1, self.rows - 1)
        elif letter == "\b":
            self.x = max(self.x - 1, 0)
        elif letter == "\t":
            self.x = min(self.x // 8 * 8 + 8, self.columns - 1)
        elif letter >= " ":
            assert self.x < self.columns, f"written beyond column {self.columns}: {self.text()}"
            self.cells[self.y][self.x] = letter
            self.x += 1

    def sequence(self, numbers, command):
        first = int(numbers.split(";")[0] or 0) if numbers.split(";")[0].isdigit() or not numbers else 0
        if command == "H":
            row, column = ([int(number or 1) for number in numbers.split(";")] + [1, 1])[:2] if numbers else (1, 1)
            assert row <= self.rows and column <= self.columns, f"moved to {row},{column} of {self.rows},{self.columns}"
            self.y, self.x = row - 1, column - 1
        elif command == "J":
            self.cells[self.y][self.x:] = [" "] * (self.columns - self.x)
            for row in range(self.y + 1, self.rows):
                self.cells[row] = [" "] * self.columns
        elif command == "K" and first == 0:
            self.cells[self.y][self.x:] = [" "] * (self.columns - self.x)
        elif command == "K" and first == 1:
            self.cells[self.y][:self.x + 1] = [" "] * (self.x + 1)
        elif command in "ABCD":
            step = first or 1
            self.y += {"A": -step, "B": step}.get(command, 0)
            self.x += {"C": step, "D": -step}.get(command, 0)
        else:
            assert command in "mrhl", f"sequence {numbers}{command}"

    def feed(self, text):
        text = self.rest + text
        cleared = text.rfind(CLEAR) if self.stale else 0
        self.rest = text if cleared < 0 else ""
        if cleared < 0:
            return
        self.stale = False
        at = cleared
        while at < len(text):
            if text[at] != "\x1b":
                self.letter(text[at])
                at += 1
                continue
            found = re.compile(r"\x1b(?:\[([?0-9;]*)([A-Za-z])|[()][A-Z0-9]|[=>78])").match(text, at)
            if not found:
                self.rest = text[at:]
                return
            if found[2]:
                self.sequence(found[1], found[2])
            at = found.end()


class Top:
    """`heapalloc top` at the other end of a terminal."""

    def __init__(self, program, process, columns, rows):
        self.screen = Screen(columns, rows)
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.environ.update(TERM="vt100", LC_ALL="C")
            for name in ("LINES", "COLUMNS"):
                os.environ.pop(name, None)
            os.execv(program, [program, "top", "-d", "0.2", str(process)])

    def read(self, seconds):
        """False: the other side has closed."""
        ready, _, _ = select.select([self.master], [], [], seconds)
        try:
            part = os.read(self.master, 65536) if ready else None
        except OSError:
            return False
        if part:
            self.screen.feed(part.decode(errors="replace"))
        return part is None or bool(part)

    def shows(self, what, holds):
        """Wait until the screen is as demanded."""
        end = time.monotonic() + PATIENCE
        while not holds(self.screen.text()):
            assert time.monotonic() < end and self.read(1), "not %s:\n%s" % (what, "\n".join(self.screen.text()))
        print(f"ok: {what}")

    def resize(self, columns, rows):
        self.screen.resize(columns, rows)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def end(self):
        end = time.monotonic() + PATIENCE
        while self.read(1):
            assert time.monotonic() < end, "it does not end"
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def has(text, *patterns):
    return all(any(re.search(pattern, line) for line in text) for pattern in patterns)


MAP_WIDE, MAP_NARROW = r"^  \[[.:+# ]{64}\]$", r"^  \[[.:+# ]{32}\]$"


def is_whole(text):
    """80x24: everything, with a legend, classes and the threads' heaps."""
    return has(text[:1], r"^process \d+  .* live in \d+ blocks  \+") and has(
        text, r"kept .* free .* largest free", r"# live  \+ kept", MAP_WIDE, "by address, live",
        r"^  block +live +blocks +free +full$", r"^  208 .* 7[3-8]\d .* %$", r"heaps 2, threads' 1$",
        r"^  [01]( parked)? +\d.* KiB ", r"^  full slabs ")


def is_small(text):
    """40x10: the sums, the map in half as many cells, the classes with the most memory, a heap."""
    return len(text) == 10 and has(text[:1], r"^\d.* live  \+") and has(
        text, r"^  kept .*  free ", MAP_NARROW, r"^  block +live +free +full$", r"^  208 .* %$",
        r"^  heap +live +free$")


def is_named(text):
    """80x24: the names with the most memory too, in order; the other tables have room beside them."""
    names = [line.split()[-1] for line in text if re.match(r"^  (arena|collected|pool) +\d+ +\d", line)]
    return is_headed(text) and names == ["shared", "request", "made", '"nodes"?'] and has(
        text, r"^  named +count +in use +reserved  name$", r"^  arena +2 +115\.\d KiB +144\.0 KiB  request$",
        r"^  block +live +blocks +free +full$", r"^  240 .* %$", r"heaps 1, threads' 1$", r"^  0 +\d.* KiB$")


def is_named_small(text):
    """40x10: the name with the most memory."""
    return len(text) == 10 and has(text[:1], r"^\d.* live  \+") and has(
        text, r"^      in use   reserved  name$", r"^   516\.\d KiB  704\.0 KiB  shared$", r"^  heap +live +free$")


def is_headed(text):
    return has(text[:1], r"^process \d+  .* live in \d+ blocks  \+")


def names(program, namer):
    """A program that is linked with the library."""
    with subprocess.Popen([namer], stdout=subprocess.PIPE) as child:
        assert child.stdout.readline()
        try:
            for columns, rows, holds in (80, 24, is_named), (40, 10, is_named_small):
                top = Top(program, child.pid, columns, rows)
                top.shows(f"names on {columns}x{rows}", holds)
                os.write(top.master, b"q")
                assert top.end() == 0
        finally:
            os.kill(child.pid, signal.SIGKILL)
            child.wait()


def main():
    program, sleeper, namer = sys.argv[1:4]
    with subprocess.Popen([program, "run", "-q", sleeper, "sleep"], stdout=subprocess.PIPE) as child:
        assert child.stdout.readline()
        try:
            top = Top(program, child.pid, 80, 24)
            top.shows("80x24", is_whole)
            top.resize(40, 10)
            top.shows("resized to 40x10", is_small)
            top.resize(80, 24)
            top.shows("resized to 80x24", is_whole)
            top.resize(20, 4)
            top.shows("resized to 20x4", lambda text: has(text, r"^\d.* live"))
            os.write(top.master, b"q")
            assert top.end() == 0
            print("ok: q ends it")
            top = Top(program, child.pid, 40, 10)
            top.shows("40x10", is_small)
        finally:
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
        assert top.end() == 0
        print("ok: the process's end ends it")
    names(program, namer)


main()
