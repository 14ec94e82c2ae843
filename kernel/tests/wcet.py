#!/usr/bin/env python3
"""Proves, for the built kernel, how many instructions the heap's paths take at most.

wcet.py [--image DIR] [--write]
  The longest way through the object code of each path is computed (bound.py): no loop, no
  recursion, no indirect call, and not above its limit. Then the kernel measures calls that stay
  on the path (`wcet`, under -icount): none may be dearer than the bound, or the bound is wrong.
  Rare steps are bounded apart; their loops turn as often as the constants in the source say.
  --write     put table and histogram into kernel/README.md and kernel/wcet.svg
  otherwise   check that those there are the present ones, when they are of this compiler
"""
# SPDX-License-Identifier: MIT
import argparse
import os
import re
import subprocess
import sys

from boot import Machine, boot
from bound import Code, Paths, Unbounded

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
README, PICTURE = os.path.join(ROOT, "kernel/README.md"), os.path.join(ROOT, "kernel/wcet.svg")
BEGIN, END = "<!-- wcet: written by kernel/tests/wcet.py -->", "<!-- end of wcet -->"
COMPILER, OBJDUMP = "aarch64-linux-gnu-gcc", "aarch64-linux-gnu-objdump"

# Waiting for another core is not part of a path. Code that waits, or wakes, leaves the path here.
WAITING = ["lock_take_slow", "lock_spin", "lock_give_slow"]
# These functions end the program with a sentence.
STOPS = ["check_misuse"]

# name: (function, what it is, limit, functions where a call leaves the path for a rare step)
PATHS = {
    "slab_alloc": ("heap_alloc", "`heap_alloc` to 4 KiB, bin with a block", 60,
                   ["heap_alloc_slow"]),
    "slab_free": ("heap_free", "`heap_free` to 4 KiB, of this core's slab", 60,
                  ["heap_free_slow", "heap_free_other", "heap_slab_empty"]),
    "slab_resize": ("heap_realloc", "`heap_realloc` in place, within a class", 60,
                    ["heap_alloc_slow", "heap_resize", "heap_free_slow", "heap_free_other",
                     "heap_slab_empty"]),
    "tlsf_take": ("medium_take_ready", "TLSF take: lock, search, split, unlock", 180,
                  ["drain_with", "wake_with"]),
    "tlsf_give": ("medium_give", "TLSF give: lock, merge with both neighbours, unlock", 150,
                  ["give_slow", "shed", "drain_and_give"]),
    "tlsf_resize": ("medium_resize", "TLSF resize in place, either way", 240, ["drain_and_give"]),
}

# Rare steps of a call, each bounded separately. Functions that are entered only with several spans, to grow, or during
# a fork do not count: this machine has none of these.
RARE = {
    "slab_carve": "a slab's next page is cut into blocks",
    "slab_take": "a new slab: a unit from level 1",
    "units_take": "an extent of units from level 1, split",
    "units_give": "an extent to level 1, merged with both neighbours",
    "units_extend": "an extent lengthened in place",
    "owner_collect": "blocks of a slab that other cores freed",
}
ELSEWHERE = ["grow_tip_by", "unmapped_take", "emergency_take", "emergency_take_ready", "emergency_again", "lock_await_fork",
             "take_deferred", "units_defer", "prefault_range"]
# function: for each of its loops the number of turns, in constants of lib/, and the source line that it is derived
# from; the script checks both.
LOOPS = {
    "slab_carve": [("SLAB_CARVE_BYTES / BLOCK_ALIGN_BYTES", "lib/slab/slab.h",
                    "round_up((from + 1) * block_bytes + beyond, SLAB_CARVE_BYTES)")],
    "carve_purged": [("SLAB_CARVE_BYTES / BLOCK_ALIGN_BYTES", "lib/slab/slab.c",
                    "uint32_t to = ((page + 1) * SLAB_CARVE_BYTES + bytes - 1) / bytes;")],
    "owner_collect": [("UNIT_BYTES / BLOCK_ALIGN_BYTES", "lib/slab/owner.c",
                       "for (uint32_t i = 1; i < count; i++)")],
}

# The whole calls of the small heap without slabs, refusals included, of one region; another region is a turn more of
# the search for the one that a block is in. function: (what it is, limit, functions where a call leaves the path)
SMALL = {
    "heap_alloc": ("`heap_alloc`, served or refused", 260, []),
    "heap_free": ("`heap_free`", 205, []),
    "heap_realloc": ("`heap_realloc` in place", 285, ["small_alloc", "small_free"]),
    "heap_alloc_aligned": ("`heap_alloc_aligned`, served or refused", 270, []),
}
SMALL_LOOPS = {"region_of": [1]}
WORDING = ["port_on_stack"]  # only asked for the sentence with which the program ends

