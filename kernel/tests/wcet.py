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

# Waiting for another core is not part of a path. Code that waits, or wakes, leaves the path here, as does what other
# cores could not give back meanwhile, because the lock was taken.
WAITING = ["lock_take_slow", "lock_spin", "lock_give_slow"]
OTHERS = ["take_deferred", "medium_drain"]
# These functions end the program with a sentence.
STOPS = ["check_misuse"]
STOPS_ALL = ["check_misuse", "check_interior", "free_bad_unit", "free_bad_block", "free_bad_medium", "slab_misused",
             "panic", "free_check_zoned"]  # the last: no block has red zones in the bounded build
# What this machine does not have: a fork, a profiler, memory nodes so far apart that each is a span.
ABSENT = ["recover_slab", "recover_push", "sample_taken", "sample_freed",
          "sample_freed_own", "sample_resized", "sample_forget", "span_further", "span_further_slot"]
# A core's first call makes its heap, and one that has left has none.
ONCE = ["heap_for_thread", "exited_alloc", "aligned_without_heap", "free_without_heap", "remote_free_without_heap",
        "abandon_slab"]
BYTES = ["memset"]  # only called for zeroed requests
HOOKS = ["hooks_call_failed"]  # what a world does when a request is refused

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
                  ["give_slow", "medium_give_units", "medium_drain"]),
    "tlsf_resize": ("medium_resize", "TLSF resize in place, either way", 240, ["medium_give_units", "medium_drain"]),
}

# Steps of a whole call, each bounded separately.
RARE = {
    "slab_carve": "a slab's next blocks are carved",
    "slab_take": "a new slab: a unit from level 1",
    "medium_take_new": "a run of units for level 2, and a block of it",
    "units_take": "an extent of units from level 1, split",
    "units_give": "an extent to level 1, merged with both neighbours",
    "units_extend": "an extent lengthened in place",
    "owner_collect_some": "blocks of a slab that other cores freed",
    "scavenge_step": "a step of giving back what is idle",
    "bounded_last_resort": "a block of a larger class",
}
# function: for each of its loops the number of turns, in constants of lib/, and the source line that it is derived
# from; the script checks both.
RUN = ("(MEDIUM_BYTES_MAX + UNIT_BYTES) / UNIT_BYTES", "lib/span/medium.c",
       "uint32_t need = (count + GRANULES_PER_UNIT - 1) / GRANULES_PER_UNIT;")
LOOPS = {
    "slab_carve": [("CARVE_BLOCKS_MAX", "lib/slab/slab.h", "return from + CARVE_BLOCKS_MAX;")],
    "slab_is_free": [("SCAVENGE_BLOCKS", "lib/heap/scavenge.c",
                      "from + SCAVENGE_BLOCKS < carved ? from + SCAVENGE_BLOCKS : carved")],
    "scavenge_step": [("SCAVENGE_CLASSES", "lib/heap/scavenge.c", "for (int i = 0; i < SCAVENGE_CLASSES; i++)")],
    "owner_collect_some": [("COLLECTED_MAX", "lib/slab/owner.c", "all < COLLECTED_MAX ? all : COLLECTED_MAX")],
    "alloc_small": [("LENDERS_MAX", "lib/heap/alloc.c", "end = class + LENDERS_MAX;")],
    "bounded_last_resort": [("CLASS_COUNT / 4", "lib/heap/bounded.c", "#pragma GCC unroll 4")],
    # A free block of level 2 is smaller than the largest request, for which a run was taken because nothing fitted, and
    # the rests of two runs: so is each neighbour of the block that is freed.
    "medium_cut_units": [("(3 * MEDIUM_BYTES_MAX + 8 * UNIT_BYTES) / UNIT_BYTES", "lib/span/medium_free.c",
                   "for (uint32_t i = 0; i < unit_count; i++) store_relaxed(head[i].kind, UNIT_INSIDE);")],
    "fetch_run": [RUN, RUN],
    "medium_take_new": [RUN, RUN],
    "slab_is_block": [("3", "lib/slab/slab.c", "for (int look = 0; look < 3; look++)")],
    # Half of the classes to 512 bytes, all multiples of 16, are multiples of 32, and so on; above, fewer are searched.
    "class_aligned": [("CLASS_TINY_BYTES / BLOCK_ALIGN_BYTES / 2", "lib/engine/classes.c",
                       "while (class_shapes[class].block_bytes % align_bytes != 0) ++class;")],
    # In the bounded build one slab at a time is abandoned.
    "abandon_partial": [("CLAIMED_SLABS_MAX + 1 - CLAIMED_SLABS_MIN", "lib/heap/remote.c",
                         "abandon_partial(heap, class, CLAIMED_SLABS_MAX + 1 - CLAIMED_SLABS_MIN);")],
    "abandoned_put_all": [("1", "lib/heap/abandon.c", "abandoned_put_all(class, first);")] * 3,
}
# Compare-and-swap loops that turn again only when another core has changed the word in between.
RETRIED = {"owner_leave_listed": 1, "owner_push": 1, "owner_reclaim": 1, "open_queue": 1}

