"""The suite's part `startup`: what a process that does nothing costs under every allocator."""
# SPDX-License-Identifier: MIT
import csv
import re
import shutil
import statistics
import subprocess
import tempfile

from startup import elf
from suite import measure

KEYS = ("rss_kib", "anonymous_kib", "minor_faults", "syscalls", "tls_bytes", "wall_us")
CALL = re.compile(rb"^(?:\d+ +)?([a-z_0-9]+)\(", re.M)


def _trivial(context, allocator):
    words = measure.output_of(allocator, [context.tool("trivial")]).split()
    return [int(word) for word in words]


def _system_calls(context, allocator):
    """How many system calls from exec to exit; None without strace."""
    if not shutil.which("strace"):
        return None
    with tempfile.NamedTemporaryFile() as out:
        command = ["strace", "-o", out.name]
        if allocator.path:
            command += ["-E", f"LD_PRELOAD={allocator.path}"]
        done = subprocess.run([*command, context.tool("trivial")], capture_output=True, check=False,
                              timeout=60)
        return len(CALL.findall(out.read())) if done.returncode == 0 else None


def _libc(context):
    text = subprocess.run(["ldd", context.tool("trivial")], capture_output=True, text=True,
                          check=True).stdout
    return next(line.split()[2] for line in text.splitlines() if "libc.so" in line)


def run(context):
    rounds = context.choose(100, 20)
    context.progress.begin("startup", rounds)
    samples = {a.name: {"own": [], "wall_us": []} for a in context.allocators}
    for turn in range(rounds):
        context.progress.step(f"round {turn + 1} of {rounds}")
        for a in context.in_turn(context.allocators):
            samples[a.name]["own"].append(_trivial(context, a))
            cost = measure.launch(context, a, [context.tool("trivial")])
            samples[a.name]["wall_us"].append(round(1e6 * cost["wall_s"], 1))
    results = {}
    for a in context.allocators:
        own = list(zip(*samples[a.name]["own"]))
        results[a.name] = {
            "rss_kib": statistics.median(own[0]), "anonymous_kib": statistics.median(own[1]),
            "minor_faults": statistics.median(own[2]), "syscalls": _system_calls(context, a),
            # The system's own lies in libc's segment, together with errno and the like.
            "tls_bytes": elf.tls_bytes(a.path or _libc(context)),
            "wall_us": statistics.median(samples[a.name]["wall_us"]),
            "wall_range_us": [min(samples[a.name]["wall_us"]), max(samples[a.name]["wall_us"])],
        }
    _write_csv(context.file("startup.csv"), results)
    return {"rounds": rounds, "results": results}


def _write_csv(path, results):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["allocator", *KEYS])
        for name, entry in results.items():
            writer.writerow([name, *(entry[key] for key in KEYS)])
