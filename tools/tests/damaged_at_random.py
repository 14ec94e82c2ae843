#!/usr/bin/env python3
"""Damages heaps at random through the explorer, which must survive, and report what it can find of the damage.

    damaged_at_random.py [--sessions N] [--seed N] [--looks-only] PROGRAM...

--looks-only allocates nothing after the damage: a core built with sanitizers ends the program there.

Each session builds a heap, pokes random values into its blocks, lines and slots, one at a time, and looks
with every command after each. Whatever happens the program must not crash or hang, and a poke that is
undone leaves a heap that is whole.
"""
# SPDX-License-Identifier: MIT
import argparse
import os
import random
import select
import subprocess
import sys

PROMPT = b"heap> "
LED_ASTRAY = "no memory is, led there"
LOOKS = ["check", "walk", "freelist", "visualize", "status", "stats"]


class Wrong(Exception):
    """A session that did not go as it should."""


def build(rng):
    """Lines that make a heap with blocks of every kind, some of them free."""
    lines, sizes = [], [16, 48, 80, 700, 4096, 5000, 20000, 70000, 300000]
    for number in range(1, 25):
        lines.append(f"alloc {rng.choice(sizes)}")
    freed = rng.sample(range(1, 25), 12)
    lines += [f"free {number}" for number in freed]
    if rng.random() < 0.5:
        lines.append("flush")
    return lines, sorted(set(range(1, 25)) - set(freed)), freed


def place(rng, used, freed):
    """A place in the tables, or in a free block; never in memory that is not the heap's."""
    kind = rng.random()
    block = rng.choice(used + freed)
    if kind < 0.4:
        return f"line:{block}+{rng.randrange(8) * 8}"
    if kind < 0.7:
        return f"slot:{block}+{rng.randrange(4) * 8}"
    if kind < 0.8:
        return f"slot:{block}-{rng.randrange(1, 4) * 8}"
    return f"{rng.choice(freed)}+{rng.randrange(2) * 8}"


def value(rng):
    return rng.choice([0, 1, 0xffffffffffffffff, 0x1234, rng.getrandbits(64), rng.getrandbits(32),
                       rng.getrandbits(4) << 28, f"+{rng.randrange(0, 0x40000, 16):#x}",
                       f"line:{rng.randrange(1, 25)}", f"slot:{rng.randrange(1, 25)}"])


class Session:
    """The explorer, answering line by line."""

    def __init__(self, program, lines):
        self.process = subprocess.Popen([*program, "explore"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.said = ""
        self.until_prompt()
        for line in lines:
            self.ask(line)

    def until_prompt(self):
        """The output until it prompts for the next line, or ends."""
        answer = b""
        while answer != PROMPT and not answer.endswith(b"\n" + PROMPT):
            ready, _, _ = select.select([self.process.stdout], [], [], 60)
            part = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not part:
                raise Wrong("it ended" if ready else "it hangs")
            answer += part
        text = answer.decode(errors="replace")
        self.said += text
        return text

    def ask(self, line):
        try:
            self.process.stdin.write(line.encode() + b"\n")
            self.process.stdin.flush()
            return self.until_prompt()
        except (Wrong, BrokenPipeError) as wrong:
            self.process.kill()
            raise Wrong(f"{wrong} at `{line}`, exit code {self.process.wait()}") from None

    def leave(self):
        self.process.stdin.write(b"exit 7\n")
        self.process.stdin.close()
        code = self.process.wait(60)
        self.process.stdout.close()
        if code != 7:
            raise Wrong(f"exit code {code} at the end")


def look(program, lines, poke, where, used):
    """Every command after the poke; then the poke is undone, and the heap must be whole."""
    session = Session(program, lines)
    try:
        answer = session.ask(poke)
        for line in LOOKS + [f"block {number}" for number in used]:
            if LED_ASTRAY in session.ask(line):
                raise Wrong(f"`{line}` was led astray")
        if ", was " in answer:
            session.ask(f"poke {where} {answer.splitlines()[1].rsplit(', was ', 1)[1]}")
        if "the heap is whole" not in session.ask("check"):
            raise Wrong("not whole after it was undone")
        session.leave()
    except Wrong as wrong:
        return f"{wrong}\n{session.said[-2500:]}"
    finally:
        session.process.kill()
        session.process.wait()
    return None


def allocate(program, lines, used):
    """Allocations may be stopped, but end neither the program nor the session."""
    session = None
    try:
        session = Session(program, lines)
        for line in ("alloc 80", "alloc 5000", "alloc 300000", f"free {used[0]}", "check"):
            session.ask(line)
        session.leave()
    except Wrong as wrong:
        return f"{wrong}\n{session.said[-2500:] if session else ''}"
    return None


def try_once(program, rng, looks_only):
    lines, used, freed = build(rng)
    where, what = place(rng, used, freed), value(rng)
    poke = f"poke {where} {what}"
    wrong = look(program, lines, poke, where, used)
    if not wrong and not looks_only:
        wrong = allocate(program, lines + [poke], used)
    return f"after `{poke}`: {wrong}" if wrong else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sessions", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--looks-only", action="store_true")
    parser.add_argument("program", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    found = 0
    for number in range(arguments.sessions):
        wrong = try_once(arguments.program, random.Random(arguments.seed * 100000 + number),
                         arguments.looks_only)
        if wrong:
            print(f"session {number}, {wrong}\n")
            found += 1
            if found == 3:
                break
    print(f"{arguments.sessions} sessions, {found} wrong")
    return 1 if found else 0


sys.exit(main())