# Whole public calls. function: (what it is, limit, functions where a call leaves the path)
WHOLE = {
    "heap_alloc": ("`heap_alloc`, `kmalloc`, served or refused", 1500, []),
    "kmalloc": (None, 1500, []),
    "heap_free": ("`heap_free`, `kfree`", 1500, []),
    "kfree": (None, 1500, []),
    "krealloc_in_place": ("`krealloc` in place", 1500, []),
    "kmalloc_aligned": ("`kmalloc_aligned`, served or refused", 1500, []),
    "page_alloc": ("`page_alloc`, served or refused", 1500, []),
    "page_free": ("`page_free`", 500, []),
}

# The whole calls of the small heap without slabs, refusals included, of one region; another region is a turn more of
# the search for the one that a block is in. function: (what it is, limit, functions where a call leaves the path)
SMALL = {
    "heap_alloc": ("`heap_alloc`, served or refused", (175, 180), []),
    "heap_free": ("`heap_free`", (165, 205), []),
    "heap_realloc": ("`heap_realloc` in place", (420, 285), ["small_alloc", "small_free", "memcpy"]),
    "heap_alloc_aligned": ("`heap_alloc_aligned`, served or refused", (270, 270), []),
}
WORDING = ["port_on_stack"]  # only asked for the sentence with which the program ends

# The small heap with slabs and a lock, as it serves a small region instead of the core. function: (what it is, limit,
# functions where a call leaves the path)
CHOSEN = {
    "small_region_alloc": ("`heap_alloc`, `heap_alloc_aligned`, served or refused", 900, []),
    "small_region_free": ("`heap_free`", 280, []),
    "small_region_resize": ("`heap_realloc` in place", 1250, ["small_region_alloc", "small_region_free", "memcpy"]),
}
CHOSEN_CUT = [*WAITING, *STOPS, "check_interior", *WORDING]
CHOSEN_LOOPS = {"slab_alloc_larger": [("SLAB_CLASSES", "kernel/small/slabs.c", "class <= SLAB_CLASSES; ++class")]}

SMALL_IMAGES = {"-O2": "small_fast", "-Os": "small_without_slabs"}
SMALL_LOOPS = dict.fromkeys(("region_of", "find", "block_take", "block_take_aligned"), [1])  # all: its search

UNBOUNDED = """Not bounded: waiting for a lock that another core holds (`lock_take_slow`), entering what other
cores gave back meanwhile (`take_deferred`, `medium_drain`), a core's first call, which makes its heap,
`kmalloc_trim`, and moving bytes: zeroing, and `krealloc` to another place, both with interrupts enabled."""
PEERS = [("mattconte/tlsf", 226, 195), ("ESP-IDF's tlsf", 199, 207), ("o1heap", 96, 88),
         ("FreeRTOS heap_4", None, None)]
MASKED_MOST = 1500  # instructions in a row with interrupts masked


