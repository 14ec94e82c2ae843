#!/usr/bin/env python3
"""Compares what the kernel's reader finds in trees with what fdtget and dtc find.

fdt_compare.py MACHINE_PRINT TREE.dtb...
"""
# SPDX-License-Identifier: MIT
import functools
import re
import subprocess
import sys


@functools.lru_cache(maxsize=None)
def run(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


class Tree:
    """A tree file, read through fdtget."""

    def __init__(self, path):
        self.path = path

    def children(self, node):
        return run("fdtget", "-l", self.path, node).split()

    def text(self, node, name, default=""):
        return run("fdtget", "-d", default, self.path, node, name).rstrip("\n")

    def cells(self, node, name):
        return [int(word, 16) for word in
                run("fdtget", "-t", "x", "-d", "", self.path, node, name).split()]

    def count(self, node, name, default):
        return (self.cells(node, name) or [default])[0]

    def has(self, node, name):
        return name in run("fdtget", "-p", self.path, node).split()

    def enabled(self, node):
        return self.text(node, "status", "okay").split()[0] in ("okay", "ok")

    def all_nodes(self, node="/"):
        """Enabled nodes; nodes below a disabled one do not exist either."""
        if self.enabled(node):
            yield node
            for child in self.children(node):
                yield from self.all_nodes(join(node, child))


def join(node, child):
    return (node if node != "/" else "") + "/" + child


def parent(node):
    return node.rsplit("/", 1)[0] or "/"


def number(cells):
    value = 0
    for cell in cells:
        value = value << 32 | cell
    return value


def entries(tree, node, *counts, name="reg"):
    """The entries of a property as tuples of numbers, each of so many cells."""
    cells = tree.cells(node, name)
    while cells:
        entry = []
        for count in counts:
            entry.append(number(cells[:count]))
            cells = cells[count:]
        yield tuple(entry)


def reg(tree, node):
    """reg in CPU addresses, translated by every bus above it."""
    bus = parent(node)
    result = []
    for start, size in entries(tree, node, tree.count(bus, "#address-cells", 2),
                               tree.count(bus, "#size-cells", 1)):
        at = bus
        while at != "/":
            start = cross(tree, at, start)
            at = parent(at)
        result.append((start, size))
    return result


def cross(tree, bus, address):
    windows = list(entries(tree, bus, tree.count(bus, "#address-cells", 2),
                           tree.count(parent(bus), "#address-cells", 2),
                           tree.count(bus, "#size-cells", 1), name="ranges"))
    if not windows and tree.has(bus, "ranges"):
        return address
    return next(front + address - behind for behind, front, size in windows
                if behind <= address < behind + size)


def ranges(name, pairs):
    return [f"{name} {start:x} {size:x}" for start, size in pairs if size]


def expected_memory(tree):
    lines = []
    for node in tree.all_nodes():
        if parent(node) == "/" and tree.text(node, "device_type") == "memory":
            lines += ranges("ram", reg(tree, node))
    source = run("dtc", "-q", "-O", "dts", tree.path)
    reservations = re.findall(r"/memreserve/\s+(\w+)\s+(\w+);", source)
    lines += ranges("reserved", [(int(start, 16), int(size, 16)) for start, size in reservations])
    for node in tree.all_nodes():
        if parent(node) == "/reserved-memory" and tree.has(node, "reg"):
            lines += ranges("reserved", reg(tree, node))
    start, end = (number(tree.cells("/chosen", name))
                  for name in ("linux,initrd-start", "linux,initrd-end"))
    return lines + ranges("reserved", [(start, end - start)])


def expected_cores(tree):
    width = tree.count("/cpus", "#address-cells", 2)
    cores = [number(tree.cells(node, "reg")[:width]) for node in tree.all_nodes()
             if parent(node) == "/cpus" and tree.text(node, "device_type") == "cpu"]
    return [f"core {core:x}" for core in cores[:8]] + [f"cores {len(cores)}"]


def find(tree, *compatible):
    return next(node for node in tree.all_nodes()
                if set(compatible) & set(tree.text(node, "compatible").split()))


def expected_devices(tree):
    uart = find(tree, "arm,pl011")
    gic = find(tree, "arm,cortex-a15-gic", "arm,gic-400", "arm,gic-v3")
    kind, irq, _ = tree.cells(uart, "interrupts")
    version = 3 if "arm,gic-v3" in tree.text(gic, "compatible").split() else 2
    distributor, interface = reg(tree, gic)[:2]
    psci = [tree.text(node, "method") for node in tree.all_nodes()
            if {"arm,psci-0.2", "arm,psci-1.0"} & set(tree.text(node, "compatible").split())]
    return (ranges("uart", reg(tree, uart)[:1]) + [f"irq {irq + (16 if kind else 32)}"]
            + [f"gic {version}"] + ranges("distributor", [distributor])
            + ranges("interface", [interface]) + [f"psci {(psci or ['none'])[0]}"])


def expected(path):
    tree = Tree(path)
    return (expected_memory(tree) + expected_cores(tree) + expected_devices(tree)
            + [f"bootargs {tree.text('/chosen', 'bootargs')}"])


def main():
    printer, *paths = sys.argv[1:]
    wrong = 0
    for path in paths:
        got = sorted(run(printer, path).splitlines())
        wanted = sorted(expected(path))
        for line in sorted(set(got) ^ set(wanted)):
            print(f"{path}: {'only we' if line in got else 'only fdtget'} say: {line}")
            wrong += 1
        if len(wanted) < 8 or len(got) != len(wanted):
            print(f"{path}: {len(got)} answers, {len(wanted)} wanted")
            wrong += 1
    print(f"{len(paths)} trees, {wrong} differences")
    return 1 if wrong or not paths else 0


sys.exit(main())
