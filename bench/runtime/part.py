"""The suite's part `runtime`: a compiler run time's workloads as ratios to the system's allocator in the same run."""
# SPDX-License-Identifier: MIT
import csv

from suite import measure, stats
from suite.measure import CommandFailed

WORKLOADS = {
    "loop": "50,000 times a 64 B block, at once freed",
    "held": "50,000 blocks of 64 B, then freed",
    "batches": "1000 times 100 blocks of 64 B, then freed; the pool's by its calls for batches",
    "hybrid": "40,000 objects, 3 of 4 small, then freed",
}
# How many times as fast as its system's malloc the pool allocator was that these workloads come from, with 50,000
# blocks of 64 B. It took 246 ns a block and malloc 770: so the blocks were held, because newly touched memory costs so
# much, and a block that was just freed does not.
FOUNDING_RATIO = 3.1
MOVES = 30


def _merge(entry, text):
    for line in text.splitlines():
        kind, *rest = line.split(",")
        if kind == "reused":
            entry["reused"][rest[0]] = int(rest[1])
        else:
            workload, route, system_ns, route_ns = rest
            entry["ns"].setdefault(route, {}).setdefault(workload, []).append(
                [float(system_ns), float(route_ns)])


def _judge(entry):
    """How many times as fast as the system's allocator: (low, median, high) of the paired ratios."""
    return {route: {workload: stats.paired_ratio([s for s, _ in pairs], [r for _, r in pairs])
                    for workload, pairs in by_workload.items()}
            for route, by_workload in entry["ns"].items()}


def run(context):
    rounds, repetitions = context.choose((5, 20), (2, 10))
    context.progress.begin("runtime", rounds * len(context.allocators))
    results = {a.name: {"ns": {}, "reused": {}} for a in context.allocators}
    for turn in range(rounds):
        for a in context.in_turn(context.allocators):
            context.progress.step(f"{a.name}, round {turn + 1} of {rounds}")
            try:
                text = measure.output_of(a, [context.tool("runtime"), str(repetitions)])
                _merge(results[a.name], text)
            except CommandFailed as error:
                context.warn(str(error))
    _write_csv(context.file("runtime.csv"), results)
    speedups = {name: _judge(entry) for name, entry in results.items()}
    return {"workloads": WORKLOADS, "founding_ratio": FOUNDING_RATIO, "moves": MOVES,
            "speedups": speedups, "reused": {n: e["reused"] for n, e in results.items()}}


def _write_csv(path, results):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["allocator", "route", "workload", "repetition", "system_ns", "route_ns"])
        for name, entry in results.items():
            for route, by_workload in entry["ns"].items():
                for workload, pairs in by_workload.items():
                    for i, (system_ns, route_ns) in enumerate(pairs):
                        writer.writerow([name, route, workload, i + 1, system_ns, route_ns])
