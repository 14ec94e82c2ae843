/* Misuse: pointers that no allocator ever returned. */
/* SPDX-License-Identifier: MIT */
#include "misuse.h"
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>

enum { PRETENDED_SIZE = 100 };

static char in_bss[4096] __attribute__((aligned(64)));
static char in_data[4096] __attribute__((aligned(64))) = {1};
static const char in_rodata[4096] __attribute__((aligned(64))) = {1};
static __thread char in_tls[256] __attribute__((aligned(64)));

static void free_foreign(void *pointer, unsigned sentences) {
    free(take(PRETENDED_SIZE)); /* the allocator is up and has memory */
    say_caught(pointer, sentences);
    misuse(pointer, PRETENDED_SIZE);
    not_caught();
}

static void free_number(uint64_t number) {
    free_foreign((void *)(uintptr_t)number, NOT_OURS);
}

#define FOREIGN(name) MISUSE(foreign, name, 0, 0, EACH_VIA | EACH_PLACE | IN_FAST)

FOREIGN(bss) {
    free_foreign(in_bss + 64, NOT_OURS);
}

FOREIGN(data) {
    free_foreign(in_data + 64, NOT_OURS);
}

FOREIGN(rodata) {
    free_foreign((void *)(uintptr_t)(in_rodata + 64), NOT_OURS);
}

FOREIGN(text) {
    free_foreign((void *)(uintptr_t)free_foreign, NOT_OURS);
}

FOREIGN(text_of_the_allocator) {
    free_foreign((void *)(uintptr_t)malloc, NOT_OURS);
}

FOREIGN(thread_local_variable) {
    free_foreign(in_tls + 64, NOT_OURS | ON_A_STACK);
}

static void free_own_stack(void *unused) {
    char here[256] __attribute__((aligned(64)));
    char *pointer = here + 64;
    (void)unused;
    __asm__ volatile("" : "+r"(pointer) : : "memory");
    say_caught(pointer, ON_A_STACK);
    /* Already in the required thread: misuse() would start another one. */
    free(pointer);
    not_caught();
}

MISUSE(foreign, own_stack, 0, 0, EACH_PLACE | IN_FAST) {
    in_asked_thread(free_own_stack, NULL);
}

/* With `cross` the stack of one thread is freed by another; either sentence is correct. */
FOREIGN(stack_of_whoever_calls_main) {
    char here[256] __attribute__((aligned(64)));
    memset(here, 1, sizeof here);
    free_foreign(here + 64, ON_A_STACK | NOT_OURS);
}

FOREIGN(environment) {
    free_foreign(environ[0], ON_A_STACK | NOT_OURS);
}

static pthread_barrier_t stack_known, forever;

static void *lend_stack(void *slot) {
    char here[256] __attribute__((aligned(64)));
    memset(here, 1, sizeof here);
    *(char **)slot = here + 64;
    pthread_barrier_wait(&stack_known);
    pthread_barrier_wait(&forever);
    return NULL;
}

FOREIGN(stack_of_another_thread) {
    pthread_t thread;
    char *lent = NULL;
    pthread_barrier_init(&stack_known, NULL, 2);
    pthread_barrier_init(&forever, NULL, 2);
    if (pthread_create(&thread, NULL, lend_stack, &lent) != 0) _exit(95);
    pthread_barrier_wait(&stack_known);
    free_foreign(lent, ON_A_STACK | NOT_OURS);
}

static char *map(size_t count, int protection) {
    char *start = mmap(NULL, count, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start == MAP_FAILED) _exit(95);
    return start;
}

FOREIGN(mapping) {
    free_foreign(map(65536, PROT_READ | PROT_WRITE), NOT_OURS);
}

FOREIGN(inside_a_mapping) {
    free_foreign(map(65536, PROT_READ | PROT_WRITE) + 4096 + 16, NOT_OURS);
}

FOREIGN(unreadable_mapping) {
    free_foreign(map(65536, PROT_NONE) + 16, NOT_OURS);
}

FOREIGN(unmapped) {
    char *start = map(1 << 20, PROT_READ | PROT_WRITE);
    munmap(start, 1 << 20);
    free_foreign(start + 65536, NOT_OURS);
}

FOREIGN(program_break) {
    /* musl's sbrk() moves nothing, so the kernel is asked. */
    char *start = (char *)syscall(SYS_brk, 0);
    if ((char *)syscall(SYS_brk, start + 65536) != start + 65536) _exit(95);
    free_foreign((char *)(((uintptr_t)start + 63) & ~(uintptr_t)63), NOT_OURS);
}

FOREIGN(one) {
    free_number(1);
}

FOREIGN(eight) {
    free_number(8);
}

FOREIGN(sixteen) {
    free_number(16);
}

FOREIGN(last_byte_of_page_zero) {
    free_number(4095);
}

FOREIGN(one_page) {
    free_number(4096);
}

FOREIGN(dead_beef) {
    free_number(0xdeadbeef);
}

FOREIGN(all_ones) {
    free_number(UINT64_MAX);
}

FOREIGN(last_aligned) {
    free_number(UINT64_MAX - 15);
}

FOREIGN(not_canonical) {
    free_number(0x8000000000000000);
}

FOREIGN(just_not_canonical) {
    free_number(0x0000800000000010);
}

FOREIGN(ascii) {
    free_number(0x4141414141414140);
}

/* Allocators find their metadata by masking: each mask must lead to a boundary that is not theirs. */
static void free_at_boundary(size_t boundary, size_t past) {
    char *start = map(2 * boundary + 65536, PROT_NONE);
    char *aligned = (char *)(((uintptr_t)start + boundary - 1) & ~(uintptr_t)(boundary - 1));
    if (mprotect(aligned, 65536, PROT_READ | PROT_WRITE) != 0) _exit(95);
    free_foreign(aligned + past, NOT_OURS);
}

#define BOUNDARY(name, bytes)          \
    FOREIGN(at_##name) {               \
        free_at_boundary(bytes, 0);    \
    }                                  \
    FOREIGN(past_##name) {             \
        free_at_boundary(bytes, 16);   \
    }                                  \
    FOREIGN(kib_past_##name) {         \
        free_at_boundary(bytes, 1024); \
    }

BOUNDARY(4_kib, (size_t)4 << 10)
BOUNDARY(16_kib, (size_t)16 << 10)
BOUNDARY(64_kib, (size_t)64 << 10)
BOUNDARY(2_mib, (size_t)2 << 20)
BOUNDARY(4_mib, (size_t)4 << 20)
BOUNDARY(32_mib, (size_t)32 << 20)
BOUNDARY(256_mib, (size_t)256 << 20)
BOUNDARY(1_gib, (size_t)1 << 30)