UNBOUNDED = """Not bounded: waiting for a lock that another core holds (`lock_take_slow`), entering what other
cores gave back meanwhile (`take_deferred`, `drain_and_give`), units that leave level 2
(`cut_units`, a store for each of 16 KiB), a trim before an allocation fails (`heap_trim`), and
moving bytes: zeroing, and `heap_realloc` to another place."""
PEERS = [("mattconte/tlsf", 225, 195), ("o1heap", 97, 90), ("FreeRTOS heap_4", None, None)]


def constant(name):
    """The value of an enum constant of lib/, by name."""
    text = subprocess.run(["grep", "-rhoE", rf"\b{name} = [^,}}]+", os.path.join(ROOT, "lib")],
                          check=True, capture_output=True, text=True).stdout.strip()
    values = {line.split(" = ", 1)[1].split("/*")[0].strip() for line in text.splitlines()}
    if len(values) != 1:
        raise Unbounded(f"{name} has {len(values)} values")
    return evaluate(values.pop())


def evaluate(expression):
    words = re.sub(r"[A-Z][A-Z_0-9]+", lambda word: str(constant(word[0])), expression)
    if not re.fullmatch(r"[\d\s()+*/<-]+", words):
        raise Unbounded(f"no constant: {expression}")
    return int(eval(words.replace("/", "//")))  # digits and operators only, as just checked


def bound_of(loop):
    """How often a loop turns, if the source still has the line that the bound is derived from."""
    expression, path, quote = loop
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        if quote not in file.read():
            raise Unbounded(f"{path} does not say `{quote}` any more: {expression} may be wrong")
    return evaluate(expression)


class Claims:
    """Bounds of all paths and steps in one ELF file, and what is wrong with them."""

    def __init__(self, elf):
        self.code, self.wrong = Code(OBJDUMP, elf), []
        self.paths = {name: self.bound(function, [*WAITING, *STOPS, *cut], {}, limit)
                      for name, (function, _, limit, cut) in PATHS.items()}
        loops = {name: [bound_of(loop) for loop in list] for name, list in LOOPS.items()}
        self.rare = {name: self.bound(name, [*WAITING, *STOPS, *ELSEWHERE], loops) for name in RARE}

        code = Code(OBJDUMP, os.path.join(os.path.dirname(elf), "small_without_slabs.elf"))
        self.small = {name: self.bound(name, [*STOPS, *WORDING, *cut], SMALL_LOOPS, limit, code)
                      for name, (_, limit, cut) in SMALL.items()}

    def bound(self, function, cut, loops, limit=None, code=None):
        try:
            length = Paths(code or self.code, cut, loops).of(function)
        except Unbounded as why:
            self.wrong.append(f"{function}: {why}")
            return 0
        if limit is not None and length > limit:
            self.wrong.append(f"{function}: up to {length} instructions, {limit} is the limit")
        return length

    def hold_for(self, measured):
        """Checks that every measured call stayed within its bound, and that there were many of them."""
        for name, bound in self.paths.items():
            costs = measured.get(name, {})
            if sum(costs.values()) < 1000:
                self.wrong.append(f"{name}: only {sum(costs.values())} calls were measured")
            elif max(costs) > bound:
                self.wrong.append(f"{name}: a call took {max(costs)} instructions,"
                                  f" {bound} is proved")


def measure(folder):
    """{path: {cost: calls}} as measured by the kernel."""
    class Images:
        pass
    images = Images()
    images.folder = folder
    machine = Machine(cores=1, extra=("-icount", "shift=0,sleep=off"))
    outcome = boot(images, machine, "wcet", timeout=100)
    measured = {}
    for line in outcome.lines:
        if found := re.fullmatch(r"PATH (\w+) (\d+) (\d+)", line):
            measured.setdefault(found[1], {})[int(found[2])] = int(found[3])
    return measured


def compiler():
    text = subprocess.run([COMPILER, "-dumpfullversion"], check=True, capture_output=True).stdout
    return f"gcc {text.decode().strip()}"


def mean(costs):
    return round(sum(cost * calls for cost, calls in costs.items()) / sum(costs.values()))


