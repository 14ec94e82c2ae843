"""The suite's part `latency`: the worst operation, growth of cost with the heap, memory after hard lifetimes."""
# SPDX-License-Identifier: MIT
import concurrent.futures
import csv
import os
import statistics
import subprocess

from counts import callgrind
from counts.callgrind import CannotCount
from suite import measure
from suite.measure import CommandFailed

PERCENTILES = (0.5, 0.9, 0.99, 0.999)
KINDS = ("malloc", "free")
ANY_LIVE = 100000
PAIRS = 200000  # exact.c's


def percentiles(weighted):
    """{"p50": ..., "max": ...} of a list of (value, how often)."""
    ordered = sorted(weighted)
    total = sum(count for _, count in ordered)
    result, seen, at = {}, 0, iter(PERCENTILES)
    wanted = next(at)
    for value, count in ordered:
        seen += count
        while wanted is not None and seen >= wanted * total:
            result[f"p{100 * wanted:g}"] = value
            wanted = next(at, None)
    result["max"] = ordered[-1][0]
    return result


def _in_parallel(jobs):
    """{key: result} of {key: function}; failures come back as exceptions."""
    results = {}
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        futures = {key: pool.submit(job) for key, job in jobs.items()}
        for key, future in futures.items():
            try:
                results[key] = future.result()
            except (CannotCount, CommandFailed) as error:
                results[key] = error
    return results


def _exact_one(context, allocator, mix, live, operations):
    context.progress.step(f"instructions at {live} live blocks, {allocator.name}")
    found = callgrind.regions([context.tool("exact"), mix, str(live), str(operations)],
                              allocator.environment())
    empty = min(count for label, count in found if label == "nothing")
    counts = {kind: sorted(count - empty for label, count in found if label == kind) for kind in KINDS}
    whole = dict(found)
    counts["pair"] = (whole["pairs"] - whole["draws"]) / PAIRS
    return counts


def _exact(context, sizes):
    """Instruction counts of every single operation; {allocator: {"any": ..., "growth": {live: ...}}}."""
    operations = context.choose((20000, 4000), (3000, 1000))
    jobs = {}
    for a in context.allocators:
        jobs[a.name, "any", ANY_LIVE] = (
            lambda a=a: _exact_one(context, a, "any", ANY_LIVE, operations[0]))
        for live in sizes:
            jobs[a.name, "objects", live] = (
                lambda a=a, live=live: _exact_one(context, a, "objects", live, operations[1]))
    results, refused = {}, {}
    for (name, mix, live), counts in _in_parallel(jobs).items():
        if isinstance(counts, Exception):
            refused[name] = str(counts)
            continue
        entry = results.setdefault(name, {"growth": {}})
        summary = {kind: percentiles([(v, 1) for v in counts[kind]]) for kind in KINDS}
        if mix == "any":
            entry["any"] = summary
        else:
            summary["pair"] = {"mean": round(counts["pair"], 1)}
            entry["growth"][live] = summary
    for name, reason in refused.items():
        context.warn(f"{name}'s instructions of single operations are not counted: {reason}")
    return results


def _timed_one(context, allocator, mix, live, operations):
    text = measure.output_of(allocator, [context.tool("timed"), mix, str(live), str(operations)])
    timed = {kind: [] for kind in KINDS}
    for line in text.splitlines():
        name, value, *rest = line.split(",")
        if name == "pair":
            timed["pair_ns"] = float(value)
        elif name in KINDS:
            timed[name].append((float(value), int(rest[0])))
    return timed


def _timed(context, sizes, rounds):
    operations = context.choose(300000, 100000)
    any_mix = {a.name: [] for a in context.allocators}
    growth = {a.name: {live: [] for live in sizes} for a in context.allocators}
    for turn in range(rounds):
        for live in (0, *sizes):
            for a in context.in_turn(context.allocators):
                context.progress.step(f"time at {live or ANY_LIVE} live blocks, {a.name}")
                if live:
                    growth[a.name][live].append(
                        _timed_one(context, a, "objects", live, operations)["pair_ns"])
                else:
                    any_mix[a.name].append(_timed_one(context, a, "any", ANY_LIVE, operations))
    return _merge(any_mix), growth


