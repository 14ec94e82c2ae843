"""Exact user-mode instruction counts between the marks of a program, by callgrind or by single-stepping."""
# SPDX-License-Identifier: MIT
import os
import re
import subprocess
import tempfile


class CannotCount(Exception):
    """Valgrind or the stepper could not run the program under this allocator."""


_COUNTED = re.compile(r"^desc: Trigger: Client Request: (.*)$")
_SUMMARY = re.compile(r"^summary: (\d+)$")


def _read_dumps(path):
    """Yields (label, instructions) for each mark in a file of combined dumps."""
    label = None
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith("desc: Trigger:"):
                found = _COUNTED.match(line)
                label = found.group(1) if found else None
            elif label is not None and line.startswith("summary:"):
                yield label, int(_SUMMARY.match(line).group(1))
                label = None


def regions(command, environment, limit_s=600):
    """Runs `command` under callgrind; returns the list of (label, instructions) of its marked regions.

    Callgrind counts what the program and the preloaded library execute; unlike memcheck it replaces no malloc.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out")
        line = ["valgrind", "-q", "--tool=callgrind", "--instr-atstart=no", "--combine-dumps=yes",
                f"--callgrind-out-file={out}"]
        try:
            done = subprocess.run(line + command, env=environment, capture_output=True, text=True,
                                  timeout=limit_s, check=False)
        except subprocess.TimeoutExpired as error:
            raise CannotCount(f"over {limit_s} s under valgrind") from error
        found = list(_read_dumps(out)) if os.path.exists(out) else []
        if done.returncode != 0 or not found:
            last = (done.stderr.strip().splitlines() or ["no count"])[-1]
            raise CannotCount(f"valgrind cannot run it ({last})")
        return found


def stepped(stepper, command, preload, limit_s=120):
    """The same by single-stepping; regions have no labels, so a list of instructions is returned."""
    with tempfile.NamedTemporaryFile(mode="r") as out:
        # One core for both: a step wakes the tracer and then the traced.
        core = str(max(os.sched_getaffinity(0)))
        line = ["taskset", "-c", core, stepper, "-o", out.name]
        line += ["env", f"LD_PRELOAD={preload}"] if preload else []
        try:
            done = subprocess.run(line + command, capture_output=True, text=True, timeout=limit_s,
                                  check=False)
        except subprocess.TimeoutExpired as error:
            raise CannotCount(f"over {limit_s} s when stepped") from error
        found = [int(text) for text in out.read().split()]
        if done.returncode != 0 or not found:
            raise CannotCount(f"stepping failed with {done.returncode}: {done.stderr.strip()}")
        return found
