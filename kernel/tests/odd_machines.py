"""Machines as odd as real firmware describes them: RAM at 0, distant, ragged, overlapping; reservations of every form.

odd_machines() lists runs as (name, function of the images); runs.py adds them to the matrix.
"""
# SPDX-License-Identifier: MIT
import dataclasses
import functools
import os
import re

import verdicts
from boot import QEMU, Machine, boot, boot_by_loader, execute, make_tree

PLAIN = Machine()
TESTS = "test=boot,memory,page,heap.m,seal iters=60"
RESERVED = "/ { reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges; "


# ---- edits of the emulator's own tree ------------------------------------------------------------

def plus(text):
    return lambda source: source + text


def ram(*ranges):
    """Other RAM: (start, bytes) each."""
    cells = " ".join(f"{number >> 32:#x} {number & 0xffffffff:#x}" for pair in ranges for number in pair)
    return lambda source: re.sub(r"(memory@40000000 \{\s*reg = )<[^>]*>", rf"\1<{cells}>", source)


def reserve(*nodes):
    """Nodes of /reserved-memory: (start, bytes, further properties) each."""
    def cells(value):
        return f"{value >> 32:#x} {value & 0xffffffff:#x}"
    return plus(RESERVED + "".join(
        f"a{number} {{ reg = <{cells(start)} {cells(size)}>; {more} }};"
        for number, (start, size, more) in enumerate(nodes)) + "}; };")


def both(first, second):
    return lambda source: second(first(source))


def device_at(old, new):
    """The device with this register address is at another, or has other registers."""
    return lambda source: re.sub(rf"reg = <0x0+ {old:#x} 0x0+ (0x[0-9a-f]+)", f"reg = <{new}", source, count=1)


def chosen(properties):
    return plus(f"/ {{ chosen {{ {properties} }}; }};")


# ---- trees that boot -----------------------------------------------------------------------------

START, END = 0x40000000, 0x48000000
ALL = (START, END - START)

# name: an edit, what of RAM is not free beside image, tree and initrd, and lines that are printed
TREES = {
    "ragged end": (ram((START, 0x7f4b000)), (), ()),
    "ragged start": (ram((START + 0x3000, 0x7ff4000)), (), ()),
    "ends inside pages": (ram((START + 0x123, 0x7abcdef)), (), ()),
    "many ranges in one node": (ram(*((START + i * 0x400000, 0x300000) for i in range(14)), (0x43800000, 0x1000000)),
                                (), ()),
    "ranges without bytes": (ram((START, 0), ALL, (0x50000000, 0)), (), ()),
    "ranges that overlap": (ram((START, 0x5000000), (0x42000000, 0x6000000)), (), ()),
    "ranges that descend": (ram((0x44000000, 0x4000000), (START, 0x4000000)), (), ()),
    "a disabled memory node": (plus('/ { memory@60000000 { device_type = "memory"; status = "disabled";'
                                    " reg = <0 0x60000000 0 0x4000000>; }; };"), (), ()),
    "RAM above 39 bits": (ram(ALL, (1 << 39, 1 << 24)), (),
                          ("16384 KiB from 0x8000000000 on stay unused: beyond what",)),
    "RAM above 48 bits": (ram(ALL, (1 << 48, 1 << 24)), (), ("from 0x1000000000000 on stay unused",)),
    "RAM where devices are": (ram(ALL, (0x8000000, 0x200000), (0x9000000, 0x200000)),
                              ((0x8000000, 0x8200000), (0x9000000, 0x9200000)),
                              ("2048 KiB from 0x8000000 on stay unused: devices lie in it",
                               "2048 KiB from 0x9000000 on stay unused: devices lie in it")),
    "reserved devices": (both(ram(ALL, (0x8000000, 0x200000), (0x9000000, 0x200000)),
                              reserve((0x8000000, 0x1200000, ""))),
                         ((0x8000000, 0x8200000), (0x9000000, 0x9200000)), ()),
    "RAM that nobody may read": (both(ram((START, 0x9000000)), reserve((END, 0x1000000, "no-map;"))),
                                 ((END, 0x49000000),), ()),
    "no-map inside blocks": (reserve((0x45000800, 0x1000, "no-map;"), (0x45f00000, 0x400000, "no-map;")),
                             ((0x45000000, 0x45002000), (0x45f00000, 0x46300000)), ()),
    "reservations that overlap": (reserve((0x42000000, 0x200000, ""), (0x42100000, 0x200000, ""),
                                          (0x42000000, 0x1000000, "")), ((0x42000000, 0x43000000),), ()),
    "a reservation with a size only": (plus(RESERVED + 'a { compatible = "shared-dma-pool"; size = <0 0x1000000>;'
                                            " alignment = <0 0x200000>; reusable; }; }; };"), (), ()),
    "reservations in cells 1/1": (plus("/ { reserved-memory { #address-cells = <1>; #size-cells = <1>; ranges;"
                                       " a { reg = <0x42000000 0x100000>; }; }; };"), ((0x42000000, 0x42100000),), ()),
    "reservations in cells 2/1": (plus("/ { reserved-memory { #address-cells = <2>; #size-cells = <1>; ranges;"
                                       " a { reg = <0 0x42000000 0x100000>; }; }; };"),
                                  ((0x42000000, 0x42100000),), ()),
    "a reservation of the tree": (reserve((0x44000000, 0x1000, "")), (), ()),
    "a reservation of the image": (reserve((0x43a00000, 0x100000, "")), ((0x43a00000, 0x43b00000),), ()),
    "a reservation without bytes": (reserve((0x42000000, 0, "")), (), ()),
    "a reservation across a hole": (both(ram((START, 0x4400000), (0x45000000, 0x3000000)),
                                         reserve((0x44300000, 0x1000000, ""))), ((0x44300000, 0x45300000),), ()),
    "a reserved block that wraps": (lambda text: text.replace(
        "/dts-v1/;", "/dts-v1/;\n/memreserve/ 0xfffffffffffff000 0x2000;"), (), ()),
    "no stdout-path": (chosen("/delete-property/ stdout-path;"), (), ()),
    "aliases to nowhere": (plus('/ { aliases { serial0 = "/nowhere"; }; chosen { stdout-path = "serial0:9600"; }; };'),
                           (), ()),
    "an initrd outside of RAM": (chosen("linux,initrd-start = <0x90000000>; linux,initrd-end = <0x90100000>;"), (), ()),
    "an initrd with ragged ends": (chosen("linux,initrd-start = <0 0x42000003>; linux,initrd-end = <0 0x42010005>;"),
                                   (), ()),
    "an initrd over the image": (chosen("linux,initrd-start = <0x43a10000>; linux,initrd-end = <0x43af0000>;"), (), ()),
    "no cpus": (plus("/ { /delete-node/ cpus; };"), (), ("1 of 0 cores",)),
    "no PSCI": (plus("/ { /delete-node/ psci; };"), (), ("1 of 4 cores.*PSCI by nobody",)),
    "a disabled core": (plus('/ { cpus { cpu@3 { status = "disabled"; }; }; };'), (), ("3 of 3 cores",)),
    "a serial port without registers": (lambda text: text.replace("pl011@9000000 {", """pl011@8fff000 {
        compatible = "arm,pl011"; reg = <0 0x8fff000 0 0>; }; pl011@9000000 {"""), (), ()),
    "a disabled serial port": (lambda text: text.replace("pl011@9000000 {", """pl011@8fff000 {
        status = "disabled"; compatible = "arm,pl011"; reg = <0 0x8fff000 0 0x1000>; }; pl011@9000000 {"""), (), ()),
}

