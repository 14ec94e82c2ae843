"""The verdict in plain sentences, and the summary printed in the terminal."""
# SPDX-License-Identifier: MIT
from report import view


def percent(ratio):
    """'4.2 % less' or '4.2 % more' of a ratio."""
    change = 100 * (ratio - 1)
    return f"{abs(change):.1f} % {'less' if change < 0 else 'more'}"


def _against(ratio, other, what):
    if ratio["verdict"] == 0:
        return f"a tie with {other} in {what}"
    return f"{percent(ratio['mid'])} {what} than {other}"


def _best(programs, names, key):
    means = {n: programs.mean(n, key)["mid"] for n in names}
    return min(means, key=means.get) if means else None


def _state(ratio):
    return {-1: "win", 0: "tie", 1: "loss"}[ratio["verdict"]]


def _programs(document, ours):
    programs = view.Programs(document)
    if not programs.complete:
        return
    subject = ours or _best(programs, programs.names, "cpu_s")
    peers = [p for p in view.peers_of(document) if p != subject]
    for question, key, what in (("Is it faster?", "cpu_s", "CPU time"),
                                ("Is it leaner?", "rss_kib", "peak memory")):
        base = programs.mean(subject, key)
        text = _against(base, view.BASE, what) if subject != view.BASE else "glibc itself"
        best = _best(programs, peers, key)
        state = _state(base)
        if best:
            ratio = programs.mean(subject, key, base=best)
            text += f"; {_against(ratio, best + ', the best packaged peer', what)}"
            state = _state(ratio) if key == "cpu_s" else state
        yield {"question": question, "state": state, "number": f"{base['mid']:.2f} x",
               "unit": f"{what} of glibc", "text": f"{subject}: {text}, over {len(programs.complete)} programs."}


def _server(document, ours):
    servers = document["parts"]["server"]["servers"]
    subject = ours if ours in servers else min(servers, key=lambda n: servers[n]["mean_ratio"])
    mine = servers[subject]
    others = {n: s["mean_ratio"] for n, s in servers.items() if n != subject and not n.startswith("heapalloc")}
    best = min(others, key=others.get) if others else None
    settled = mine.get("settled")
    text = ("within 15 % + 4 MiB of its live data one second after the fall" if settled
            else "still above 15 % + 4 MiB of its live data one second after the fall")
    if best:
        text += f"; on average {mine['mean_ratio']:.2f} x the live data, {best} {others[best]:.2f} x"
    better = best is None or mine["mean_ratio"] <= others[best]
    yield {"question": "Does memory go back?",
           "state": "win" if settled and better else "loss" if not settled else "tie",
           "number": f"{mine['mean_ratio']:.2f} x", "unit": "memory over live data", "text": f"{subject}: {text}."}


def _worst(document, ours):
    exact = {n: e["any"] for n, e in document["parts"]["latency"]["exact"].items() if "any" in e}
    if not exact:
        return
    subject = ours if ours in exact else min(exact, key=lambda n: exact[n]["malloc"]["p99.9"])
    tail = {n: max(e["malloc"]["p99.9"], e["free"]["p99.9"]) for n, e in exact.items()}
    others = {n: v for n, v in tail.items() if n != subject and not n.startswith("heapalloc")}
    best = min(others, key=others.get) if others else None
    text = f"99.9 of 100 operations take at most {tail[subject]:,} instructions"
    if best:
        text += f"; the best of the others, {best}, {others[best]:,}"
    yield {"question": "How bad is the worst?", "state": "win" if not best or tail[subject] <= others[best] else "loss",
           "number": f"{tail[subject]:,}", "unit": "instructions, 99.9th percentile", "text": f"{subject}: {text}."}


def verdict(document):
    """A list of {question, state, number, unit, text} for the top of the page."""
    ours, parts, cards = view.ours_of(document), document["parts"], []
    if "programs" in parts:
        cards.extend(_programs(document, ours))
    if "server" in parts and parts["server"]["servers"]:
        cards.extend(_server(document, ours))
    if "latency" in parts:
        cards.extend(_worst(document, ours))
    return cards


def _mean_lines(document):
    programs = view.Programs(document)
    if not programs.complete:
        return
    noise = 100 * programs.table("cpu_s")["noise"]
    yield (f"Whole programs, ratios to glibc, geometric means of {len(programs.complete)}"
           f" (noise: glibc against itself {noise:.1f} % CPU)")
    yield f"  {'':<16}{'CPU':>8}{'system':>8}{'wall':>8}{'peak RSS':>10}{'faults':>8}"
    for name in programs.names:
        cells = [programs.mean(name, key) for key in ("cpu_s", "system_s", "wall_s", "rss_kib", "minor_faults")]
        shown = [f"{c['mid']:.2f}" + ("=" if c["verdict"] == 0 and name != view.BASE else " ") for c in cells]
        yield f"  {name:<16}{shown[0]:>8}{shown[1]:>8}{shown[2]:>8}{shown[3]:>10}{shown[4]:>8}"
    yield "  (= marks a tie with glibc: the difference is smaller than the noise)"


def summary(document, goals, cards):
    """The text for the terminal and summary.txt."""
    lines = []
    for card in cards:
        lines.append(f"{card['question']:<22} {card['text']}")
    if "programs" in document["parts"]:
        lines += ["", *_mean_lines(document)]
    if goals:
        mark = {True: "kept", None: "tie", False: "NOT"}
        lines += ["", f"Goals: {sum(g['kept'] is True for g in goals)} of {len(goals)} kept"]
        lines += [f"  {mark[g['kept']]:<5}{g['title']}: {g['measured']}" for g in goals]
    for text in document["warnings"]:
        lines.append(f"note: {text}")
    return "\n".join(lines).strip() + "\n"
