#!/usr/bin/env python3
"""Builds the small heap's tests and the example world for other processors, and runs them under QEMU.

boards.py [--keep FOLDER]
  Prints "ok - NAME" or "not ok - NAME" for each program; --keep leaves them in a folder.
"""
# SPDX-License-Identifier: MIT
import argparse
import dataclasses
import glob
import os
import subprocess
import sys
import tempfile

from boot import execute

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))

FLAGS = ("-std=gnu11 -Wall -Wextra -Werror -ffreestanding -nostdlib -static -fno-pie -no-pie -fno-common"
         " -fno-stack-protector -fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns"
         " -fno-toplevel-reorder -ffunction-sections -fdata-sections -ftls-model=local-exec -DHEAPALLOC_ALONE=0"
         " -Ikernel/boards -Ikernel/boards/libc -Ikernel/libc -Ikernel -Ikernel/small -Ilib -Iinclude"
         " -Wl,--gc-sections,--build-id=none,-T,kernel/boards/board.ld").split()
RUNTIME = ["kernel/boards/libc.c", "kernel/string.c", "kernel/format.c"]
SMALL = [f"kernel/small/{name}.c" for name in (
    "blocks", "slabs", "heap", "api", "many", "block_pool", "check", "tests/host", "tests/block_pool_test",
    "tests/damage_test", "tests/many_test", "tests/model_test", "tests/misuse_test")]
SMALL += ["lib/base/check.c", "lib/base/text.c", "lib/slab/block.c"]
ATOMICS = ["kernel/byte_atomics.c"]
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
    "aarch64": Board("aarch64-linux-gnu-gcc", "-mgeneral-regs-only -mno-outline-atomics -mstrict-align", "aarch64",
                     0x40200000, "qemu-system-aarch64 -M virt -cpu cortex-a53 -semihosting"),
}


def core():
    return sorted(os.path.relpath(path, ROOT) for path in glob.glob(f"{ROOT}/lib/**/*.c", recursive=True)
                  if "/inspect/" not in path)


def build(board, sources, output, argument=None):
    words = [board.compiler, "-Os", *board.flags.split(), *FLAGS, f"-Wl,--defsym=RAM_START={board.ram:#x}"]
    if argument is not None:
        words.append(f'-DBOARD_ARGUMENT="{argument}"')
    words += [f"kernel/boards/{board.source}.c", *RUNTIME, *sources, "-lgcc", "-o", output]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stderr.splitlines() if done.returncode != 0 else None


def run(board, program):
    words = [*board.emulator.split(), "-nodefaults", "-nic", "none", "-display", "none", "-monitor", "none",
             "-serial", "stdio", "-kernel", program]
    return execute(words, timeout=100)


def verdict(board, sources, program, argument, line, code):
    """None, or the lines that describe the fault."""
    wrong = build(board, sources, program, argument)
    if wrong is not None:
        return wrong
    outcome = run(board, program)
    if outcome.code == code and any(line in said for said in outcome.lines):
        return None
    return [*outcome.lines, f"ended with {outcome.code}, not {code} and `{line}`"]


# what, sources, the test's name if it is not all, the expected output, exit status
PROGRAMS = {
    "small": (SMALL, None, "small: PASS", 0),
    "small double free": (SMALL, "frees_a_block_twice", "is already free", 99),
    "example": (EXAMPLE, None, "example: PASS", 0),
    "example double free": (EXAMPLE, "double-free", "is already free", 99),
}
WHERE = {"small": ("cortex-m0", "cortex-m3", "riscv32", "riscv64"), "example": ("riscv64", "aarch64")}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--keep", metavar="FOLDER")
    arguments = parser.parse_args()
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        folder = os.path.abspath(arguments.keep) if arguments.keep else folder
        os.makedirs(folder, exist_ok=True)
        for what, (sources, argument, line, code) in PROGRAMS.items():
            for name in WHERE[what.split()[0]]:
                program = os.path.join(folder, f"{name} {what}.elf".replace(" ", "_"))
                all_sources = sources + core() if sources is EXAMPLE else sources
                wrong = verdict(BOARDS[name], all_sources, program, argument, line, code)
                print(f"{'ok' if wrong is None else 'not ok'} - board {name}: {what}", flush=True)
                failures += wrong is not None
                for said in wrong or ():
                    print("#   " + said)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
