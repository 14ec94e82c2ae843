#!/usr/bin/env python3
"""Runs the benchmark suite's parts over all allocators found and writes results, report and summary.

ci/bench.sh installs and builds what this needs, and calls it.
"""
# SPDX-License-Identifier: MIT
import argparse
import atexit
import contextlib
import importlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from programs import catalog  # noqa: E402
from suite import allocators, machine  # noqa: E402
from suite.context import Context  # noqa: E402
from suite.progress import Progress  # noqa: E402

# Part: its question, and the seconds it takes in full and with --quick (only for the progress line).
PARTS = {
    "counts": ("instructions per operation", 50, 25),
    "startup": ("what a trivial process costs", 5, 3),
    "programs": ("whole programs", 1300, 90),
    "server": ("a long-running server", 250, 20),
    "runtime": ("a compiler's run time", 20, 5),
    "arenas": ("arenas and collected arenas", 60, 12),
    "latency": ("worst case, growth, fragmentation", 180, 25),
    "micro": ("patterns", 350, 35),
}


class Refusal(Exception):
    """A sentence that says why nothing is measured."""


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="under 3 minutes, coarser")
    parser.add_argument("--only", action="append", default=[], metavar="PART",
                        help=f"one of: {', '.join(PARTS)}; may be repeated")
    parser.add_argument("--with", action="append", default=[], dest="extra", metavar="NAME=PATH",
                        help="another allocator's library; may be repeated")
    parser.add_argument("--allocator", action="append", default=[], metavar="NAME",
                        help="only these (glibc always); may be repeated")
    parser.add_argument("--program", action="append", default=[], metavar="NAME",
                        help="only these whole programs; may be repeated")
    parser.add_argument("--rounds", type=int, default=0, metavar="N", help="rounds of the whole programs")
    parser.add_argument("--out", required=True, metavar="DIR", help="where results go")
    parser.add_argument("--build", required=True, metavar="DIR", help="the build folder")
    parser.add_argument("--title", default="", help="a word about this run, shown in the report")
    given = parser.parse_args(arguments)
    for part in given.only:
        if part not in PARTS:
            parser.error(f"no part is named {part}; there are: {', '.join(PARTS)}")
    known = [program.name for program in catalog.PROGRAMS]
    for name in given.program:
        if name not in known:
            parser.error(f"no program is named {name}; there are: {', '.join(known)}")
    for pair in given.extra:
        name, _, path = pair.partition("=")
        if not name or not os.path.isfile(path):
            parser.error(f"--with wants NAME=PATH of a library that exists, not {pair}")
    return given


def _copied(build_folder):
    """A folder with copies of our libraries: a build during the run must not change what is measured."""
    folder = tempfile.mkdtemp(prefix="heapalloc-measured-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.chmod(folder, 0o755)  # PostgreSQL runs as another user
    for name in allocators.OURS:
        library = os.path.join(build_folder, f"lib{name}.so")
        if os.path.exists(library):
            shutil.copy(library, folder)
    return folder


def choose(given, warn):
    """The allocators to measure; glibc is always included, as all ratios are relative to it."""
    extra = [tuple(pair.split("=", 1)) for pair in given.extra]
    found, warnings = allocators.find(_copied(given.build), extra)
    for text in warnings:
        warn(text)
    unknown = [name for name in given.allocator if name not in [a.name for a in found]]
    if unknown:
        raise Refusal(f"no allocator named {', '.join(unknown)} is here; found: {', '.join(a.name for a in found)}")
    if given.allocator:
        found = [a for a in found if a.name in given.allocator or not a.path]
    return found


@contextlib.contextmanager
def results_folder(out):
    """A folder for the results, moved to `out`, file by file, when they are complete, and removed otherwise."""
    try:
        os.makedirs(out, exist_ok=True)
        folder = tempfile.mkdtemp(prefix=".running-", dir=out)
    except OSError as problem:
        raise Refusal(f"results cannot be written to {out}: {problem.strerror}") from problem
    try:
        yield folder
        for name in os.listdir(folder):
            os.replace(os.path.join(folder, name), os.path.join(out, name))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            os.rmdir(out)  # only when it is empty


def measure(context, parts):
    results = {}
    for part in parts:
        start = time.monotonic()
        module = importlib.import_module(f"{part}.part")
        results[part] = module.run(context)
        results[part]["seconds"] = round(time.monotonic() - start, 1)
        context.progress.end()
    return results


def main():
    given = parse(sys.argv[1:])
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    out = os.path.abspath(given.out)
    try:
        with results_folder(out) as folder:
            summary = run(given, folder)
    except Refusal as refusal:
        print(f"bench: {refusal}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"\nbench: interrupted; what {out} held before is as it was", file=sys.stderr)
        return 130
    print(f"bench: the report is {os.path.join(out, 'report.html')}", file=sys.stderr)
    print(summary)
    return 0


def run(given, folder):
    """Measures and writes everything into the folder; returns the text summary."""
    parts = [part for part in PARTS if not given.only or part in given.only]
    progress = Progress()
    progress.plan({part: PARTS[part][2 if given.quick else 1] for part in parts})
    context = Context([], os.path.abspath(given.build), folder, given.quick, progress, [])
    context.programs, context.rounds = given.program, given.rounds
    context.allocators = choose(given, context.warn)
    about = machine.describe()
    stolen = machine.StolenTime()
    found = ", ".join(f"{a.name} {a.version}" for a in context.allocators)
    progress.say(f"bench: {len(parts)} parts over {found}")
    results = measure(context, parts)
    about["stolen"] = f"{stolen.percent():.1f} %"
    about["load at end"] = f"{machine.load():.2f}"
    document = {
        "title": given.title, "quick": given.quick, "machine": about,
        "command": "ci/bench.sh " + " ".join(_shown(given)), "minutes": progress.seconds() / 60,
        "allocators": [{"name": a.name, "version": a.version, "ours": a.ours, "packaged": a.packaged}
                       for a in context.allocators],
        "warnings": context.warnings, "parts": results,
    }
    with open(context.file("results.json"), "w", encoding="utf-8") as file:
        json.dump(document, file, separators=(",", ":"))
    progress.close()
    report = importlib.import_module("report.build")
    return report.write_all(document, folder, progress.say)


def _shown(given):
    """The options that repeat this run elsewhere: names of allocators, not their paths."""
    if given.quick:
        yield "--quick"
    for part in given.only:
        yield f"--only {part}"
    for name in given.program:
        yield f"--program {name}"
    if given.rounds:
        yield f"--rounds {given.rounds}"
    for name in given.allocator:
        yield f"--allocator {name}"
    for pair in given.extra:
        yield f"--with {pair.split('=')[0]}=..."


if __name__ == "__main__":
    sys.exit(main())
