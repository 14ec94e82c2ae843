#!/usr/bin/env python3
"""Builds the small heap's tests and the example world for other processors, and runs them under QEMU.

boards.py [--keep FOLDER] [-k TEXT]
  Prints "ok - NAME" or "not ok - NAME" for each program; --keep leaves them in a folder; -k TEXT runs only those whose
  name contains TEXT.
"""
# SPDX-License-Identifier: MIT
import argparse
import dataclasses
import functools
import glob
import os
import re
import subprocess
import sys
import tempfile

import verdicts
from boot import Wrong, execute

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))

FLAGS = ("-std=gnu11 -Wall -Wextra -Werror -ffreestanding -nostdlib -static -fno-pie -no-pie -fno-common"
         " -fno-stack-protector -fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns"
         " -fno-toplevel-reorder -ffunction-sections -fdata-sections -ftls-model=local-exec -DHEAPALLOC_ALONE=0"
         " -Ikernel/boards -Ikernel/boards/libc -Ikernel/libc -Ikernel -Ikernel/small -Ilib -Iinclude"
         " -Wl,--gc-sections,--build-id=none,-T,kernel/boards/board.ld").split()
RUNTIME = ["kernel/boards/libc.c", "kernel/string.c", "kernel/format.c"]
SMALL = [f"kernel/small/{name}.c" for name in (
    "blocks", "slabs", "small_heap", "api", "many", "block_pool", "small_check", "tests/host", "tests/block_pool_test",
    "tests/damage_test", "tests/many_test", "tests/model_test", "tests/misuse_test")]
SMALL += ["lib/base/check.c", "lib/base/guard.c", "lib/base/text.c", "lib/slab/block.c"]
ATOMICS = ["kernel/byte_atomics.c"]
EXPLORER = ["kernel/explore/main.c", "kernel/line.c", "kernel/history.c", "kernel/owned_port.c", *ATOMICS]
OF_CORE = ["-DHEAPALLOC_SMALL_BELOW=0"]  # where heap_init() would choose the small heap
INSTEAD = [f"kernel/small/{name}.c" for name in ("blocks", "slabs", "small_heap", "small_check", "small_region",
                                                 "small_region_check")]
EXAMPLE = ["kernel/example/main.c", "kernel/example/world.c", "kernel/owned_port.c", *ATOMICS]


@dataclasses.dataclass(frozen=True)
class Board:
    """A compiler, its flags, where RAM begins, and the emulator that runs the result."""
    compiler: str
    flags: str
    source: str
    ram: int
    emulator: str


BOARDS = {
    "cortex-m0": Board("arm-none-eabi-gcc", "-mcpu=cortex-m0 -mthumb", "cortex_m", 0,
                       "qemu-system-arm -M mps2-an385 -semihosting"),
    "cortex-m3": Board("arm-none-eabi-gcc", "-mcpu=cortex-m3 -mthumb", "cortex_m", 0,
                       "qemu-system-arm -M mps2-an385 -semihosting"),
    "riscv32": Board("riscv64-unknown-elf-gcc", "-march=rv32imac -mabi=ilp32 -mcmodel=medany", "riscv",
                     0x80000000, "qemu-system-riscv32 -M virt -bios none"),
    "riscv64": Board("riscv64-unknown-elf-gcc", "-march=rv64imac -mabi=lp64 -mcmodel=medany", "riscv",
                     0x80000000, "qemu-system-riscv64 -M virt -bios none"),
    "riscv64-opensbi": Board("riscv64-unknown-elf-gcc", "-march=rv64imac -mabi=lp64 -mcmodel=medany"
                             " -DBOARD_SUPERVISOR=1", "riscv", 0x80200000, "qemu-system-riscv64 -M virt"),
    "aarch64": Board("aarch64-linux-gnu-gcc", "-mgeneral-regs-only -mno-outline-atomics -mstrict-align", "aarch64",
                     0x40200000, "qemu-system-aarch64 -M virt -cpu cortex-a53 -semihosting"),
}


def core():
    return sorted(os.path.relpath(path, ROOT) for path in glob.glob(f"{ROOT}/lib/**/*.c", recursive=True))


def execute_compiler(words):
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Wrong(done.stderr)


@functools.cache
def compiled(folder, words, source):
    """The object file of a source; programs whose flags are the same share it. Only RUNTIME[0], which calls
    main(), knows the program's argument."""
    made = os.path.join(folder, f"{compiled.cache_info().currsize}.o")
    execute_compiler([*words, "-c", source, "-o", made])
    return made