def _merge(any_mix):
    """Percentiles of the sum of all rounds, and each percentile's range over the rounds."""
    merged = {}
    for name, rounds in any_mix.items():
        merged[name] = {"pair_ns": [r["pair_ns"] for r in rounds]}
        for kind in KINDS:
            each = [percentiles(r[kind]) for r in rounds]
            merged[name][kind] = percentiles([pair for r in rounds for pair in r[kind]])
            merged[name][kind + "_range"] = {
                key: [min(e[key] for e in each), max(e[key] for e in each)] for key in each[0]}
    return merged


def _fragment_one(context, allocator, scenario, budget_mib):
    context.progress.step(f"memory after {scenario}, {allocator.name}")
    text = measure.output_of(allocator, [context.tool("fragment"), scenario, str(budget_mib)])
    peak_live, peak_rss, end_live, end_rss = (int(word) for word in text.split())
    return {"peak_live_kib": peak_live, "peak_rss_kib": peak_rss, "end_live_kib": end_live,
            "end_rss_kib": end_rss, "ratio": peak_rss / peak_live}


def _fragment(context, budget_mib):
    lines = subprocess.run([context.tool("fragment")], capture_output=True, text=True,
                           check=True).stdout.splitlines()
    does = dict(line.split(" ", 1) for line in lines)
    jobs = {(s, a.name): (lambda s=s, a=a: _fragment_one(context, a, s, budget_mib))
            for s in does for a in context.allocators}
    results = {s: {} for s in does}
    for (scenario, name), found in _in_parallel(jobs).items():
        if isinstance(found, Exception):
            context.warn(f"{scenario} under {name}: {found}")
        else:
            results[scenario][name] = found
    return {"does": does, "budget_mib": budget_mib, "results": results}


def run(context):
    sizes = [10**n for n in range(3, context.choose(8, 7))]
    exact_sizes = sizes[:context.choose(5, 3)]
    rounds = context.choose(3, 2)
    count = len(context.allocators)
    context.progress.begin("latency", count * (1 + len(exact_sizes) + 6 + rounds * (1 + len(sizes))))
    exact = _exact(context, exact_sizes) if context.has_tool("exact") else {}
    fragments = _fragment(context, context.choose(64, 16))
    timed, growth = _timed(context, sizes, rounds)
    _write_csv(context, exact, timed, growth, fragments)
    return {"any_live": ANY_LIVE, "exact": exact, "timed": timed, "growth_ns": growth,
            "fragments": fragments, "rounds": rounds}


def _write_csv(context, exact, timed, growth, fragments):
    with open(context.file("latency.csv"), "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["what", "allocator", "operation", "live_blocks", "point", "value"])
        for name, entry in exact.items():
            for live, summary in [(ANY_LIVE, entry.get("any", {})), *entry["growth"].items()]:
                for kind, points in summary.items():
                    for point, value in points.items():
                        writer.writerow(["instructions", name, kind, live, point, value])
        for name, entry in timed.items():
            for kind in KINDS:
                for point, value in entry[kind].items():
                    writer.writerow(["ns", name, kind, ANY_LIVE, point, value])
        for name, by_live in growth.items():
            for live, values in by_live.items():
                for i, value in enumerate(values):
                    writer.writerow(["pair ns", name, "free + malloc", live, f"round {i + 1}", value])
    with open(context.file("fragmentation.csv"), "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["scenario", "allocator", "peak_live_kib", "peak_rss_kib", "end_live_kib",
                         "end_rss_kib"])
        for scenario, by_name in fragments["results"].items():
            for name, found in by_name.items():
                writer.writerow([scenario, name, *list(found.values())[:4]])
