"""Reads from a shared library's ELF headers what loading it costs every thread: its thread-local bytes."""
# SPDX-License-Identifier: MIT
import struct

PT_TLS = 7


def tls_bytes(path):
    """The size of the library's thread-local segment, 0 when it has none; 64-bit little-endian ELF only."""
    with open(path, "rb") as file:
        head = file.read(64)
        if head[:6] != b"\x7fELF\x02\x01":
            raise ValueError(f"{path} is not a 64-bit little-endian ELF file")
        offset, = struct.unpack_from("<Q", head, 32)
        entry_bytes, count = struct.unpack_from("<HH", head, 54)
        file.seek(offset)
        table = file.read(entry_bytes * count)
    for i in range(count):
        kind, = struct.unpack_from("<I", table, i * entry_bytes)
        if kind == PT_TLS:
            return struct.unpack_from("<Q", table, i * entry_bytes + 40)[0]
    return 0