# name: an edit, and the one line that is printed
REFUSED = {
    "no memory but empty ranges": (ram((START, 0)), "names no memory"),
    "memory that wraps": (ram(ALL, (0xfffffffffff00000, 0x200000)), "has a memory range that wraps"),
    "a reservation that wraps": (reserve((0xfffffffffffff000, 0x2000, "")), "has a memory range that wraps"),
    "half a memory range": (lambda text: re.sub(r"(memory@40000000 \{\s*reg = )<[^>]*>", r"\1<0 0x40000000 0>", text),
                            "has a memory node whose reg cannot be read"),
    "a hundred memory ranges": (ram((0x43800000, 0x1000000), *((START + i * 0x40000, 0x20000) for i in range(100))),
                                "names more memory ranges"),
    "reservations without ranges": (plus("/ { reserved-memory { #address-cells = <2>; #size-cells = <2>;"
                                         " a { reg = <0 0x42000000 0 0x1000>; }; }; };"),
                                    "has a memory range that wraps around or lies behind an unknown bus"),
    "everything reserved": (reserve((*ALL, "")), "leaves no memory for the page table"),
    "an initrd that ends first": (chosen("linux,initrd-start = <0x42000000>; linux,initrd-end = <0x41000000>;"),
                                  "has an initrd that ends before it starts"),
    "a serial port without bytes": (device_at(0x9000000, "0 0x9000000 0 0"), "names no PL011"),
    "a serial port in the image": (device_at(0x9000000, "0 0x43a00000 0 0x1000"), "has devices where this kernel lies"),
    "a serial port too far away": (device_at(0x9000000, "0x100 0 0 0x1000"), "has devices beyond what"),
    "a GIC without bytes": (device_at(0x8000000, "0 0x8000000 0 0"), "names no GICv2"),
}


def boots(name, images):
    edit, taken, lines = TREES[name]
    outcome = boot_by_loader(images, PLAIN, make_tree(images, PLAIN, TESTS, source_edit=edit))
    verdicts.passes(outcome)
    verdicts.free_is_ram_without(outcome, *taken)
    for line in lines:
        verdicts.says(outcome, line)
    if not any("unused" in line for line in lines):
        verdicts.demand(not any("unused" in line for line in outcome.lines if name != "reserved devices"),
                        "something is unused", outcome)


