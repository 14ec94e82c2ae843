"""The runs: every machine of the matrix, special memory, broken trees, controls, the console."""
# SPDX-License-Identifier: MIT
import dataclasses
import functools
import itertools
import os
import re
import shlex
import struct
import subprocess
import sys

import verdicts
from boot import (HANG, QEMU, RAM_START, TREE_AT, Machine, Outcome, Wrong, boot, boot_by_loader,
                  make_tree, tool)
from odd_machines import odd_machines

MIB = 1 << 20
PLAIN = Machine()


@dataclasses.dataclass(frozen=True)
class Run:
    name: str
    quick: bool
    check: object  # of (images): returns, or raises Wrong


# ---- the matrix ----------------------------------------------------------------------------------

def self_test(machine, images, arguments="test=all seed=1"):
    verdicts.passes(boot(images, machine, f"{arguments} {machine.promises()}"))


def matrix():
    quick = set()  # every cpu with every gic and level; each number of cores and form in turn
    for number, (cpu, gic, el2) in enumerate(itertools.product(
            ("cortex-a53", "cortex-a72", "max"), (2, 3), (False, True))):
        quick.add((cpu, gic, el2, (1, 2, 4, 8)[number % 4], "elf" if number % 3 == 0 else "image"))
    for kind in itertools.product(("cortex-a53", "cortex-a72", "max"), (2, 3), (False, True),
                                  (1, 2, 4, 8), ("image", "elf")):
        machine = Machine(*kind[:4], form=kind[4])
        yield Run("matrix " + machine.name(), kind in quick, functools.partial(self_test, machine))


def sizes():
    for memory, form in itertools.product(("8M", "9M", "16M", "64M", "1G", "3G", "6G"),
                                          ("image", "elf")):
        machine = Machine(cpu="max", gic=3, cores=2, memory=memory, form=form)
        yield Run("memory " + machine.name(), memory in ("8M", "6G"),
                  functools.partial(self_test, machine))
    for machine in (Machine(form="loader"), Machine(cpu="max", gic=3, el2=True, form="loader")):
        yield Run("elsewhere " + machine.name(), True, functools.partial(self_test, machine))


# ---- memory that is not one plain range ----------------------------------------------------------

TWO_NODES = dataclasses.replace(PLAIN, memory="256M", extra=(
    "-object", "memory-backend-ram,id=m0,size=64M", "-object",
    "memory-backend-ram,id=m1,size=192M", "-numa", "node,memdev=m0,cpus=0-1",
    "-numa", "node,memdev=m1,cpus=2-3"))


def two_nodes(images):
    outcome = boot(images, TWO_NODES, f"test=all {TWO_NODES.promises()}")
    verdicts.passes(outcome)
    verdicts.free_is_ram_without(outcome)


def beyond_the_table(images):
    """RAM behind a small first table, or a whole node, is added later; then all tests use both."""
    for folder, machine, start, end in (
            (images, PLAIN, 0x41000000, 0x48000000),
            (images, dataclasses.replace(PLAIN, cores=8, gic=3), 0x46000000, 0x48000000),
            (images, TWO_NODES, 0x44000000, 0x50000000),
            (images.with_ubsan(), PLAIN, 0x41000000, 0x48000000)):
        outcome = boot(folder, machine,
                       f"test=boot,memory,beyond,heap,seal beyond={start:#x} {machine.promises()}")
        verdicts.passes(outcome)
        verdicts.free_is_ram_without(outcome, (start, end))
        verdicts.demand(verdicts.memory_map(outcome, "beyond")[0][0] == start,
                        "nothing is left out", outcome)
    verdicts.ends(boot(images, PLAIN, "test=beyond.first"), 1,
                  "^not ok 1 beyond.first_table_ends_below_it", "FAIL 1 of 1")


def beyond_any_address(images):
    """beyond= need be no multiple of anything; what is left out may be too small for the heap."""
    for start, ranges, added in ((0x41234567, 2, True), (0x44080001, 1, True), (0x45c00001, 1, True),
                                 (0x47e00001, 1, False), (0x47fff000, 1, False), (0x4fffffff, 0, False)):
        tests = "boot,memory,page,beyond,heap,seal" if added else "boot,memory,page,heap.m,seal"
        outcome = boot(images, PLAIN, f"test={tests} iters=200 beyond={start:#x} {PLAIN.promises()}")
        verdicts.passes(outcome)
        verdicts.demand(len(verdicts.memory_map(outcome, "beyond")) == ranges, "another part is left out", outcome)


