#!/usr/bin/env python3
"""Runs real programs on a preloaded allocator whose system calls fail, one at a time and all from one on.

    run.py --fail FAIL --contents CONTENTS [--each N | --minutes N] [--seed N] [--only PROGRAM] LIBRARY

Each run gives the right output, or ends as such a program does when memory is out; no signal but the abort that it says
a reason for, no wrong output, no hang, no message of the allocator's. --each takes at most N places of each kind of
failure, spread over all that there are; --minutes goes on at random and prints what each failure can be repeated with.
"""
# SPDX-License-Identifier: MIT
import argparse
import concurrent.futures
import dataclasses
import os
import random
import re
import subprocess
import sys
import tempfile
import time

ENOMEM, EAGAIN, EINVAL = 12, 11, 22
LIMIT = 0  # the kernel has it fail
FOREVER = 1 << 40
LIMIT_S = 60
LIMIT_AT_RANDOM_S = 600  # a program that is refused each block makes thousands of calls, slow ones under a busy tracer

PYTHON = """
import hashlib
lists, arrays, table = [[] for _ in range(20)], [bytearray() for _ in range(8)], {}
for i in range(400):
    for k, one in enumerate(lists): one.extend(range(i * k % 300))
    for k, one in enumerate(arrays): one += bytes([i % 256]) * (2000 * (k + 1))
    table[i] = "x" * (i * 37)
    if i % 50 == 0: lists[i // 50] = []
big = [bytes(1 << 20) + bytes([i]) for i in range(60)]
del big[::2]
mixed = b"".join(big)
print([sum(one) for one in lists])
print([hashlib.md5(bytes(one)).hexdigest() for one in arrays], hashlib.md5(mixed).hexdigest())
print(sum(map(len, table.values())))
"""

SQL = """
create table t(a integer primary key, b text, c blob);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 4000)
  insert into t select i, hex(i * 7919 % 104729) || substr('some text to be kept', i % 20), zeroblob(i % 3000) from n;
create index i on t(b);
select count(*), sum(length(b)), sum(length(c)) from t;
select group_concat(b, ',') from (select b from t order by b desc limit 50);
delete from t where a % 3 = 0;
select count(*), max(b), length(group_concat(hex(c))) from t;
"""


@dataclasses.dataclass
class Program:
    name: str
    command: list
    polite: str  # what it says on stderr when memory is out
    stdin: bytes = b""
    right: bytes = b""


def programs(contents, folder):
    lines = os.path.join(folder, "lines")
    with open(lines, "w") as file:
        for i in range(60000):
            file.write(f"{i * 7919 % 104729} line {i % 977}\n")
    return [
        Program("contents", [contents], "no refusal ends it"),
        Program("python", ["/usr/bin/python3", "-I", "-S", "-c", PYTHON], "MemoryError|memory|Fatal Python error"),
        Program("sqlite", ["sqlite3", "-batch", "-bail", ":memory:"], "out of memory|memory", SQL.encode()),
        Program("sort", ["sort", "-S", "30M", "--parallel=2", lines], "memory exhausted|memory|Cannot allocate"),
    ]


class Runner:
    def __init__(self, fail, library, folder, limit_s):
        self._fail, self._library, self._folder = fail, os.path.realpath(library), folder
        self._limit_s = limit_s
        self._env = {k: v for k, v in os.environ.items() if k != "LD_PRELOAD"} | {"LC_ALL": "C"}

    def run(self, program, rules):
        """(how it ended, {call: count}, stdout, stderr)"""
        handle, report = tempfile.mkstemp(dir=self._folder)
        os.close(handle)
        command = [self._fail, report, self._library, str(self._limit_s), *rules, "--", *program.command]
        done = subprocess.run(command, input=program.stdin, capture_output=True, env=self._env)
        with open(report) as file:
            words = file.read().split()
        os.unlink(report)
        if not words:
            sys.exit(f"{command[0]} failed: {done.stderr.decode(errors='replace')}")
        counts = dict(zip(words[0:12:2], map(int, words[1:12:2])))
        return " ".join(words[12:]), counts, done.stdout, done.stderr.decode(errors="replace")


