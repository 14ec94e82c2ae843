"""The suite's part `server`: memory of a long-running process against what it holds, for every allocator."""
# SPDX-License-Identifier: MIT
import concurrent.futures
import csv
import os

from suite import measure
from suite.measure import CommandFailed

# The promise: two decay times after a peak (half a second each), RSS is within 15 % of the live set + 4 MiB.
SETTLE_S = 1.0
BOUND_FACTOR, BOUND_KIB = 1.15, 4096


def _parse(text):
    server = {"samples": [], "phases": [], "pages": []}
    for line in text.splitlines():
        kind, *rest = line.split(",")
        if kind == "sample":
            server["samples"].append([float(rest[0]), int(rest[1]), int(rest[2])])
        elif kind == "phase":
            server["phases"].append([rest[0], float(rest[1])])
        elif kind == "cost":
            server["cpu_s"], server["requests"], server["late_ticks"] = (
                float(rest[0]), int(rest[1]), int(rest[2]))
        elif kind == "pages":
            server["pages"].append([float(rest[0]), int(rest[1])])
    return server


def _fits(live_kib, rss_kib):
    return rss_kib <= live_kib * BOUND_FACTOR + BOUND_KIB


def _judge(server):
    """Adds sums of the samples: peak over peak, mean over mean, and the state after the last fall."""
    samples = server["samples"]
    server["peak_ratio"] = max(s[2] for s in samples) / max(s[1] for s in samples)
    server["mean_ratio"] = sum(s[2] for s in samples) / sum(s[1] for s in samples)
    quiet_s = next(at for name, at in server["phases"] if name == "quiet")
    after = [s for s in samples if s[0] >= quiet_s + SETTLE_S]
    quiet = [s for s in samples if s[0] >= quiet_s]
    if after:
        server["settled_live_kib"], server["settled_rss_kib"] = after[0][1], after[0][2]
        server["settled_pages_kib"] = server["pages"][0][1]
        server["settled"] = all(_fits(live, rss) for _, live, rss in after)
    fitting = [s[0] for s in quiet if _fits(s[1], s[2])]
    server["settle_s"] = round(max(0.0, fitting[0] - quiet_s), 2) if fitting else None
    server["end_live_kib"], server["end_rss_kib"] = samples[-1][1], samples[-1][2]
    server["end_pages_kib"] = server["pages"][-1][1]
    return server


def run(context):
    seconds, peak_mib = context.choose((60, 256), (6, 64))
    command = [context.tool("server"), str(seconds), str(peak_mib)]
    # One server keeps a core busy for less than a tenth: several run side by side, and none is late for it.
    at_once = max(2, 2 * len(os.sched_getaffinity(0)))
    context.progress.begin("server", len(context.allocators))
    servers = {}

    def one(allocator):
        text = measure.output_of(allocator, command, limit_s=4 * seconds + 60)
        context.progress.step(allocator.name)
        return _judge(_parse(text))

    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        jobs = {a.name: pool.submit(one, a) for a in context.allocators}
        for name, job in jobs.items():
            try:
                servers[name] = job.result()
            except CommandFailed as error:
                context.warn(f"the server under {name}: {error}")
    late = [f"{n} ({s['late_ticks']})" for n, s in servers.items() if s["late_ticks"] > s["requests"] / 40000]
    if late:
        context.warn(f"servers that fell behind their schedule, so that their curves lag: {', '.join(late)}")
    _write_csv(context.file("server.csv"), servers)
    return {"run_s": seconds, "peak_mib": peak_mib, "servers": servers,
            "bound": [BOUND_FACTOR, BOUND_KIB, SETTLE_S]}


def _write_csv(path, servers):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["allocator", "seconds", "live_kib", "rss_kib"])
        for name, server in servers.items():
            for at, live, rss in server["samples"]:
                writer.writerow([name, at, live, rss])