def refuses(name, images):
    edit, sentence = REFUSED[name]
    outcome = boot_by_loader(images, PLAIN, make_tree(images, PLAIN, TESTS, source_edit=edit))
    verdicts.ends(outcome, 2, f"^heapalloc-kernel: the device tree at 0x44000000 {sentence}")
    verdicts.is_one_line(outcome)


# ---- machines ------------------------------------------------------------------------------------

def far_node(images):
    """Two nodes, five gigabytes apart: each has a table of its own size, and the tests use up both."""
    machine = dataclasses.replace(PLAIN, memory="6G")
    tree = make_tree(images, machine, "test=all ram=320M",
                     source_edit=ram((START, 0x10000000), (0x180000000, 0x4000000)))
    outcome = boot_by_loader(images, machine, tree)
    verdicts.passes(outcome)
    verdicts.free_is_ram_without(outcome)
    verdicts.demand(verdicts.memory_map(outcome, "free")[-1][1] == 0x184000000, "the far node is not there", outcome)


def far_nodes(images):
    """Five distant nodes: a span each; the one too small for that is reported."""
    machine = dataclasses.replace(PLAIN, memory="6G")
    tree = make_tree(images, machine, TESTS, source_edit=ram(
        ALL, (0x60000000, 0x100000), (0xc0000000, 0x20000), (0x100000000, 0x3000), (0x180000000, 0x2000000)))
    outcome = boot_by_loader(images, machine, tree)
    verdicts.passes(outcome)
    verdicts.free_is_ram_without(outcome)
    unused = [line for line in outcome.lines if "unused" in line]
    verdicts.demand(len(unused) == 1 and "12 KiB from 0x100000000 on stay unused: too small" in unused[0],
                    "one range stays unused", outcome)


def ram_at_zero(images):
    """A machine whose RAM begins at address 0, also where other machines have their serial port."""
    words = [QEMU, "-M", "xlnx-versal-virt", "-m", "2G", "-smp", "4", "-nodefaults", "-display", "none",
             "-monitor", "none", "-serial", "stdio", "-semihosting", "-kernel",
             os.path.join(images.folder, "heap.img"), "-append", "test=all ram=2G"]
    outcome = execute(words, timeout=300)
    outcome.lines = [line for line in outcome.lines if not line.startswith("qemu-system")]
    verdicts.passes(outcome)
    verdicts.demand(verdicts.memory_map(outcome, "ram") == [(0, 2 << 30)], "RAM from 0 on wanted", outcome)


def least_ram_and_initrd(images):
    """8 MiB, of which an initrd with an odd size takes some."""
    for size in (100001, 1500000):
        initrd = images.scratch("initrd")
        with open(initrd, "wb") as file:
            file.write(os.urandom(size))
        machine = Machine(cpu="max", gic=3, cores=8, memory="8M", extra=("-initrd", initrd))
        outcome = boot(images, machine, f"test=all {machine.promises()}")
        verdicts.passes(outcome)
        verdicts.demand(len(verdicts.memory_map(outcome, "initrd")) == 1, "no initrd", outcome)
        verdicts.free_is_ram_without(outcome)


def loses_nothing_silently(images):
    """A range too small for the heap is reported: 12 KiB between two holes."""
    outcome = boot(images, PLAIN, "test=boot hole=0x45000000+4K hole=0x45004000+4K")
    verdicts.passes(outcome)
    verdicts.says(outcome, "^heapalloc-kernel: 12 KiB from 0x45001000 on stay unused")


def misdescribed_gic(images):
    """A GICv3 that the tree calls a gic-400."""
    machine = dataclasses.replace(PLAIN, gic=3)
    tree = make_tree(images, machine, f"test=all {machine.promises()}",
                     source_edit=lambda text: text.replace('"arm,gic-v3"', '"arm,gic-400"'))
    outcome = boot_by_loader(images, machine, tree)
    verdicts.passes(outcome)
    verdicts.says(outcome, "says GICv2, the cores say GICv3")


def says_so_before_it_starts(images):
    """A line is printed before the interrupt controller and the cores are started."""
    edit = plus('/ { cpus { cpu@7 { device_type = "cpu"; reg = <7>; }; }; };')
    outcome = boot_by_loader(images, PLAIN, make_tree(images, PLAIN, "test=boot", source_edit=edit))
    verdicts.ends(outcome, 3, "^heapalloc-kernel: starts GICv2 and 5 cores", "was refused by the firmware")


def odd_machines():
    for check in (far_node, far_nodes, ram_at_zero, least_ram_and_initrd, loses_nothing_silently, misdescribed_gic,
                  says_so_before_it_starts):
        yield check.__name__.replace("_", " "), check
    for name in TREES:
        yield "tree: " + name, functools.partial(boots, name)
    for name in REFUSED:
        yield "tree is refused: " + name, functools.partial(refuses, name)