def with_reservations(source):
    """Two reservations of each kind; one overlaps another, one is not whole pages, one lies outside RAM."""
    head, rest = source.split("/dts-v1/;", 1)
    return head + """/dts-v1/;
        /memreserve/ 0x42000000 0x100000;
        /memreserve/ 0x42080000 0x100000;
        """ + rest + """/ { reserved-memory {
            #address-cells = <2>; #size-cells = <2>; ranges;
            a@46000800 { reg = <0 0x46000800 0 0x10>; };
            b@47ff0000 { reg = <0 0x47ff0000 0 0x10000>; no-map; };
            c@80000000 { reg = <0 0x80000000 0 0x10000>; };
        }; };\n"""


def reserved(images):
    initrd = images.scratch("initrd")
    with open(initrd, "wb") as file:
        file.write(os.urandom(100001))
    tree = make_tree(images, PLAIN, source_edit=with_reservations)
    machine = dataclasses.replace(PLAIN, extra=("-dtb", tree, "-initrd", initrd))
    outcome = boot(images, machine, f"test=all {machine.promises()}")
    verdicts.passes(outcome)
    verdicts.demand(len(verdicts.memory_map(outcome, "initrd")) == 1, "no initrd", outcome)
    verdicts.free_is_ram_without(outcome, (0x42000000, 0x42180000), (0x46000800, 0x46000810),
                                 (0x47ff0000, 0x48000000))


def holes(images):
    outcome = boot(images, PLAIN, "test=boot,memory,region,heap,seal"
                   " hole=0x45000000+1M hole=0x40100000+4K")
    verdicts.passes(outcome)
    verdicts.free_is_ram_without(outcome, (0x45000000, 0x45100000), (0x40100000, 0x40101000))


def wrong_promise(images):
    for promise in ("ram=64M", "cores=3", "el=2", "gic=3"):
        outcome = boot(images, PLAIN, f"test=boot.machine {promise}")
        verdicts.ends(outcome, 1, "^not ok 1 boot.machine_is_what_was_promised", "FAIL 1 of 1")


# ---- the small heap: the same boot, another image ------------------------------------------------

SMALL = ("small", "small_without_slabs", "small_without_check", "small_fast")
SMALL_UNCHECKED = SMALL[2:]
SMALL_MISUSES = {
    "frees_a_block_twice": r"free\(\): 0x[0-9a-f]+ is already free",
    "frees_a_small_block_twice": r"free\(\): 0x[0-9a-f]+ is already free",
    "frees_inside_a_block": r"free\(\): 0x[0-9a-f]+ is no block's start",
    "frees_inside_a_small_block": r"free\(\): 0x[0-9a-f]+ is in the middle of a block of 112 bytes",
    "resizes_a_freed_block": r"realloc\(\): 0x[0-9a-f]+ is already free",
    "frees_after_an_overflow": r"free\(\): 0x\w+ is no block's start, or its head was written to",
    "frees_what_is_not_ours": r"free\(\): 0x[0-9a-f]+ is not ours",
    "frees_a_part_of_a_stack": r"free\(\): 0x[0-9a-f]+ is on a stack",
    "writes_after_a_free": r"malloc\(\): 0x[0-9a-f]+ was written to after it was freed",
}
WITHOUT_SLABS = ("small_without_slabs", "small_fast")
MISUSES_WITHOUT_SLABS = {"frees_inside_a_small_block": r"free\(\): 0x\w+ is (already free|no block's start)"}


def small_heap(program, images):
    for folder, machine in (
            (images, Machine(program=program)),
            (images, Machine(program=program, gic=3, el2=True, cores=1, memory="8M", form="elf")),
            (images.with_ubsan(), Machine(program=program))):
        outcome = boot(folder, machine, f"test=all {machine.promises()}")
        verdicts.passes(outcome)
        verdicts.says_tests(outcome, "small.", 3 if program in SMALL_UNCHECKED else 12)


