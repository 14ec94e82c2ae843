#!/usr/bin/env python3
"""Boots the kernel under QEMU in many machines and checks the output of each and how it ends.

run.py [--all] [--list] [-k TEXT] [-j N] [--image DIR] [--ubsan DIR]
  without --all      a representative part, under 40 s
  --list             names only
  -k TEXT            only runs whose name contains TEXT
  --image, --ubsan   folders with heap.img and heap.elf, plain and built with KERNEL_UBSAN

A test run passes when the console shows a complete TAP report, ends in
`heapalloc-kernel: PASS n tests`, AND the emulator exits with code 0.
A control run passes when it fails as it should.
"""
# SPDX-License-Identifier: MIT
import argparse
import concurrent.futures
import os
import subprocess
import sys
import tempfile
import time

from boot import Wrong
from runs import all_runs


class Images:
    """The folders of the images and of a run's files."""

    def __init__(self, folder, ubsan, scratch_folder):
        self.folder, self.ubsan, self.scratch_folder = folder, ubsan, scratch_folder

    def with_ubsan(self):
        return Images(self.ubsan, self.ubsan, self.scratch_folder)

    def scratch(self, name):
        return os.path.join(tempfile.mkdtemp(dir=self.scratch_folder), name)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("-k", default="", metavar="TEXT")
    parser.add_argument("-j", type=int, default=min(2, os.cpu_count() or 1), metavar="N")
    parser.add_argument("--image", default="build-kernel", metavar="DIR")
    parser.add_argument("--ubsan", default="build-kernel-ubsan", metavar="DIR")
    return parser.parse_args()


def attempt(run, images):
    """None, or a description of the fault."""
    try:
        run.check(images)
        return None
    except Wrong as wrong:
        return str(wrong)
    except subprocess.CalledProcessError as error:
        return f"{error.cmd[0]} failed: {error.stderr.decode(errors='replace')}"


def run_all(runs, images, workers):
    failures = 0
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        for run, wrong in zip(runs, pool.map(lambda run: attempt(run, images), runs)):
            verdict = "ok" if wrong is None else "not ok"
            print(f"{verdict} - {run.name.replace(' ', '_')}", flush=True)
            if wrong is not None:
                print("#   " + wrong.replace("\n", "\n# "), flush=True)
                failures += 1
    return failures


def main():
    arguments = parse_arguments()
    wanted = arguments.k.replace("_", " ")
    runs = [run for run in all_runs() if wanted in run.name and (run.quick or arguments.all)]
    if arguments.list:
        print("\n".join(run.name for run in runs))
        return 0
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="heapalloc-kernel.") as scratch:
        failures = run_all(runs, Images(arguments.image, arguments.ubsan, scratch), arguments.j)
    print(f"kernel: {len(runs) - failures} of {len(runs)} runs passed"
          f" in {time.monotonic() - start:.0f} s")
    return 1 if failures or not runs else 0


if __name__ == "__main__":
    sys.exit(main())
