#!/usr/bin/env python3
"""Tests the explorer on a terminal: lines are edited, history goes back, Tab completes, pictures have colour.

    terminal.py PROGRAM [--plain]     --plain: for a build without libedit, whose lines the terminal itself edits
"""
# SPDX-License-Identifier: MIT
import os
import pty
import re
import select
import sys
import termios
import time

PROMPT = "heap> "


class Terminal:
    """The program at the other end of a terminal."""

    def __init__(self, program, is_edited, environment):
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.environ.update(environment)
            os.execv(program, [program, "explore"])
        self.said = ""
        self.is_edited = is_edited
        self.until_prompt(PROMPT)

    def until(self, pattern):
        """The output up to the pattern, which must come within a minute."""
        while not (found := re.search(pattern, self.said)):
            ready, _, _ = select.select([self.master], [], [], 60)
            try:
                part = os.read(self.master, 65536) if ready else b""
            except OSError:
                part = b""  # the other side has closed
            if not part:
                raise AssertionError(f"/{pattern}/ does not come; after it: {self.said!r}")
            self.said += part.decode(errors="replace")
        text, self.said = self.said[:found.end()], self.said[found.end():]
        return text

    def type(self, text):
        os.write(self.master, text.encode())

    def until_prompt(self, pattern):
        """libedit shows the prompt a moment before it takes the terminal over; a Ctrl-D between would be lost."""
        said = self.until(pattern)
        for _ in range(6000):
            if not self.is_edited or not termios.tcgetattr(self.master)[3] & termios.ICANON:
                return said
            time.sleep(0.01)
        raise AssertionError("libedit does not take the terminal over")

    def ask(self, text, pattern):
        """Type, and wait for the answer and the next prompt."""
        self.type(text)
        return self.until(pattern) + self.until_prompt("\n" + PROMPT if pattern else PROMPT)

    def end(self):
        """The exit code."""
        try:
            while os.read(self.master, 65536):
                pass
        except OSError:
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def edited(terminal):
    """The features of libedit."""
    # To the start, two right, an l; to the end, a 9 and back.
    terminal.ask("aloc 8\x01\x1b[C\x1b[Cl\x059\x7f\n", r"\d+: 8 bytes")
    terminal.ask("never said\x15statu\t\n", "blocks in use")  # all away; a word completed
    terminal.ask("alloc 40\n", r"\d+: 40 bytes")
    terminal.ask("\x1b[A\n", r"\d+: 40 bytes")  # the same once more
    terminal.ask("alloc 77\x03", "")  # given up
    said = terminal.ask("alloc 78\n", r"\d+: 78 bytes")
    assert "77 bytes" not in said, said
    terminal.ask("\x10\x10\n", r"\d+: 40 bytes")  # two back in history


def common(program, is_edited):
    terminal = Terminal(program, is_edited, {"TERM": "xterm", "NO_COLOR": ""})
    terminal.ask("alloc 100 x\n", "1 x: 100 bytes at \\+0x0")
    if is_edited:
        edited(terminal)
    terminal.ask("visualize x\n", "\x1b\\[32m#\x1b\\[0m")
    terminal.ask("nonsense\n", "no command `nonsense`")
    terminal.type("\x04")  # the end; a person's typing errors are no failure
    assert terminal.end() == 0
    print("ok: a session, in colour")


def leaves(program, is_edited, lines, code):
    terminal = Terminal(program, is_edited, {"TERM": "dumb"})
    for line in lines[:-1]:
        terminal.ask(line + "\n", line)
    terminal.type(lines[-1] + "\n")
    assert terminal.end() == code, lines
    print(f"ok: {lines} ends with {code}")


def without_colour(program, is_edited, environment):
    terminal = Terminal(program, is_edited, environment)
    terminal.ask("alloc 100\n", "1: 100 bytes")
    said = terminal.ask("visualize 1\n", r"a cell is \d+ bytes")
    assert "\x1b[32m" not in said and "[#" in said, said
    terminal.type("exit\n")
    assert terminal.end() == 0
    print(f"ok: no colour with {environment}")


def main():
    program, is_edited = sys.argv[1], "--plain" not in sys.argv
    common(program, is_edited)
    leaves(program, is_edited, ["exit 5"], 5)
    leaves(program, is_edited, ["nonsense", "exit"], 0)
    without_colour(program, is_edited, {"TERM": "xterm", "NO_COLOR": "1"})
    without_colour(program, is_edited, {"TERM": "dumb", "NO_COLOR": ""})


main()