def small_misuses(program, images):
    for name, sentence in (SMALL_MISUSES | (MISUSES_WITHOUT_SLABS if program in WITHOUT_SLABS else {})).items():
        outcome = boot(images, Machine(program=program, cores=1), f"test=misuse.{name}")
        verdicts.ends(outcome, 99, rf"^heapalloc-kernel: PANIC on core 0: {sentence}")


# ---- broken trees: one clear line, code 2 --------------------------------------------------------

def patched(images, offset, *words):
    """The emulator's tree with big-endian words written over it."""
    path = make_tree(images, PLAIN, "test=boot")
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(struct.pack(f">{len(words)}I", *words))
    return path


def refuses(sentence, outcome):
    verdicts.ends(outcome, 2, f"^heapalloc-kernel: the device tree at 0x[0-9a-f]+ {sentence}")
    verdicts.is_one_line(outcome)


def broken_bytes(images):
    for offset, words, sentence in (
            (0, (0,), "does not start with the magic number"),
            (4, (0x7fffffff,), "has an impossible size"),
            (8, (0x100000,), "has its structure block outside"),
            (20, (16,), "has a version other than 17"),
            (56, (77, 77), "has a token that means nothing")):
        tree = patched(images, offset, *words)
        refuses(sentence, boot_by_loader(images, PLAIN, tree))


def broken_pointers(images):
    tree = make_tree(images, PLAIN, "test=boot")
    for pointer, sentence in ((TREE_AT + 4, "does not start at a multiple of 8"),
                              (RAM_START + 96 * MIB, "does not start with the magic"),
                              (RAM_START + 512 * MIB, "cannot be read"),
                              (0x7f00000000, "cannot be read"),
                              (0xffffff0000000000, "cannot be read")):
        refuses(sentence, boot_by_loader(images, PLAIN, tree, pointer=pointer))


def missing_parts(images):
    for name, sentence in (("memory@40000000", "names no memory"),
                           ("pl011@9000000", "names no PL011"), ("intc@8000000", "names no GICv2")):
        edit = f"/ {{ /delete-node/ {name}; }};"
        tree = make_tree(images, PLAIN, source_edit=lambda text, edit=edit: text + edit)
        refuses(sentence, boot_by_loader(images, PLAIN, tree))


def core_that_is_not_there(images):
    def edit(text):
        return text + '/ { cpus { cpu@7 { device_type = "cpu"; reg = <7>; }; }; };'
    tree = make_tree(images, PLAIN, "test=boot", source_edit=edit)
    outcome = boot_by_loader(images, PLAIN, tree)
    verdicts.ends(outcome, 3, r"core 4 \(7\) was refused by the firmware")


# ---- controls: tests that must fail do fail, and the runner notices ------------------------------

PANICS = {
    "reads_null": "read from a bad address",
    "writes_beyond_ram": "write to a bad address",
    "runs_data": "undefined instruction",
    "runs_ram": "fetch from an address that is not code",
    "uses_floating_point": "floating point",
    "breaks": "breakpoint",
    "panics": "on purpose 42",
    "panics_everywhere": r"on core \d at once",
}