def build(board, sources, output, argument=None, flags=()):
    words = [board.compiler, "-Os", *board.flags.split(), *FLAGS, *flags]
    own = [] if argument is None else [f'-DBOARD_ARGUMENT="{argument}"']
    folder = os.path.dirname(output)
    try:
        objects = [compiled(folder, (*words, *own), RUNTIME[0])]
        objects += [compiled(folder, tuple(words), source)
                    for source in (f"kernel/boards/{board.source}.c", *RUNTIME[1:], *sources)]
        execute_compiler([*words, f"-Wl,--defsym=RAM_START={board.ram:#x}", *objects, "-lgcc", "-o", output])
    except Wrong as fault:
        return str(fault).splitlines()
    return None


def run(board, program, script=""):
    words = [*board.emulator.split(), "-nodefaults", "-nic", "none", "-display", "none", "-monitor", "none",
             "-serial", "stdio", "-kernel", program]
    return execute(words, script, timeout=300)


def verdict(board, sources, program, argument, line, code, flags):
    """None, or the lines that describe the fault."""
    wrong = build(board, sources, program, argument, flags)
    if wrong is not None:
        return wrong
    outcome = run(board, program)
    if outcome.code == code and any(line in said for said in outcome.lines):
        return None
    return [*outcome.lines, f"ended with {outcome.code}, not {code} and `{line}`"]


def sessions(board, program):
    """The explorer prints on the serial line what the host's program prints. None, or the fault."""
    wrong = build(board, EXPLORER + core(), program, flags=OF_CORE)
    folder = os.path.join(ROOT, "tools/tests")
    for name, code in (("demonstration", 1), ("damage", 3), ("mistakes", 1)) if wrong is None else ():
        typed, expected = (open(os.path.join(folder, f"{name}.{kind}"), encoding="ascii").read()
                           for kind in ("script", "expected"))
        # The firmware empties the serial port's queue: the first letters are lost, up to a whole line of blanks.
        typed = " " * 100 + "\r" + typed.replace("\n", "\r")
        try:
            verdicts.holds_session(run(board, program, typed), ["heap>", *expected.splitlines()], code)
        except Wrong as fault:
            return [f"session {name}: {fault}"]
    return wrong


# what, sources, the test's name if it is not all, the expected output, exit status
PROGRAMS = {
    "small": (SMALL, None, "small: PASS", 0),
    "small guarded": (SMALL, None, "small: PASS", 0),
    "small double free": (SMALL, "frees_a_block_twice", "is already free", 99),
    "example": (EXAMPLE, None, "example: PASS", 0),
    "example double free": (EXAMPLE, "double-free", "is already free", 99),
}
WHERE = {"small": ("cortex-m0", "cortex-m3", "riscv32", "riscv64", "riscv64-opensbi"),
         "small guarded": ("cortex-m3", "riscv32"), "example": ("riscv64", "riscv64-opensbi", "aarch64"),
         "explorer": ("riscv64", "riscv64-opensbi")}


def runs():
    """All programs on all boards: name, and a function of the program's file that returns None or the fault."""
    for what, (sources, argument, line, code) in PROGRAMS.items():
        sources = sources + core() + INSTEAD if sources is EXAMPLE else sources
        flags = ["-DHEAPALLOC_GUARDED=1"] if "guarded" in what else []
        for name in WHERE.get(what, WHERE[what.split()[0]]):
            yield f"{name}: {what}", functools.partial(verdict, BOARDS[name], sources, argument=argument, line=line,
                                                       code=code, flags=flags)
    for name in WHERE["explorer"]:
        yield f"{name}: explorer", functools.partial(sessions, BOARDS[name])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--keep", metavar="FOLDER")
    parser.add_argument("-k", default="", metavar="TEXT")
    arguments = parser.parse_args()
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        folder = os.path.abspath(arguments.keep) if arguments.keep else folder
        os.makedirs(folder, exist_ok=True)
        wanted = [(name, run) for name, run in runs() if arguments.k in name]
        for name, attempt in wanted:
            wrong = attempt(program=os.path.join(folder, re.sub("[: ]+", "_", name) + ".elf"))
            print(f"{'ok' if wrong is None else 'not ok'} - board {name}", flush=True)
            failures += wrong is not None
            for said in wrong or ():
                print("#   " + said.replace("\n", "\n#   "))
    return 1 if failures or not wanted else 0


if __name__ == "__main__":
    sys.exit(main())
