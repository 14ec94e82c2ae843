"""Turns the measurements of a run into the data that the page draws: ratios with their ranges, ties, means."""
# SPDX-License-Identifier: MIT
import statistics

from suite import stats

BASE = "glibc"
LEAST_S = 0.001  # stands for a time too short for the kernel to count: ratios and means have no place for zero


def names_of(document):
    return [a["name"] for a in document["allocators"]]


def peers_of(document):
    """The packaged peers that were measured; the system's own allocator is not one of them."""
    return [a["name"] for a in document["allocators"] if a["packaged"]]


def ours_of(document):
    """Our build that the verdict is about: the default one, None if the run had none."""
    names = [a["name"] for a in document["allocators"] if a["ours"]]
    return "heapalloc" if "heapalloc" in names else (names[0] if names else None)


def _ratio(values, base, noise):
    low, middle, high = stats.paired_ratio(values, base)
    return {"low": low, "mid": middle, "high": high,
            "verdict": stats.verdict((low, middle, high), noise)}


def _series(runs, name, key):
    least = LEAST_S if key.endswith("_s") else 0
    return [max(run[key], least) for run in runs.get(name, [])]


class Programs:
    """Ratios of whole programs to the system's allocator, per program and as geometric mean over all."""

    def __init__(self, document):
        self.part = document["parts"]["programs"]
        self.names = names_of(document)
        self.runs = self.part["runs"]
        self.again = self.part["again"]
        rounds = self.part["rounds"]
        # A program counts when it ran in every round under every allocator: means are over the same set.
        self.complete = [p for p, by_name in self.runs.items()
                         if all(len(by_name.get(n, [])) == rounds for n in [*self.names, self.again])]

    def noise(self, program, key):
        runs = self.runs[program]
        return stats.noise_of(_series(runs, self.again, key), _series(runs, BASE, key))

    def mean_series(self, name, key, base=BASE):
        """For each round, the geometric mean over the programs of name's cost over base's."""
        pairs = [zip(_series(self.runs[p], name, key), _series(self.runs[p], base, key)) for p in self.complete]
        return [stats.geometric_mean(cost / of_base for cost, of_base in of_round) for of_round in zip(*pairs)]

    def mean(self, name, key, base=BASE):
        """The same as a ratio with its range; ties are judged by the baseline's own second run."""
        values = self.mean_series(name, key, base)
        again = self.mean_series(self.again, key)
        ones = [1.0] * len(values)
        return _ratio(values, ones, stats.noise_of(again, ones))

    def table(self, key):
        rows = []
        for program in self.runs:
            base = _series(self.runs[program], BASE, key)
            noise = self.noise(program, key) if program in self.complete else 0.0
            cells = {n: _ratio(_series(self.runs[program], n, key), base, noise)
                     for n in self.names if _series(self.runs[program], n, key) and base}
            absolute = {n: statistics.median(_series(self.runs[program], n, key)) for n in cells}
            rows.append({"name": program, "does": self.part["does"][program], "noise": noise,
                         "cells": cells, "absolute": absolute})
        mean = {n: self.mean(n, key) for n in self.names} if self.complete else {}
        again = self.mean_series(self.again, key) if self.complete else [1.0]
        return {"rows": rows, "mean": mean, "programs": len(self.complete),
                "noise": stats.noise_of(again, [1.0] * len(again))}

    def worst_against(self, name, others, key):
        """[(program, best other, ratio)] sorted from the worst for `name`."""
        found = []
        for program in self.complete:
            medians = {n: statistics.median(_series(self.runs[program], n, key)) for n in others}
            best = min(medians, key=medians.get)
            ratio = _ratio(_series(self.runs[program], name, key),
                           _series(self.runs[program], best, key), self.noise(program, key))
            found.append((program, best, ratio))
        return sorted(found, key=lambda row: -row[2]["mid"])


class Micro:
    """Patterns: times as ratios to the system's allocator, per benchmark and per pattern."""

    def __init__(self, document):
        self.part = document["parts"]["micro"]
        self.names = names_of(document)

    def of_pattern(self, pattern):
        return [t for t, p in self.part["pattern_of"].items() if p == pattern]

    def _has(self, title, name):
        """True if no run of it failed; uneven patterns have more runs than the others."""
        by_name = self.part["ns"][title]
        return len(by_name.get(name, [])) == max(map(len, by_name.values()))

    def mean_series(self, pattern, name, base=BASE):
        titles = [t for t in self.of_pattern(pattern) if self._has(t, name) and self._has(t, base)]
        if not titles:
            return []
        times = self.part["ns"]
        return [stats.geometric_mean(times[t][name][i] / times[t][base][i] for t in titles)
                for i in range(len(times[titles[0]][name]))]

    def compare(self, pattern, name, base=BASE):
        values = self.mean_series(pattern, name, base)
        return _ratio(values, [1.0] * len(values), 0.02) if values else None

    def table(self):
        rows = []
        for pattern, does in self.part["patterns"].items():
            cells = {n: self.compare(pattern, n) for n in self.names}
            cells = {n: c for n, c in cells.items() if c}
            if cells:
                rows.append({"name": pattern, "does": does, "cells": cells, "noise": 0.02,
                             "details": self._details(pattern)})
        return {"rows": rows}

    def _details(self, pattern):
        return [{"name": t, "ns": {n: stats.interval(v) for n, v in self.part["ns"][t].items() if v}}
                for t in self.of_pattern(pattern)]

    def memory(self):
        """Thread patterns: the peak over what was live, in KiB; [(title, {name: (live, peak)})]."""
        rows = []
        for title, by_name in self.part["memory_kib"].items():
            cells = {n: [statistics.median(v[0] for v in pairs), statistics.median(v[1] for v in pairs)]
                     for n, pairs in by_name.items() if pairs}
            rows.append({"name": title, "cells": cells})
        return rows


def fragments(document):
    part = document["parts"]["latency"]["fragments"]
    return [{"name": scenario, "does": part["does"][scenario],
             "cells": {n: {"low": e["ratio"], "mid": e["ratio"], "high": e["ratio"], "verdict": None}
                       for n, e in by_name.items()}} for scenario, by_name in part["results"].items()]


def growth(document):
    """Cost of free + malloc against live blocks: exact instructions, and median ns."""
    part = document["parts"]["latency"]
    exact = {}
    for name, entry in part["exact"].items():
        points = {int(live): s["pair"]["mean"] for live, s in entry["growth"].items()}
        if points:
            exact[name] = points
    timed = {name: {int(live): stats.interval(values) for live, values in by_live.items() if values}
             for name, by_live in part["growth_ns"].items()}
    return {"exact": exact, "ns": timed}


def build(document):
    """All the page needs besides the document itself, without parts that did not run."""
    parts, view = document["parts"], {}
    if "programs" in parts:
        programs = Programs(document)
        view["programs"] = {key: programs.table(key)
                            for key in ("cpu_s", "system_s", "wall_s", "rss_kib", "minor_faults")}
    if "micro" in parts:
        micro = Micro(document)
        view["micro"] = micro.table()
        view["thread_memory"] = micro.memory()
    if "latency" in parts:
        view["fragments"] = fragments(document)
        view["growth"] = growth(document)
    return view
