"""The suite's part `programs`: real programs under every allocator in interleaved rounds; time, CPU, memory, faults."""
# SPDX-License-Identifier: MIT
import csv
import os
import shutil
import tempfile

from programs import catalog, inputs
from programs.runner import Runner
from suite.measure import CommandFailed

KEEP = ("wall_s", "cpu_s", "system_s", "rss_kib", "tree_kib", "minor_faults")
# The baseline runs a second time in every round: the difference between its two runs is the noise.
AGAIN = "glibc again"


def _entrants(context):
    """[(name, allocator)]: all of them, and the system's allocator a second time, far from the first."""
    entrants = [(a.name, a) for a in context.allocators]
    return entrants + [(AGAIN, context.baseline())]


def _measure(context, programs, runner, rounds):
    entrants = _entrants(context)
    results = {p.name: {name: [] for name, _ in entrants} for p in programs}
    failed = {}
    for turn in range(rounds):
        for program in programs:
            for name, allocator in context.in_turn(entrants):
                context.progress.step(f"{program.name} {name}, round {turn + 1} of {rounds}")
                if (program.name, name) in failed:
                    continue
                try:
                    cost = runner.run(program, allocator)
                    results[program.name][name].append({key: cost[key] for key in KEEP})
                except CommandFailed as error:
                    failed[program.name, name] = str(error)
                    context.warn(f"{program.name} under {name}: {error}")
    return results, failed


def _choose(context):
    programs = []
    for program in catalog.PROGRAMS:
        if context.programs and program.name not in context.programs or context.quick and program.long:
            continue
        if catalog.find(program.command[0], context):
            programs.append(program)
        else:
            context.warn(f"{program.name} is left out: {program.command[0]} is not installed")
    return programs


def run(context):
    rounds = context.rounds or context.choose(5, 2)
    programs = _choose(context)
    context.progress.begin("programs", rounds * len(programs) * (len(context.allocators) + 1))
    folder = tempfile.mkdtemp(prefix="heapalloc-bench-")
    os.chmod(folder, 0o755)  # PostgreSQL runs as another user
    try:
        place = inputs.write_all(folder, catalog.WORK, context.quick, context.progress.step)
        runner = Runner(context, place)
        _warm_up(context, programs, runner)
        results, failed = _measure(context, programs, runner, rounds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    _write_csv(context.file("programs.csv"), results)
    return {"rounds": rounds, "does": {p.name: p.does for p in programs}, "runs": results,
            "tree": [p.name for p in programs if p.tree], "again": AGAIN,
            "failed": [[p, n, why] for (p, n), why in failed.items()]}


def _warm_up(context, programs, runner):
    """Loads programs and inputs into the page cache before anything is measured."""
    for program in programs:
        context.progress.step(f"{program.name}, warming up")
        try:
            runner.run(program, context.baseline())
        except CommandFailed as error:
            context.warn(f"{program.name}: {error}")


def _write_csv(path, results):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["program", "allocator", "round", *KEEP])
        for program, by_name in results.items():
            for name, runs in by_name.items():
                for i, cost in enumerate(runs):
                    writer.writerow([program, name, i + 1, *(cost[key] for key in KEEP)])