def table(claims, measured):
    lines = [BEGIN, f"Instructions, {compiler()} -O2, cortex-a72:", "",
             "| path | mean | most measured | proved at most | limit |", "|---|---|---|---|---|"]
    for name, (_, what, limit, _) in PATHS.items():
        costs = measured[name]
        lines.append(f"| {what} | {mean(costs)} | {max(costs)} | **{claims.paths[name]}** |"
                     f" {limit} |")
    lines += ["", "![Histogram of what calls on these paths cost](wcet.svg)", "",
              "| for comparison, computed the same way from their object code | alloc | free |",
              "|---|---|---|"]
    for name, alloc, free in PEERS:
        lines.append(f"| {name} | {alloc or 'no bound'} | {free or 'no bound'} |")
    lines += [f"| ours (TLSF with its lock) | {claims.paths['tlsf_take']} |"
              f" {claims.paths['tlsf_give']} |",
              f"| ours (small heap without slabs, whole call, -Os) | {claims.small['heap_alloc']} |"
              f" {claims.small['heap_free']} |",
              f"| ours (slab) | {claims.paths['slab_alloc']} | {claims.paths['slab_free']} |", "",
              "| rare step | proved at most |", "|---|---|"]
    for name, what in RARE.items():
        turns = f", {bound_of(LOOPS[name][0])} turns" if name in LOOPS else ""
        lines.append(f"| {what} (`{name}`{turns}) | {claims.rare[name]} |")
    lines += ["", "| small heap without slabs at -Os, one region: a whole call | proved at most | limit |",
              "|---|---|---|"]
    lines += [f"| {what} | **{claims.small[name]}** | {limit} |" for name, (what, limit, _) in SMALL.items()]
    return "\n".join([*lines, "", UNBOUNDED, END]) + "\n"


def picture(claims, measured):
    """A row for each path: a bar for each cost, as high as its number of calls; a line at the bound."""
    left, width, row, most = 90, 700, 62, 200
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 20}"'
             f' height="{row * len(PATHS) + 40}" font-family="sans-serif" font-size="12">',
             '<rect width="100%" height="100%" fill="white"/>']
    for place, name in enumerate(PATHS):
        base = row * (place + 1)
        costs, bound = measured[name], claims.paths[name]
        peak = max(costs.values())
        lines.append(f'<text x="6" y="{base - 4}">{name.replace("_", " ")}</text>')
        for cost, calls in sorted(costs.items()):
            height = max(1, round(44 * (calls / peak) ** 0.5))
            lines.append(f'<rect x="{left + cost * width / most:.1f}" y="{base - height}"'
                         f' width="3" height="{height}" fill="#4477aa"/>')
        at = left + bound * width / most
        lines.append(f'<path d="M{at:.1f} {base - 46}V{base}" stroke="#cc3311" stroke-width="1.5"/>'
                     f'<text x="{at + 3:.1f}" y="{base - 34}" fill="#cc3311">{bound}</text>'
                     f'<path d="M{left} {base}H{left + width}" stroke="#999"/>')
    for cost in range(0, most + 1, 20):
        lines.append(f'<text x="{left + cost * width / most:.1f}" y="{row * len(PATHS) + 16}"'
                     f' text-anchor="middle">{cost}</text>')
    lines.append(f'<text x="{left}" y="{row * len(PATHS) + 33}">instructions of a call; height:'
                 ' square root of how many calls; red: proved bound</text></svg>')
    return "\n".join(lines) + "\n"


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def document(claims, measured, write):
    """Writes the present figures into README and picture, or returns what is not current."""
    text = read(README)
    begin, end = text.index(BEGIN), text.index(END) + len(END) + 1
    fresh = {README: text[:begin] + table(claims, measured) + text[end:],
             PICTURE: picture(claims, measured)}
    if f", {compiler()} -O2" in text[begin:end]:
        claims.wrong += [f"{os.path.relpath(path, ROOT)} is not current: ci/kernel.sh tables"
                         for path, content in fresh.items()
                         if not write and (not os.path.exists(path) or read(path) != content)]
    for path, content in fresh.items() if write else ():
        with open(path, "w", encoding="utf-8") as file:
            file.write(content)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--image", default="build-kernel", metavar="DIR")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    claims = Claims(os.path.join(arguments.image, "heap.elf"))
    measured = measure(arguments.image)
    claims.hold_for(measured)
    if not claims.wrong:
        document(claims, measured, arguments.write)
    print("not ok - wcet" if claims.wrong else "ok - wcet")
    for why in claims.wrong:
        print("#   " + why)
    return 1 if claims.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
