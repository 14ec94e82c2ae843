"""The promises heapalloc makes about speed and memory, each judged on the measurements of one run."""
# SPDX-License-Identifier: MIT
from report import view
from suite import stats

# kept: True, False, or None where a difference is smaller than the noise.
OPEN, KEPT, BROKEN = None, True, False


def _goal(title, kept, measured):
    return {"title": title, "kept": kept, "measured": measured}


def _times(ratio):
    return f"{ratio:.2f} x"


def _programs(document, ours):
    programs = view.Programs(document)
    if not programs.complete:
        return
    peers = view.peers_of(document)
    against = {p: programs.mean(ours, "cpu_s", base=p) for p in peers}
    if against:
        worst = max(against, key=lambda p: against[p]["mid"])
        verdicts = [r["verdict"] for r in against.values()]
        kept = BROKEN if 1 in verdicts else OPEN if 0 in verdicts else KEPT
        yield _goal("programs take less CPU time than under every packaged peer", kept,
                    f"{_times(against[worst]['mid'])} of {worst}, the closest")
    memory = programs.mean(ours, "rss_kib")
    yield _goal("programs peak at no more memory than under glibc", memory["verdict"] <= 0,
                f"{_times(memory['mid'])} of glibc's")
    if peers:
        slower = [row for row in programs.worst_against(ours, peers, "cpu_s")
                  if row[2]["mid"] > 1.03 and row[2]["verdict"] > 0]
        yield _goal("no program more than 3 % slower than under its best packaged peer", not slower,
                    _listed(slower) or "none is")
    fatter = [row for row in programs.worst_against(ours, [view.BASE], "rss_kib")
              if row[2]["mid"] > 1.10 and row[2]["verdict"] > 0]
    yield _goal("no program more than 10 % above glibc's peak memory", not fatter,
                _listed(fatter) or "none is")


def _listed(rows):
    return ", ".join(f"{program} {_times(ratio['mid'])} of {best}'s" for program, best, ratio in rows[:4])


def _counts(document, ours):
    part = document["parts"]["counts"]
    for name, column in ((ours, "budget"), ("heapalloc-fast", "budget_fast")):
        if name not in part["counts"]:
            continue
        values = part["counts"][name]["values"]
        rows = [r for r in part["rows"] if r[column] is not None]
        over = [r["title"] for r in rows if values.get(r["operation"], 1e9) > r[column]]
        yield _goal(f"{name} executes no more instructions than budgeted", not over,
                    f"{len(rows) - len(over)} of {len(rows)} operations within"
                    + (f"; over: {', '.join(over[:3])}{' ...' if len(over) > 3 else ''}" if over else ""))


def _startup(document, ours):
    part = document["parts"]["startup"]["results"]
    base, own = part[view.BASE], part[ours]
    rss, faults = own["rss_kib"] - base["rss_kib"], own["minor_faults"] - base["minor_faults"]
    yield _goal("a trivial process has at most 100 kB more than under glibc", rss * 1.024 <= 100,
                f"{rss * 1.024:+.0f} kB")
    yield _goal("a trivial process has at most 30 more page faults", faults <= 30, f"{faults:+.0f}")


def _server(document, ours):
    server = document["parts"]["server"]["servers"].get(ours)
    if not server or "settled" not in server:
        return
    live, rss = server["settled_live_kib"] / 1024, server["settled_rss_kib"] / 1024
    pages, end, end_pages = (server[key] / 1024 for key in ("settled_pages_kib", "end_rss_kib", "end_pages_kib"))
    yield _goal("a server is within 15 % + 4 MiB of its live data two decay times after a peak",
                server["settled"], f"{rss:.0f} MiB for {live:.0f} MiB live in pages of {pages:.0f} MiB; at the end"
                f" {end:.0f} MiB, and these pages are {end_pages:.0f}")


PROMISED_THREADS = ("producer_consumer", "larson", "thread_churn")


