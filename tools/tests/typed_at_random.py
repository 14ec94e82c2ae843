#!/usr/bin/env python3
"""Types random and almost correct lines into the explorer: it must answer each line, and end on `exit`.

    typed_at_random.py [--lines N] [--seed N] PROGRAM...
"""
# SPDX-License-Identifier: MIT
import argparse
import random
import subprocess
import sys

WORDS = ("alloc free realloc name leaks collect status visualize walk block freelist peek check stats flush "
         "trim origin help 1 2 3 9 77 a b medium large line: slot: line:1 slot:2 line:a+16 slot:+0x400 +0x0 "
         "+0x10 -0x10 0x10 0xffffffffffffffff 18446744073709551615 18446744073709551616 0 4096 4097 10K 300K "
         "2M 17G 0x 0xg +-1 1+ 1+8 1-8 a+x # end # alloc").split()


def line_of(rng):
    """The explorer's own words in any order; now and then random letters, or a very long line."""
    kind = rng.random()
    if kind < 0.05:
        return bytes(rng.choice([letter for letter in range(256) if letter not in (0, 10)])
                     for _ in range(rng.randrange(0, 400)))
    words = [rng.choice(WORDS) for _ in range(rng.randrange(0, 5))]
    if kind < 0.2 and words:
        word = list(words[0])
        word[rng.randrange(len(word))] = rng.choice("abcdefgh 0:+")
        words[0] = "".join(word)
    return " ".join(words).encode()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--lines", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("program", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    lines = [line_of(rng) for _ in range(arguments.lines)] + [b"check", b"exit 9"]
    result = subprocess.run([*arguments.program, "explore"], input=b"\n".join(lines) + b"\n",
                            capture_output=True, timeout=100)
    prompts = result.stdout.count(b"heap> ") - sum(line.count(b"heap> ") for line in lines)
    good = result.returncode == 9 and prompts == len(lines) and b"the heap is whole" in result.stdout[-300:]
    if not good:
        print(result.stdout[-2000:].decode(errors="replace"), result.stderr[-2000:].decode(errors="replace"))
    print(f"{len(lines)} lines, {prompts} prompts, exit code {result.returncode}")
    return 0 if good else 1


sys.exit(main())