# The sentences of misuse; `allocates unmasked` meets its own lock, or a block that is being freed.
MISUSES = {
    "frees_a_small_block_twice": r"free\(\): 0x[0-9a-f]+ is already free",
    "frees_a_medium_block_twice": r"free\(\): 0x[0-9a-f]+ is already free",
    "frees_a_large_block_twice": r"free\(\): 0x[0-9a-f]+ is already free",
    "frees_inside_a_small_block": r"free\(\): 0x\w+ is in the middle of a block of 1024 bytes at",
    "frees_inside_a_large_block": r"free\(\): 0x\w+ is in the middle of a block of 1048576 bytes",
    "frees_a_part_of_the_image": r"free\(\): 0x[0-9a-f]+ is not ours",
    "frees_what_is_no_memory": r"free\(\): 0x9000000 is not ours",
    "frees_the_page_table": r"free\(\): 0x[0-9a-f]+ is not ours",
    "frees_a_run_as_a_block": r"free\(\): 0x[0-9a-f]+ is not ours",
    "frees_a_block_as_a_run": r"page_free\(\): 0x[0-9a-f]+ is not the start of a run",
    "frees_a_run_twice": r"page_free\(\): 0x[0-9a-f]+ is not the start of a run",
    "frees_twice_from_another_core": r"free\(\): 0x[0-9a-f]+ is already free",
    "resizes_a_freed_block": r"realloc\(\): 0x[0-9a-f]+ is already free",
    "resizes_a_freed_block_aligned": r"realloc\(\): 0x[0-9a-f]+ is already free",
    "resizes_inside_a_block_aligned": r"realloc\(\): 0x\w+ is in the middle of a block of 1024 bytes at",
    "asks_the_size_of_a_freed_block": r"usable_size\(\): 0x[0-9a-f]+ is already free",
    "asks_the_size_of_the_image": r"usable_size\(\): 0x[0-9a-f]+ is not ours",
    "writes_after_a_free": r"malloc\(\): 0x[0-9a-f]+ was written to after it was freed",
    "allocates_unmasked": "(a lock of the heap at 0x[0-9a-f]+ is never given back|already free)",
}

# The same in memory that was added to the heap after boot.
MISUSES_BEYOND = {
    "beyond_frees_a_small_block_twice": r"free\(\): 0x[0-9a-f]+ is already free",
    "beyond_frees_a_medium_block_twice": r"free\(\): 0x[0-9a-f]+ is already free",
    "beyond_frees_a_large_block_twice": r"free\(\): 0x[0-9a-f]+ is already free",
    "beyond_frees_twice_on_two_cores": r"free\(\): 0x[0-9a-f]+ is already free",
    "beyond_frees_inside_a_small_block": r"free\(\): 0x\w+ is in the middle of a block of 1024 b",
    "beyond_frees_inside_a_medium_block": r"free\(\): 0x\w+ is in the middle of a block of 20480",
    "beyond_frees_inside_a_large_block": r"free\(\): 0x\w+ is in the middle of a block of 1048576",
    "beyond_resizes_a_freed_block": r"realloc\(\): 0x[0-9a-f]+ is already free",
    "beyond_writes_after_a_free": r"malloc\(\): 0x[0-9a-f]+ was written to after it was freed",
    "beyond_frees_the_tables": r"free\(\): 0x41001000 is not ours",
    "beyond_frees_what_was_not_given": r"free\(\): 0x41000000 is not ours",
}


def panics(name, images, suite="control", sentences=None, arguments=""):
    outcome = boot(images, PLAIN, f"test={suite}.{name} hz=20000 patience=1000 {arguments}")
    sentence = (sentences or PANICS)[name]
    verdicts.ends(outcome, 99, rf"^heapalloc-kernel: PANIC on core \d: .*{sentence}")
    verdicts.demand(sum("PANIC" in line for line in outcome.lines) == 1, "two panics", outcome)


def failures(images):
    outcome = boot(images, PLAIN,
                   "test=control.f,control.breaks_the_seal,control.overflows_a_stack")
    verdicts.ends(outcome, 1, "^not ok 1 control.fails # control_test.c:", "^not ok 2 ",
                  "^not ok 3 ", "^not ok 4 control.overflows_a_stack", "FAIL 4 of 4")
    verdicts.ends(boot(images, PLAIN, "test=nothing.like.it"), 1, "FAIL 0 of 0")
    verdicts.passes(boot(images, PLAIN, "test=control.passes"))


def hang(images):
    outcome = boot(images, PLAIN, "test=control.hangs", timeout=15)
    verdicts.ends(outcome, HANG, r"^1\.\.1$")


def lost_core(images):
    outcome = boot(images, PLAIN, "test=control.loses_a_core patience=300")
    verdicts.ends(outcome, 4, r"core 3 \(3\) did not finish its job")


def undefined_behaviour(images):
    machine = dataclasses.replace(PLAIN, gic=3)
    verdicts.passes(boot(images, machine, "test=control.overflows_a_signed"))
    images = images.with_ubsan()
    outcome = boot(images, machine, "test=control.overflows_a_signed")
    verdicts.ends(outcome, 99, "PANIC on core 0: breakpoint")
    self_test(machine, images)


