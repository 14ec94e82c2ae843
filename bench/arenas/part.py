"""The suite's part `arenas`: arenas beside each allocator's malloc and free, collected arenas beside Boehm's."""
# SPDX-License-Identifier: MIT
import csv
import os
import re
import statistics
import subprocess

from suite import measure, stats
from suite.measure import CommandFailed

PROGRAMS = {
    "compiler": "a compiler's front end: text, tokens, trees",
    "game": "a game's frames: commands, contacts, lists, texts",
}
COLLECTORS = {
    "boehm": "Boehm's collector",
    "arena": "collected arena",
    "steps": "collected arena, steps of 64 KiB",
    "malloc": "calloc, never freed",
}
TIMES = re.compile(r"malloc +([\d.]+) ms +arena +([\d.]+) ms")
MACHINE = re.compile(r"^\w+ +([\d.]+) s +longest pause +([\d.]+) ms +(\d+) collections +peak +([\d.]+) MiB")


def _libc(context):
    text = subprocess.run(["ldd", context.tool("trivial")], capture_output=True, text=True, check=True).stdout
    return next(line.split()[2] for line in text.splitlines() if "libc.so" in line)


def _compare(allocator, program, rounds, libc):
    """(ms by malloc and free, ms by an arena) in one process, which has heapalloc's arenas: so that malloc is the
    system's, the system's library is preloaded by name."""
    environment = dict(allocator.environment(), LD_PRELOAD=allocator.path or libc)
    done = subprocess.run([program, str(rounds)], env=environment, capture_output=True, text=True, timeout=300,
                          check=False)
    found = TIMES.search(done.stdout)
    if done.returncode != 0 or not found:
        raise CommandFailed(f"{os.path.basename(program)} under {allocator.name}: status {done.returncode}")
    return [float(value) for value in found.groups()]


def _collect(context, name, rounds):
    program = "boehm_machine" if name == "boehm" else "collected_machine"
    if not context.has_tool(program):
        raise CommandFailed("Boehm's collector is left out: libgc-dev was not there when the suite was built")
    found = MACHINE.search(measure.output_of(context.baseline(), [context.tool(program), name, str(rounds)]))
    if not found:
        raise CommandFailed(f"{name}: its output is not understood")
    return dict(zip(("cpu_s", "pause_ms", "collections", "peak_mib"), map(float, found.groups())))


def _run_arenas(context, turns, rounds):
    libc = _libc(context)
    ms = {a.name: {program: [] for program in PROGRAMS} for a in context.allocators}
    for turn in range(turns):
        for a in context.in_turn(context.allocators):
            context.progress.step(f"{a.name}, round {turn + 1} of {turns}")
            for program in PROGRAMS:
                try:
                    ms[a.name][program].append(_compare(a, context.tool(f"arenas_{program}"), rounds, libc))
                except (CommandFailed, subprocess.TimeoutExpired) as error:
                    context.warn(str(error))
    return ms


def _run_collectors(context, turns):
    runs = {name: [] for name in COLLECTORS}
    for turn in range(turns):
        for name in context.in_turn(list(COLLECTORS)):
            context.progress.step(f"collector {name}, round {turn + 1} of {turns}")
            try:
                runs[name].append(_collect(context, name, 3))
            except CommandFailed as error:
                if turn == 0:
                    context.warn(str(error))
    return {name: {key: statistics.median(run[key] for run in of) for key in of[0]} for name, of in runs.items() if of}


def run(context):
    turns, rounds = context.choose((5, 15), (1, 3))
    context.progress.begin("arenas", turns * (len(context.allocators) + len(COLLECTORS)))
    ms = _run_arenas(context, turns, rounds)
    collectors = _run_collectors(context, turns)
    _write_csv(context.file("arenas.csv"), ms)
    speedups = {name: {program: stats.paired_ratio([m for m, _ in pairs], [a for _, a in pairs])
                       for program, pairs in by.items() if pairs} for name, by in ms.items()}
    return {"programs": PROGRAMS, "ms": ms, "speedups": speedups, "collectors": collectors,
            "collector_names": COLLECTORS}


def _write_csv(path, ms):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["allocator", "program", "round", "malloc_ms", "arena_ms"])
        for name, by_program in ms.items():
            for program, pairs in by_program.items():
                for i, pair in enumerate(pairs):
                    writer.writerow([name, program, i + 1, *pair])
