#!/usr/bin/env python3
"""The size of the heaps' code at -Os, linked alone and without uncalled functions.

size.py [--write]
  Fails when a size is above its limit. --write puts the table into kernel/README.md; otherwise the
  table there must be the present one, when it is of this compiler.
"""
# SPDX-License-Identifier: MIT
import argparse
import glob
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
README = os.path.join(ROOT, "kernel/README.md")
BEGIN, END = "<!-- size: written by kernel/tests/size.py -->", "<!-- end of size -->"
KIB = 1024

FLAGS = ("-DHEAPALLOC_ALONE=0 -DHEAPALLOC_BOUNDED=1 -Os -std=gnu11 -ffreestanding -nostdlib -fno-pie"
         " -fno-stack-protector -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections"
         " -fno-common").split()
PROCESSORS = {
    "aarch64": ("aarch64-linux-gnu-", ["-mgeneral-regs-only", "-mno-outline-atomics"]),
    "x86-64": ("", ["-mgeneral-regs-only"]),
}
API = ["heap_init", "heap_add_region", "heap_alloc", "heap_alloc_zeroed", "heap_alloc_aligned",
        "heap_realloc", "heap_free"]
SMALL = ["kernel/small/blocks.c", "kernel/small/slabs.c", "kernel/small/small_heap.c", "kernel/small/api.c",
         "kernel/small/small_check.c",
         "lib/base/check.c", "lib/base/text.c", "lib/slab/block.c"]
CHECK = ["small_check", "small_stats"]
CORE = sorted(os.path.relpath(path, ROOT)
              for path in glob.glob(os.path.join(ROOT, "lib/**/*.c"), recursive=True)
              if "shell" not in path)

OF_CORE = ["-DHEAPALLOC_SMALL_BELOW=0"]  # nothing of the small heap

# what: (sources, definitions, required functions, limit in bytes of .text)
BUILDS = {
    "small heap: TLSF, slabs, realloc": (SMALL, [], API, 6 * KIB),
    "... with check and statistics": (SMALL, [], API + CHECK, 9 * KIB),
    "small heap without slabs": (SMALL, ["-DSMALL_SLABS=0"], API, 7 * KIB // 2),
    "core: many cores, fork, caches, pools": (CORE, OF_CORE, API, None),
    "... with the verifier": (CORE, OF_CORE, API + ["verify_heap"], None),
}


def compiler(prefix):
    text = subprocess.run([prefix + "gcc", "-dumpfullversion"], check=True, capture_output=True,
                          text=True).stdout
    return "gcc " + text.strip()


def compile_one(folder, prefix, flags, source):
    """The object file of a source; builds that only require other functions share it."""
    name = "_".join([prefix, *flags, source])
    made = os.path.join(folder, re.sub(r"[^A-Za-z0-9.=]", "_", name) + ".o")
    if not os.path.exists(made):
        words = [prefix + "gcc", *FLAGS, *flags, "-Ilib", "-Iinclude", "-Ikernel/small", "-c", source, "-o", made]
        subprocess.run(words, cwd=ROOT, check=True)
    return made


def compile_all(folder, prefix, flags, sources):
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda source: compile_one(folder, prefix, flags, source), sources))


def sizes(folder, prefix, flags, sources, wanted):
    """Bytes of (.text, .rodata, .data and .bss) that the required functions need."""
    objects = compile_all(folder, prefix, flags, sources)
    linked = os.path.join(folder, "all.elf")
    asked = [word for name in wanted for word in ("-u", name)]
    subprocess.run([prefix + "ld", "--gc-sections", "--unresolved-symbols=ignore-all",
                    "--no-warn-mismatch", "-e", wanted[0], *asked, "-o", linked, *objects],
                   check=True, capture_output=True)
    text = subprocess.run([prefix + "size", "-A", linked], check=True, capture_output=True,
                          text=True).stdout
    rows = {line.split()[0]: int(line.split()[1]) for line in text.splitlines()
            if line.startswith(".")}
    ram = sum(size for name, size in rows.items() if name in (".data", ".bss", ".tdata", ".tbss"))
    return rows[".text"], rows.get(".rodata", 0), ram


def measure_all():
    """{(what, processor): sizes}, and the sizes that are too large."""
    found, wrong = {}, []
    with tempfile.TemporaryDirectory() as folder:
        for what, (sources, definitions, wanted, limit) in BUILDS.items():
            for name, (prefix, flags) in PROCESSORS.items():
                found[what, name] = sizes(folder, prefix, flags + definitions, sources, wanted)
                text = found[what, name][0]
                if limit is not None and text > limit:
                    wrong.append(f"{what}, {name}: .text has {text} bytes, {limit} is the limit")
    return found, wrong


def table(found):
    lines = [BEGIN, f"Bytes at -Os, {compiler('aarch64-linux-gnu-')}:", "",
             "| | limit .text | aarch64 .text | .rodata | RAM | x86-64 .text | .rodata | RAM |",
             "|---|---|---|---|---|---|---|---|"]
    for what, (_, _, _, limit) in BUILDS.items():
        numbers = [*found[what, "aarch64"], *found[what, "x86-64"]]
        cells = [what, limit or "", *numbers]
        lines.append(f"| {' | '.join(str(cell) for cell in cells)} |")
    return "\n".join([*lines, END])


def document(found, write):
    """Writes the present table into the README, or returns what is not current."""
    with open(README, encoding="utf-8") as file:
        text = file.read()
    begin, end = text.index(BEGIN), text.index(END) + len(END)
    if write:
        with open(README, "w", encoding="utf-8") as file:
            file.write(text[:begin] + table(found) + text[end:])
        return []
    theirs = text[begin:end]
    if f", {compiler('aarch64-linux-gnu-')}:" in theirs and theirs != table(found):
        return ["kernel/README.md is not current: ci/kernel.sh tables"]
    return []


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    found, wrong = measure_all()
    wrong = wrong or document(found, arguments.write)
    print("not ok - size" if wrong else "ok - size")
    for what in wrong:
        print("#   " + what)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