def complaint(program, ended, out, err):
    """What is wrong with a run, or None."""
    if "heapalloc[" in err:
        return f"the allocator stopped it: {err.strip()[-200:]}"
    if ended == "exit 0":
        return None if out == program.right else "wrong output"
    if not program.right.startswith(out):
        return f"{ended} after wrong output"
    if (ended == "signal 6" or ended.startswith("exit ")) and re.search(program.polite, err):
        return None
    return f"{ended}: {err.strip()[-200:]}"


def failures(counts, apart):
    """(name, place -> rules, how many places) of each kind of failure; `apart`: counts if the home address is taken."""
    off_home = f"place:{ENOMEM}:1:{FOREVER}"
    for call, errors in (("mmap", [ENOMEM, LIMIT]), ("mremap", [ENOMEM, LIMIT]), ("madvise", [EAGAIN, EINVAL])):
        for error in errors:
            yield f"{call} {error}", lambda n, c=call, e=error: [f"{c}:{e}:{n}:{n}"], counts[call]
            yield f"{call} {error} ...", lambda n, c=call, e=error: [f"{c}:{e}:{n}:{FOREVER}"], counts[call]
    yield "place", lambda n: [f"place:{ENOMEM}:{n}:{FOREVER}"], counts["place"]
    for call in "mprotect", "munmap", "mmap":
        yield f"apart {call}", lambda n, c=call: [off_home, f"{c}:{ENOMEM}:{n}:{n}"], apart[call]
        yield f"apart {call} ...", lambda n, c=call: [off_home, f"{c}:{ENOMEM}:{n}:{FOREVER}"], apart[call]


def spread(count, most):
    """1..count, or `most` of them: the first ones, then at growing distances."""
    if most is None or count <= most:
        return range(1, count + 1)
    return sorted({max(i + 1, round(count ** (i / (most - 1)))) for i in range(most)})


def all_tasks(runner, chosen, most):
    for program in chosen:
        program.right = subprocess.run(program.command, input=program.stdin, capture_output=True, check=True).stdout
        ended, counts, out, err = runner.run(program, [])
        _, apart, *_ = runner.run(program, [f"place:{ENOMEM}:1:{FOREVER}"])
        if complaint(program, ended, out, err):
            sys.exit(f"{program.name} is wrong already: {complaint(program, ended, out, err)}")
        print(f"# {program.name}:", *(f"{call} {count}" for call, count in counts.items()), flush=True)
        for _, rules, count in failures(counts, apart):
            for place in spread(count, most):
                yield program, rules(place)


def at_random(tasks, seed, until):
    draw = random.Random(seed)
    while time.monotonic() < until:
        program, rules = draw.choice(tasks)
        # Some with a second failure of another kind.
        yield program, rules + (draw.choice(tasks)[1] if draw.random() < 0.3 else [])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--fail", required=True)
    parser.add_argument("--contents", required=True)
    parser.add_argument("--each", type=int)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only")
    parser.add_argument("library")
    given = parser.parse_args()
    here = os.path.dirname(os.path.abspath(__file__))
    subprocess.run([os.path.join(here, "../../ci/install.sh"), "python3", "sqlite3", "coreutils"], check=True)
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        runner = Runner(given.fail, given.library, folder, LIMIT_AT_RANDOM_S if given.minutes else LIMIT_S)
        chosen = [p for p in programs(given.contents, folder) if given.only in (None, p.name)]
        tasks = list(all_tasks(runner, chosen, given.each))
        if given.minutes:
            tasks = at_random(tasks, given.seed, time.monotonic() + given.minutes * 60)
        run, wrong, ends = 0, 0, {}
        def one(task):
            program, rules = task
            ended, _, out, err = runner.run(program, rules)
            return program, rules, ended, complaint(program, ended, out, err)
        while batch := [task for _, task in zip(range(64), tasks if given.minutes else iter(tasks[run:run + 64]))]:
            for program, rules, ended, what in pool.map(one, batch):
                run += 1
                ends[program.name, ended] = ends.get((program.name, ended), 0) + 1
                if what:
                    wrong += 1
                    print(f"not ok - {program.name} {' '.join(rules)}: {what}", flush=True)
    for (name, ended), count in sorted(ends.items()):
        print(f"# {name}: {count} x {ended}")
    print(f"{'not ok' if wrong or not run else 'ok'} - {run} runs, {wrong} wrong")
    sys.exit(bool(wrong or not run))


main()
