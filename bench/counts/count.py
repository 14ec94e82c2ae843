"""Counts instructions per operation for any allocators, above an allocator that does nothing but return a block."""
# SPDX-License-Identifier: MIT
import concurrent.futures
import os
import subprocess

from counts import callgrind
from counts.callgrind import CannotCount

# The rows: operation, title, and the most instructions that the default and the fast build may execute (None: no
# budget). "best" is the least of seven unchecked allocators in their newest versions, counted the same way. In the rows
# of 4 KiB, of 32,000 and 64,000 B, of calloc(1, 1000), of doubling, and of blocks that grow to 1 MiB at most it is the
# least of glibc and three packaged; blocks that grow in turn are copied, and a copied byte counts as an instruction. So
# does one block in the default build: its first steps lie between red zones, and then it begins inside of a unit, which
# costs a copy of 256 KiB.
ROWS = (
    # operation         title                                     best  default  fast
    ("pair_64", "malloc(64) + free", 37, 48, 34),
    ("pair_500", "malloc(500) + free", 40, 48, 34),
    ("pair_2k", "malloc(2 KiB) + free", 50, 54, 40),
    ("pair_6k", "malloc(6 KiB) + free", 58, None, None),
    ("pair_16k", "malloc(16 KiB) + free", 64, 70, 64),
    ("pair_64k", "malloc(64 KiB) + free", 64, 70, 64),
    ("pair_256k", "malloc(256 KiB) + free", 67, 200, 200),
    ("pair_1m", "malloc(1 MiB) + free", 207, 200, 200),
    ("pair_4m", "malloc(4 MiB) + free", 296, 250, 250),
    ("batch_64", "1000 x 64 B, freed in order, a pair", 31, 44, 31),
    ("batch_4k", "1000 x 4 KiB, freed in order, a pair", 67, 112, 96),
    ("random_500", "random 10-500 B, 1000 slots, a pair", 34, 48, 34),
    ("random_1000", "random 10-1000 B, 1000 slots, a pair", 34, None, None),
    ("random_16000", "random 8-16000 B, 1000 slots, a pair", 65, 78, 65),
    ("random_32000", "random 8-32000 B, 1000 slots, a pair", 70, 84, 72),
    ("random_64000", "random 10-64000 B, 1000 slots, a pair", 72, 105, 105),
    ("calloc_64", "calloc(1, 64) + free", 53, 58, 46),
    ("calloc_1000", "calloc(1, 1000) + free", 170, 160, 147),
    ("realloc_within", "realloc within its class", 41, 36, 32),
    ("double_16", "realloc of 16 B to 1 KiB by doubling, a step", 151, 130, 115),
    ("usable_size", "malloc_usable_size", 10, 12, 9),
    ("in_use_8000", "mallinfo2 with 10,000 blocks of 8000 B", 4586, 60000, 60000),
    ("remote_free", "free of another thread's block", 40, 46, 36),
    ("remote_again", "malloc after those frees", 30, 34, 25),
    ("realloc_grow", "realloc to 64 MiB in 4 KiB steps, a step", 145, 95, 80),
    ("grow_64", "realloc to 64 KiB in 64 B steps, a step", 137, 90, 80),
    ("grow_4k", "realloc to 1 MiB in 4 KiB steps, a step", 138, 1600, 138),
    ("grow_20_by_700", "20 to 400 KiB in turn by 700 B, a step", 3142, 2000, 2000),
    ("grow_20_by_4k", "20 to 400 KiB in turn by 4 KiB, a step", 17900, 12000, 12000),
    ("grow_100_by_700", "100 to 100 KiB in turn by 700 B, a step", 2580, 2200, 2200),
)
DEFAULT_COLUMN, FAST_COLUMN = 3, 4
STEP_LIMIT_S = 60


def operations(ops, *mode):
    """{operation: how many of it one run counts}, as the program itself prints it."""
    text = subprocess.run([ops, *mode], capture_output=True, text=True, check=True).stdout
    return {name: int(count) for name, count in (line.split() for line in text.splitlines())}


def _environment(preload):
    env = {key: value for key, value in os.environ.items() if key != "LD_PRELOAD"}
    env["HEAPALLOC"] = "purge=1h"  # a slow machine would count more ticks of the clock
    if preload:
        env["LD_PRELOAD"] = preload
    return env


def by_callgrind(ops, operation, mode, preload=""):
    """Instructions of the whole counted region of one operation."""
    found = callgrind.regions([ops, operation, mode], _environment(preload))
    return sum(count for label, count in found if label == "counted")


def by_stepping(stepper, ops, operation, mode, preload=""):
    command = [ops, operation, mode, "trap"]
    return sum(callgrind.stepped(stepper, command, preload, STEP_LIMIT_S))


class Counter:
    """Counts with one worker for each core; the cost of loop and calls is counted once and subtracted everywhere."""

    def __init__(self, ops, stepper=None, step=None):
        self._ops, self._stepper = ops, stepper
        self._counts = operations(ops)
        self._step_counts = operations(ops, "trap")
        self._step = step or (lambda what: None)
        self._empty = {}

    def _value(self, operation, name, preload, stepped):
        self._step(f"{operation} {name}")
        if stepped:
            counts, count = self._step_counts, lambda mode, path: by_stepping(
                self._stepper, self._ops, operation, mode, path)
        else:
            counts, count = self._counts, lambda mode, path: by_callgrind(
                self._ops, operation, mode, path)
        key = (operation, stepped)
        if key not in self._empty:
            self._empty[key] = count("nothing", "")
        return (count("malloc", preload) - self._empty[key]) / counts[operation]

    def _runs_in_valgrind(self, preload):
        try:
            by_callgrind(self._ops, "usable_size", "malloc", preload)
        except CannotCount:
            return False
        return True

    def count(self, libraries, wanted=None, quick=False):
        """{name: {"by": method, "values": {operation: instructions}}} for `libraries`, {name: preload path}."""
        wanted = [row[0] for row in ROWS] if wanted is None else wanted
        result, jobs = {}, {}
        with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            runs = dict(zip(libraries, pool.map(self._runs_in_valgrind, libraries.values())))
            for name, preload in libraries.items():
                stepped = not runs[name]
                result[name] = {"by": "stepping" if stepped else "callgrind", "values": {}}
                if stepped and (quick or not self._stepper):
                    result[name]["by"] = "not counted: valgrind cannot run it"
                    continue
                for operation in wanted:
                    if not stepped or operation in self._step_counts:
                        jobs[pool.submit(self._value, operation, name, preload, stepped)] = (
                            name, operation)
            for job in concurrent.futures.as_completed(jobs):
                name, operation = jobs[job]
                try:
                    result[name]["values"][operation] = round(job.result(), 1)
                except CannotCount as error:
                    result[name].setdefault("missing", {})[operation] = str(error)
        return result
