#!/usr/bin/env python3
"""Lets the loader's data end with a page of 64 KiB: whole_pages.py FILE.

qemu-user maps the loader in pages of 4 KiB whatever size it reports. The loader's own first allocator takes what
follows its data up to the end of a reported page, as a kernel with such pages would have mapped it; in the emulator
system calls and vector loads fail there. So the last segment's size in memory is rounded up.
"""
# SPDX-License-Identifier: MIT
import struct
import sys

PAGE_BYTES = 65536
LOAD, WRITABLE = 1, 2
# Offsets in the headers of a 64-bit file.
TABLE, ENTRY_BYTES, ADDRESS, MEMORY_BYTES = 32, 54, 16, 40


def main():
    with open(sys.argv[1], "r+b") as file:
        data = bytearray(file.read())
        table, = struct.unpack_from("<Q", data, TABLE)
        entry_bytes, entries = struct.unpack_from("<HH", data, ENTRY_BYTES)
        for entry in range(table, table + entries * entry_bytes, entry_bytes):
            kind, flags = struct.unpack_from("<II", data, entry)
            if kind != LOAD or not flags & WRITABLE:
                continue
            address, = struct.unpack_from("<Q", data, entry + ADDRESS)
            memory_bytes, = struct.unpack_from("<Q", data, entry + MEMORY_BYTES)
            end = -(-(address + memory_bytes) // PAGE_BYTES) * PAGE_BYTES
            struct.pack_into("<Q", data, entry + MEMORY_BYTES, end - address)
        file.seek(0)
        file.write(data)


main()
