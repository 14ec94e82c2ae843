"""Runs one command under one allocator through `launch` and returns its cost."""
# SPDX-License-Identifier: MIT
import json
import os
import subprocess
import tempfile


class CommandFailed(Exception):
    """The command ended with another status than 0 or was killed at its time limit."""


def launch(context, allocator, command, cwd=None, stdin=None, limit_s=300, sample_ms=0, env=None):
    """Returns launch's dictionary: wall_s user_s system_s rss_kib tree_kib minor_faults major_faults exit killed."""
    with tempfile.NamedTemporaryFile(mode="r", suffix=".json") as out:
        line = [context.tool("launch"), "-o", out.name, "-t", str(limit_s)]
        if sample_ms:
            line += ["-s", str(sample_ms)]
        if allocator.path:
            line += ["-p", allocator.path]
        with open(stdin or os.devnull, "rb") as standard_in:
            done = subprocess.run(line + command, cwd=cwd, stdin=standard_in, env=env,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        text = out.read()
    if not text:
        raise CommandFailed(f"{command[0]}: {done.stderr.decode(errors='replace').strip()}")
    cost = json.loads(text)
    if cost["exit"] != 0:
        how = f"killed after {limit_s} s" if cost["killed"] else f"status {cost['exit']}"
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise CommandFailed(f"{os.path.basename(command[0])} under {allocator.name}: {how}"
                            + (f": {last[0]}" if last else ""))
    cost["cpu_s"] = cost["user_s"] + cost["system_s"]
    return cost


def output_of(allocator, command, limit_s=300, cwd=None):
    """The standard output of a command under an allocator; CommandFailed when it fails."""
    try:
        done = subprocess.run(command, env=allocator.environment(), capture_output=True, cwd=cwd,
                              timeout=limit_s, check=False)
    except subprocess.TimeoutExpired as error:
        raise CommandFailed(f"{os.path.basename(command[0])} under {allocator.name}: "
                            f"still running after {limit_s} s") from error
    if done.returncode != 0:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise CommandFailed(f"{os.path.basename(command[0])} under {allocator.name}: "
                            f"status {done.returncode}" + (f": {last[0]}" if last else ""))
    return done.stdout.decode()
