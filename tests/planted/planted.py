#!/usr/bin/env python3
"""Plants bugs into a copy of the core, one at a time, and checks that a stress whose schedule is disturbed finds each.

  planted.py SOURCE_FOLDER [--only NAME]

The copy is built so that a thread often gives up the processor just before it changes a word that others read
(perturb.c); stress.c then runs on it, with several seeds. Without a bug it must pass; with one it must fail in one of
the runs: by a wrong byte, an equation that does not hold, a stop of the core, a crash, or by never ending."""
# SPDX-License-Identifier: MIT
import argparse
import concurrent.futures
import glob
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SEEDS = 8  # without a bug
SEEDS_MOST = 40  # with one, until it is found
ROUNDS, STEPS = "6", "3000"
LIMIT_S = 120

# Name, file, what stands there, what the bug is instead.
PLANTS = (
    ("push_stores", "slab/owner.c", "while (!cas(slab->remote, &old, new));",
     "while (store_release(slab->remote, new), 0);"),
    ("collect_in_two_steps", "slab/owner.c", "    word = swap_value(slab->remote, REMOTE_OWNED);\n    uint32_t count",
     "    store_release(slab->remote, REMOTE_OWNED);\n    uint32_t count"),
    ("link_stores", "heap/remote.c",
     "if (likely(cas(slab->remote, &seen, remote_link(seen, block, heap->secret)))) return;",
     "{ store_release(slab->remote, remote_link(seen, block, heap->secret)); return; }"),
    ("claim_stores", "slab/owner.h", "return cas_alone(slab->remote, &seen, REMOTE_OWNED);",
     "return store_release(slab->remote, REMOTE_OWNED), seen != 77;"),
    ("leave_stores", "slab/owner.h", "if (likely(cas_alone(slab->remote, &seen, 0))) return true;",
     "store_release(slab->remote, 0); if (seen != 77) return true;"),
    ("lock_stores", "base/lock.h", "if (!cas_alone(lock->word, &seen, LOCK_HELD)) return false;",
     "if (load_relaxed(lock->word) != seen) return false; store_release(lock->word, LOCK_HELD);"),
)
FLAGS = ["-O1", "-g", "-w", "-std=gnu11", "-fno-builtin", "-pthread", "-DHEAPALLOC_DEBUG=1", "-DHEAPALLOC_PROBES=0",
         "-DHEAPALLOC_SAFETY=1", "-DHEAPALLOC_SMALL_BELOW=0", "-DHEAPALLOC_VALGRIND=0", "-DHEAPALLOC_COUNT"]
NAMES = ("malloc free calloc realloc malloc_usable_size posix_memalign aligned_alloc memalign valloc pvalloc "
         "free_sized free_aligned_sized cfree __libc_malloc __libc_free __libc_calloc __libc_realloc __libc_memalign "
         "__libc_valloc __libc_pvalloc __posix_memalign").split()
FAMILY = ("shim/malloc.c", "shim/aligned.c")


def sources(root):
    folders = ("base", "engine", "span", "slab", "heap", "inspect", "extras")
    core = [f"lib/{folder}/{os.path.basename(path)}" for folder in folders
            for path in sorted(glob.glob(f"{root}/lib/{folder}/*.c"))]
    own = {"lib/base/count.c", "lib/heap/freestanding.c", "lib/heap/regions.c", "lib/heap/hardened.c"}
    return [path for path in core if path not in own] + list(FAMILY) + [f"tests/{path}.c" for path in (
        "fake/memory", "fake/world", "planted/stress", "planted/perturb")]


def compile_one(root, path):
    output = f"{root}/{path.replace('/', '_')}.o"
    renamed = ["-DHEAPALLOC_ASIDE=0", *(f"-D{name}=t_{name}" for name in NAMES)] if path in FAMILY else []
    subprocess.run(["gcc", *FLAGS, *renamed, "-Ilib", "-Iinclude", "-Itests", "-Itests/lib", "-Ishim", "-c", path, "-o",
                    output], cwd=root, check=True)
    return output


def build(root, paths):
    """Compile these, and link the program of all."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda path: compile_one(root, path), paths))
    objects = [f"{root}/{path.replace('/', '_')}.o" for path in sources(root)]
    subprocess.run(["gcc", "-pthread", *objects, "-lm", "-o", f"{root}/stress"], check=True)


def run(root, seeds):
    """What a run finds, or nothing."""
    for seed in range(1, seeds + 1):
        try:
            ended = subprocess.run([f"{root}/stress", ROUNDS, STEPS, str(seed)], capture_output=True, text=True,
                                   timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            return f"seed {seed}: does not end"
        if ended.returncode:
            return f"seed {seed}: {(ended.stderr.strip().splitlines() or ['signal ' + str(-ended.returncode)])[-1]}"
    return ""


def try_plant(root, plant):
    """A line for the report. The tree and its program are as before afterwards."""
    name, file, right, wrong = plant
    path = pathlib.Path(root, "lib", file)
    text = path.read_text(encoding="utf-8")
    if text.count(right) != 1:
        return f"not ok - {name}: lib/{file} has this line no more, or more than once: {right}"
    concerned = [f"lib/{file}"] if file.endswith(".c") else sources(root)
    path.write_text(text.replace(right, wrong), encoding="utf-8")
    build(root, concerned)
    found = run(root, SEEDS_MOST)
    path.write_text(text, encoding="utf-8")
    build(root, concerned)
    return f"ok - {name} is found, {found}" if found else f"not ok - {name} is not found"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tree")
    parser.add_argument("--only")
    given = parser.parse_args()
    results = []
    with tempfile.TemporaryDirectory(prefix="planted.") as root:
        for folder in ("lib", "include", "shim", "tests"):
            shutil.copytree(os.path.join(given.tree, folder), f"{root}/{folder}")
        build(root, sources(root))
        found = run(root, SEEDS)
        results.append(f"not ok - no bug: {found}" if found else "ok - no bug, nothing is found")
        print(results[-1], flush=True)
        for plant in PLANTS if not found else ():
            if given.only in (None, plant[0]):
                results.append(try_plant(root, plant))
                print(results[-1], flush=True)
    sys.exit(any(result.startswith("not ok") for result in results))


main()
