/* The ELF note by which readers find the heap map without symbols, also in core files. */
/* SPDX-License-Identifier: MIT */

/* Name size, descriptor size, type HEAPALLOC_MAP_NOTE, name; the descriptor is the distance from itself to the map. */
__asm__(".pushsection .note.heapalloc,\"a\",%note\n"
        ".balign 4\n"
        ".long 10, 8, 1\n"
        ".asciz \"heapalloc\"\n"
        ".balign 4\n"
        "1: .quad heapalloc_map_here - 1b\n"
        ".popsection\n");