def runner_itself(_images):
    good = ["1..2", "ok 1 a.b", "ok 2 c.d", "heapalloc-kernel: PASS 2 tests"]
    verdicts.passes(Outcome(good, 0, 0))
    for lines, code in ((good, 1), (good, HANG), (good[1:], 0), (good[:-1], 0),
                        (good[:2] + good[3:], 0), (good + ["PANIC"], 0), ([], 0),
                        (["1..2", "ok 1 a.b", "not ok 2 c.d # x", good[3]], 0),
                        ([good[0], good[2], good[1], good[3]], 0)):
        try:
            verdicts.passes(Outcome(lines, code, 0))
        except Wrong:
            continue
        raise Wrong(f"the runner accepts {lines} with exit code {code}")


# ---- the rest ------------------------------------------------------------------------------------

def relocations(images):
    """start.S handles only one kind of relocation: an absolute pointer into the image."""
    table = tool("aarch64-linux-gnu-readelf", "-rW", os.path.join(images.folder, "heap.elf"))
    kinds = {line.split()[2] for line in table.decode().splitlines() if "R_AARCH64" in line}
    if kinds != {"R_AARCH64_RELATIVE"}:
        raise Wrong(f"the image wants relocations of kinds {kinds}")


def without_semihosting(images):
    for machine in (Machine(semihosting=False), Machine(semihosting=False, gic=3, el2=True)):
        self_test(machine, images)


def below_a_secure_world(images):
    """A machine with EL3: an Image starts in EL1 of the non-secure world."""
    self_test(Machine(secure=True), images)
    self_test(Machine(cpu="max", gic=3, secure=True), images)


def determinism(images):
    machine = Machine(gic=3, extra=("-icount", "shift=0,sleep=off"))
    first, second = (boot(images, machine, "test=all hz=20000") for _ in range(2))
    verdicts.passes(first)
    verdicts.demand(first.lines == second.lines, "two -icount runs differ", second)


# Limits for the most expensive of some thousand whole calls, in instructions, rare steps included (wcet.py has the
# proofs); some tenths above the result with gcc 12.
HEAP_MOST = {
    "slab alloc": 900, "slab free": 600, "slab resize": 140,
    "medium alloc": 1000, "medium free": 750, "medium resize": 370,
    "large alloc": 450, "large free": 450, "large resize": 650,
}


def costs(images):
    machine = Machine(cores=1, extra=("-icount", "shift=0,sleep=off"))
    outcome = boot(images, machine, "wcet")
    words = [line[5:].rsplit(None, 2) for line in outcome.lines if line.startswith("COST ")]
    table = {name.strip(): (int(least), int(most)) for name, least, most in words}
    verdicts.demand(outcome.code == 0 and len(table) == 6, "six costs wanted", outcome)
    turns = table["hundred turns"][0] - table["nothing"][0]
    verdicts.demand(turns == 201, "100 turns of 2 instructions and one more are 201", outcome)
    verdicts.demand(all(least == most for least, most in table.values()), "a cost varies", outcome)
    heap = {line[5:19].strip(): [int(word) for word in line[19:].split()]
            for line in outcome.lines if line.startswith("HEAP ")}
    verdicts.demand(heap.keys() == HEAP_MOST.keys(), "nine costs of the heap wanted", outcome)
    for name, (calls, mean, most) in heap.items():
        verdicts.demand(calls > 1000 and 0 < mean <= most, f"{name} was not measured", outcome)
        verdicts.demand(most <= HEAP_MOST[name], f"{name} costs {most} instructions", outcome)
    verdicts.ends(boot(images, PLAIN, "wcet"), 1, "no instruction counter")


def session(images, typed, expected, code, machine=PLAIN):
    """The console's answers to typed lines, and how it ends."""
    outcome = boot(images, machine, "repl", typed)
    verdicts.holds_session(outcome, expected, code)


