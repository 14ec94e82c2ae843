"""The suite's part `micro`: every pattern under every allocator, in interleaved rounds, as ns per operation."""
# SPDX-License-Identifier: MIT
import csv
import json
import subprocess
import tempfile

from suite import measure
from suite.measure import CommandFailed

# In the order of the report.
PATTERNS = (
    ("pair", "one block, again and again"),
    ("batch_lifo", "1000 blocks, freed last first"),
    ("batch_fifo", "1000 blocks, freed in order"),
    ("replace", "random replacement"),
    ("calloc", "zeroed blocks"),
    ("realloc", "growing blocks"),
    ("aligned", "aligned blocks"),
    ("large", "64 KiB to 64 MiB"),
    ("new_delete", "C++ objects and containers"),
    ("scaling", "independent threads"),
    ("producer_consumer", "freed by another thread"),
    ("thread_churn", "short-lived threads"),
    ("larson", "sessions handed between threads"),
    ("exchange", "blocks exchanged between threads"),
    ("false_sharing", "neighbours in one cache line"),
    ("startup", "a short process"),
)
# Each of their benchmarks runs in a process of its own: they report memory, or may take very long.
ISOLATED = ("realloc", "producer_consumer", "thread_churn", "larson", "exchange")
# Those whose blocks other threads free.
REPORTING_MEMORY = ("producer_consumer", "thread_churn", "larson", "exchange")
# Times depend by a factor of four on which thread is ahead, and on which core, so these short ones run more often.
UNEVEN = ("producer_consumer", "thread_churn", "larson")
UNEVEN_TIMES = 3
PROCESS_LIMIT_S, PROCESS_LIMIT_QUICK_S = 40, 5


def _benchmarks(context, pattern):
    """The names of a pattern's benchmarks."""
    out = measure.output_of(context.baseline(), [context.tool(f"micro_{pattern}"),
                                                 "--benchmark_list_tests"])
    return out.split()


def _jobs(context):
    """Yields (pattern, filter) for each process."""
    for pattern, _ in PATTERNS:
        if not context.has_tool(f"micro_{pattern}"):
            continue
        if pattern in ISOLATED:
            for name in _benchmarks(context, pattern):
                yield pattern, f"^{name}$"
        else:
            yield pattern, "."


def _run(context, allocator, pattern, wanted, min_time_s):
    """{benchmark: Google Benchmark's dictionary} of one process."""
    limit_s = context.choose(PROCESS_LIMIT_S, PROCESS_LIMIT_QUICK_S)
    command = [context.tool(f"micro_{pattern}"), f"--benchmark_filter={wanted}",
               f"--benchmark_min_time={min_time_s}", "--benchmark_out_format=json"]
    with tempfile.NamedTemporaryFile(mode="r", suffix=".json") as out:
        command.append(f"--benchmark_out={out.name}")
        try:
            done = subprocess.run(command, env=allocator.environment(), capture_output=True,
                                  timeout=limit_s, check=False)
        except subprocess.TimeoutExpired as error:
            raise CommandFailed(f"over {limit_s} s") from error
        if done.returncode != 0:
            raise CommandFailed(f"status {done.returncode}")
        return {b["name"]: b for b in json.load(out)["benchmarks"] if "error_message" not in b}


class _Results:
    def __init__(self, allocators):
        self.times, self.memory, self.patterns = {}, {}, {}
        self._names = [a.name for a in allocators]

    def add(self, pattern, name, found):
        for title, entry in found.items():
            self.patterns[title] = pattern
            slot = self.times.setdefault(title, {n: [] for n in self._names})
            slot[name].append(round(1e9 / entry["items_per_second"], 3))
            if "peak_kib" in entry:
                slot = self.memory.setdefault(title, {n: [] for n in self._names})
                slot[name].append([entry["live_kib"], entry["peak_kib"]])


def run(context):
    rounds = context.choose(5, 2)
    min_time_s = context.choose(0.03, 0.005)
    jobs = list(_jobs(context))
    if not context.quick:
        jobs += (UNEVEN_TIMES - 1) * [job for job in jobs if job[0] in UNEVEN]
    context.progress.begin("micro", rounds * len(jobs) * len(context.allocators))
    results = _Results(context.allocators)
    given_up = {}
    for turn in range(rounds):
        for pattern, wanted in jobs:
            for allocator in context.in_turn(context.allocators):
                title = pattern if wanted == "." else wanted.strip("^$")
                context.progress.step(f"{title} {allocator.name}, round {turn + 1} of {rounds}")
                if (allocator.name, title) in given_up:
                    continue
                try:
                    results.add(pattern, allocator.name,
                                _run(context, allocator, pattern, wanted, min_time_s))
                except CommandFailed as error:
                    given_up[allocator.name, title] = str(error)
                    context.warn(f"{title} under {allocator.name}: {error}")
    _write_csv(context.file("micro.csv"), results)
    return {"rounds": rounds, "min_time_s": min_time_s, "patterns": dict(PATTERNS),
            "pattern_of": results.patterns, "ns": results.times, "memory_kib": results.memory,
            "given_up": [[n, t, why] for (n, t), why in given_up.items()]}


def _write_csv(path, results):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["pattern", "benchmark", "allocator", "round", "ns"])
        for title, by_name in results.times.items():
            for name, values in by_name.items():
                for i, value in enumerate(values):
                    writer.writerow([results.patterns[title], title, name, i + 1, value])