def _threads(document, ours):
    micro = view.Micro(document)
    peers = view.peers_of(document)
    for pattern in PROMISED_THREADS:
        ratios = {p: micro.compare(pattern, ours, p) for p in peers}
        ratios = {p: r for p, r in ratios.items() if r}
        if not ratios:
            continue
        worst = max(ratios, key=lambda p: ratios[p]["mid"])
        ratio = ratios[worst]
        kept = BROKEN if ratio["verdict"] > 0 else KEPT if ratio["verdict"] < 0 else OPEN
        yield _goal(f"{pattern.replace('_', '/')} is at least as fast as under the best packaged peer",
                    kept, f"{_times(ratio['mid'])} the time of {worst}")
    over = []
    for row in micro.memory():
        live, peak = row["cells"].get(ours, (1, 0))
        if row["name"].split("/")[0] in PROMISED_THREADS and peak > 1.2 * live + 4096:
            over.append(f"{row['name']}: {peak / 1024:.1f} MiB for {live / 1024:.1f} live")
    yield _goal("these thread patterns peak at no more than 1.2 x live + 4 MiB", not over,
                "; ".join(over[:3]) or "all do")


def _growth(document, ours):
    points = view.growth(document)["exact"].get(ours)
    if not points:
        return
    ratio = max(points.values()) / min(points.values())
    lives = sorted(points)
    yield _goal(f"an operation costs the same with {lives[0]:,} and {lives[-1]:,} live blocks",
                ratio <= 1.25, f"instructions vary by {_times(ratio)}")


def _runtime(document, ours):
    part = document["parts"]["runtime"]
    best = {w: max(by[w][1] for by in part["speedups"][ours].values() if w in by)
            for w in part["workloads"]}
    pool = part["speedups"][ours].get("pool", {})
    if pool:
        # The blocks held at the same time decide; the loop is shown next to them.
        yield _goal(f"50,000 blocks of 64 bytes through a pool are over {part['founding_ratio']} x as fast as malloc",
                    pool["held"][1] > part["founding_ratio"],
                    f"{pool['held'][1]:.1f} x held, {pool['loop'][1]:.1f} x when each is freed at once")
    yield _goal(f"every workload of a compiler's run time is over {part['founding_ratio']} x as fast as through the"
                " system's malloc",
                all(v > part["founding_ratio"] for v in best.values()),
                ", ".join(f"{w} {v:.1f} x" for w, v in best.items()))
    reused = max(part["reused"][ours].get(r, 0) for r in ("malloc", "pool", "arena"))
    yield _goal("all 30 chess moves are handed out again", reused == part["moves"],
                f"{reused} of {part['moves']}")


def _arenas(document, ours):
    part = document["parts"]["arenas"]
    over = {p: part["speedups"][view.BASE][p][1] for p in part["programs"] if p in part["speedups"][view.BASE]}
    own = {p: part["speedups"][ours][p][1] for p in over if p in part["speedups"].get(ours, {})}
    if over:
        yield _goal("programs whose blocks end together are at least twice as fast with an arena as with glibc's"
                    " malloc",
                    min(over.values()) >= 2, ", ".join(f"{p} {v:.1f} x" for p, v in over.items())
                    + "".join(f", {p} {v:.1f} x {ours}'s" for p, v in own.items()))


def _fragments(document, ours):
    rows = view.fragments(document)
    mine = stats.geometric_mean(r["cells"][ours]["mid"] for r in rows if ours in r["cells"])
    base = stats.geometric_mean(r["cells"][view.BASE]["mid"] for r in rows)
    yield _goal("hard lifetimes cost no more memory than under glibc", mine <= base,
                f"{mine:.2f} x what is live, glibc {base:.2f} x")


JUDGES = (("programs", _programs), ("server", _server), ("micro", _threads), ("counts", _counts),
          ("latency", _growth), ("latency", _fragments), ("startup", _startup), ("runtime", _runtime),
          ("arenas", _arenas))


def judge(document):
    """A list of {title, kept, measured}; empty when no build of ours was measured."""
    ours = view.ours_of(document)
    if not ours:
        return []
    goals = []
    for part, judges in JUDGES:
        if part in document["parts"]:
            goals.extend(judges(document, ours))
    return goals