def constant(name):
    """The value of an enum constant of lib/, by name."""
    text = subprocess.run(["grep", "-rhoE", rf"\b{name} = [^,}}]+", *(os.path.join(ROOT, folder)
                                                                           for folder in ("lib", "kernel/small"))],
                          check=True, capture_output=True, text=True).stdout.strip()
    values = {line.split(" = ", 1)[1].split("/*")[0].strip() for line in text.splitlines()}
    if len(values) != 1:
        raise Unbounded(f"{name} has {len(values)} values")
    value = values.pop()
    choice = re.fullmatch(r"HEAPALLOC_BOUNDED \? (.+) : .+", value)
    return evaluate(choice[1] if choice else value)


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
        loops |= {name: [turns] * 3 for name, turns in RETRIED.items()}
        cut = [*WAITING, *OTHERS, *STOPS_ALL, *ABSENT, *ONCE, *BYTES, *HOOKS]
        self.rare = {name: self.bound(name, cut, loops) for name in RARE}
        self.whole = {name: self.bound(name, [*cut, *more], loops, limit) for name, (_, limit, more) in WHOLE.items()}
        self.served = {name: self.bound(name, [*cut, "scavenge_step"], loops) for name in WHOLE}

        self.small = {}
        for place, (flag, image) in enumerate(SMALL_IMAGES.items()):
            code = Code(OBJDUMP, os.path.join(os.path.dirname(elf), f"{image}.elf"))
            self.small[flag] = {name: self.bound(name, [*STOPS, *WORDING, *cut], SMALL_LOOPS, limits[place], code)
                                for name, (_, limits, cut) in SMALL.items()}

        code = Code(OBJDUMP, os.path.join(os.path.dirname(elf), "chosen.elf"))
        own = SMALL_LOOPS | {name: [bound_of(loop) for loop in list] for name, list in CHOSEN_LOOPS.items()}
        self.chosen = {name: self.bound(name, [*CHOSEN_CUT, *more], own, limit, code)
                       for name, (_, limit, more) in CHOSEN.items()}
        for name in ("heap_alloc", "heap_free", "heap_alloc_aligned"):  # the core's, where the region is not small
            self.bound(name, [*(word for word in cut if word != "panic"), *WORDING], loops | own,
                       WHOLE["heap_alloc"][1], code)

    def bound(self, function, cut, loops, limit=None, code=None):
        try:
            length = Paths(code or self.code, cut, loops).of(function)
        except Unbounded as why:
            self.wrong.append(f"{function}: {why}")
            return 0
        if limit is not None and length > limit:
            self.wrong.append(f"{function}: up to {length} instructions, {limit} is the limit")
        return length

    def hold_for(self, measured, whole, masked):
        """Checks that every measured call stayed within its bound, and that there were many of them."""
        for name, (calls, refused, most) in whole.items():
            if calls < 100 or (name == "kmalloc" and refused < 1000):
                self.wrong.append(f"{name}: only {calls} whole calls were measured, {refused} of them refused")
            elif most > self.whole[name]:
                self.wrong.append(f"{name}: a whole call took {most} instructions, {self.whole[name]} is proved")
        if set(whole) - set(WHOLE) or len(whole) < 6:
            self.wrong.append(f"whole calls of {' '.join(whole)} were measured")
        if masked is None or not 0 < masked <= MASKED_MOST:
            self.wrong.append(f"interrupts were masked for {masked} instructions in a row, {MASKED_MOST} is the limit")
        for name, bound in self.paths.items():
            costs = measured.get(name, {})
            if sum(costs.values()) < 1000:
                self.wrong.append(f"{name}: only {sum(costs.values())} calls were measured")
            elif max(costs) > bound:
                self.wrong.append(f"{name}: a call took {max(costs)} instructions,"
                                  f" {bound} is proved")


def measure(folder):
    """{path: {cost: calls}}, {whole call: (calls, refused, most)} and the longest masked stretch, as measured."""
    class Images:
        pass
    images = Images()
    images.folder = folder
    machine = Machine(cores=1, extra=("-icount", "shift=0,sleep=off"))
    outcome = boot(images, machine, "wcet", timeout=300)
    measured, whole, masked = {}, {}, None
    for line in outcome.lines:
        if found := re.fullmatch(r"PATH (\w+) (\d+) (\d+)", line):
            measured.setdefault(found[1], {})[int(found[2])] = int(found[3])
        elif found := re.fullmatch(r"WHOLE (\w+) (\d+) (\d+) (\d+)", line):
            whole[found[1]] = tuple(int(found[i]) for i in (2, 3, 4))
        elif found := re.fullmatch(r"MASKED (\d+)", line):
            masked = int(found[1])
    return measured, whole, masked