def console(images):
    """Editing keys, and the machine's own commands."""
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "console")
    typed = text_of(folder, "keys.typed").encode().decode("unicode_escape")
    session(images, typed.replace("\n", "\r"), text_of(folder, "keys.expected").splitlines(), 7)
    outcome = boot(images, PLAIN, "repl", "machine\rpanic\r")
    verdicts.ends(outcome, 99, "^  free +", "^  seals whole",
                  "PANIC on core 0: asked for on the console")
    image = verdicts.memory_map(outcome, "image")[0][0]
    outcome = boot(images, PLAIN, "repl", f"poke {image + 16:#x} 0x5\rmachine\rexit 0\r")
    verdicts.ends(outcome, 0, "^  warning: the image is sealed", "^  seals broken: the image")


def explorer(images):
    """The explorer's golden sessions: the console of an unbounded kernel prints what the host's program prints."""
    machine = Machine(program="heap_unbounded")
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools/tests")
    for name, code in (("demonstration", 1), ("damage", 3), ("mistakes", 1), ("garbage", 1)):
        typed = text_of(folder, name + ".script").replace("\n", "\r")
        expected = text_of(folder, name + ".expected").splitlines()
        session(images, typed, expected, code, machine)
        try:
            session(images, typed, expected[:-1], code, machine)
        except Wrong:
            continue
        raise Wrong(f"a wrong session {name} is accepted")


def callers(images):
    """Who allocated each block in use: recorded where no bound is promised, listed on the console."""
    machine = Machine(program="heap_unbounded")
    verdicts.passes(boot(images, machine, "test=callers callers=2000"))
    outcome = boot(images, machine, "repl callers=1000",
                   "alloc 1000 a\ralloc 5000\rleaks\rfree a\rleaks\rleaks reset\ralloc 30\rleaks\rexit 0\r")
    verdicts.ends(outcome, 0, r"heap> leaks", r"^       2 blocks        6000 bytes  image \+ [0-9a-f]+$",
                  r"heap> leaks", r"^       1 blocks        5000 bytes  image", "no block is in use that was allocated",
                  r"^       1 blocks          30 bytes  image")
    outcome = boot(images, PLAIN, "repl callers=1000", "leaks reset\rexit 0\r")
    verdicts.ends(outcome, 0, "callers are not recorded: calls are bounded in this image",
                  "^callers are recorded in heap_unbounded.img")


def damaged_at_random(images):
    """Whatever is poked into blocks and tables, no command and no allocation ends the machine."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                          "../../tools/tests/damaged_at_random.py")
    for folder, options in ((images.folder, ()), (images.ubsan, ("--looks-only",))):
        words = [*PLAIN.words(), "-kernel", os.path.join(folder, "heap.img"), "-append", "repl"]
        result = subprocess.run(
            [sys.executable, "-B", script, "--sessions", "10", *options, "bash", "-c",
             "exec " + shlex.join(words)], capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise Wrong(result.stdout + result.stderr)


def text_of(*path):
    with open(os.path.join(*path), encoding="ascii") as file:
        return file.read()


def all_runs():
    yield Run("runner rejects what it should", True, runner_itself)
    yield from matrix()
    yield from sizes()
    for name, check in odd_machines():
        yield Run(name, True, check)
    for check in (two_nodes, beyond_the_table, beyond_any_address, reserved, holes, wrong_promise, broken_bytes,
                  broken_pointers, missing_parts, core_that_is_not_there, failures, hang, lost_core,
                  undefined_behaviour, relocations, without_semihosting, below_a_secure_world,
                  determinism, costs, console, explorer, callers, damaged_at_random):
        yield Run(check.__name__.replace("_", " "), True, check)
    for program in SMALL:
        name = program.replace("_", " ")
        yield Run(f"{name} heap", True, functools.partial(small_heap, program))
        yield Run(f"{name} heap names misuse", True, functools.partial(small_misuses, program))
    for name in PANICS:
        yield Run("panics when it " + name.replace("_", " "), True, functools.partial(panics, name))
    for name in MISUSES:
        yield Run("panics when it " + name.replace("_", " "), True,
                  functools.partial(panics, name, suite="misuse", sentences=MISUSES))
    for name in MISUSES_BEYOND:
        yield Run("panics when it " + name.replace("_", " "), True,
                  functools.partial(panics, name, suite="misuse", sentences=MISUSES_BEYOND,
                                    arguments="beyond=0x41000000"))
