/* A program with a sanitizer that uses an arena: its blocks must lie where the kernel places mappings, not in shadow
 * memory. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <heapalloc/heapalloc.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>

static uintptr_t region(const void *p) {
    return (uintptr_t)p >> 40;
}

int main(void) {
    struct heapalloc_arena *arena = heapalloc_arena_create(NULL);
    void *usual = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (size_t size = 1; size < 4u << 20; size = size * 3 / 2 + 1) {
        char *block = arena ? heapalloc_arena_alloc(arena, size) : NULL;
        if (!block || region(usual) - region(block) > 1) {
            printf("%p where the kernel puts %p\n", (void *)block, usual);
            return 1;
        }
        block[0] = block[size - 1] = 1;
    }
    heapalloc_arena_destroy(arena);
    return 0;
}