def compiler():
    text = subprocess.run([COMPILER, "-dumpfullversion"], check=True, capture_output=True).stdout
    return f"gcc {text.decode().strip()}"


def mean(costs):
    return round(sum(cost * calls for cost, calls in costs.items()) / sum(costs.values()))


def whole_table(claims, whole, masked):
    lines = ["| whole call | most measured | proved at most | ... that gives nothing back | limit |",
             "|---|---|---|---|---|"]
    for name, (what, limit, _) in WHOLE.items():
        if what:
            measured = max((whole[other][2] for other in (name, name.replace("heap_", "k").replace("kalloc", "kmalloc"))
                            if other in whole), default="")
            lines.append(f"| {what} | {measured} | **{claims.whole[name]}** | {claims.served[name]} | {limit} |")
    return [*lines, "", f"Most instructions in a row with interrupts masked: {masked} measured,"
            f" {max(claims.whole.values())} proved.", ""]


def table(claims, measured, whole, masked):
    lines = [BEGIN, f"Instructions, {compiler()} -O2, cortex-a72:", "",
             "| path | mean | most measured | proved at most | limit |", "|---|---|---|---|---|"]
    for name, (_, what, limit, _) in PATHS.items():
        costs = measured[name]
        lines.append(f"| {what} | {mean(costs)} | {max(costs)} | **{claims.paths[name]}** |"
                     f" {limit} |")
    lines += ["", *whole_table(claims, whole, masked)]
    lines += ["![Histogram of what calls on these paths cost](wcet.svg)", "",
              "| for comparison, computed the same way from their object code | alloc | free |",
              "|---|---|---|"]
    for name, alloc, free in PEERS:
        lines.append(f"| {name} | {alloc or 'no bound'} | {free or 'no bound'} |")
    lines += [f"| ours (core, whole call, many cores) | {claims.whole['heap_alloc']} | {claims.whole['heap_free']} |",
              f"| ours (its TLSF with lock) | {claims.paths['tlsf_take']} | {claims.paths['tlsf_give']} |",
              *(f"| ours (small heap without slabs, whole call, {flag}) |"
                f" {small['heap_alloc']} | {small['heap_free']} |" for flag, small in claims.small.items()),
              f"| ours (slab) | {claims.paths['slab_alloc']} | {claims.paths['slab_free']} |", "",
              "| rare step | proved at most |", "|---|---|"]
    for name, what in RARE.items():
        turns = f", {bound_of(LOOPS[name][0])} turns" if name in LOOPS else ""
        lines.append(f"| {what} (`{name}`{turns}) | {claims.rare[name]} |")
    lines += ["", "| small heap without slabs, one region: a whole call | proved at -O2 | limit | at -Os | limit |",
              "|---|---|---|---|---|"]
    lines += [f"| {what} | **{claims.small['-O2'][name]}** | {fast} | **{claims.small['-Os'][name]}** | {small} |"
              for name, (what, (fast, small), _) in SMALL.items()]
    lines += ["", "| small heap that `heap_init` chooses, with slabs and a lock, one region | proved at -O2 | limit |",
              "|---|---|---|"]
    lines += [f"| {what} | **{claims.chosen[name]}** | {limit} |" for name, (what, limit, _) in CHOSEN.items()]
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


def document(claims, figures, write):
    """Writes the present figures into README and picture, or returns what is not current."""
    text = read(README)
    begin, end = text.index(BEGIN), text.index(END) + len(END) + 1
    fresh = {README: text[:begin] + table(claims, *figures) + text[end:],
             PICTURE: picture(claims, figures[0])}
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
    figures = measure(arguments.image)
    claims.hold_for(*figures)
    if not claims.wrong:
        document(claims, figures, arguments.write)
    print("not ok - wcet" if claims.wrong else "ok - wcet")
    for why in claims.wrong:
        print("#   " + why)
    return 1 if claims.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
