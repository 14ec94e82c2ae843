/* Memory that the program locked goes back like any other once it is free: a locked page does not keep others resident,
 * and freed memory is no longer locked. Also with kernels that have no advice for locked pages, simulated by a system
 * call filter. */
/* SPDX-License-Identifier: MIT */
#include "team.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

enum { BLOCKS = 100, BLOCK_BYTES = 1 << 20, PAGE_BYTES = 4096, DECAY_MS = 700 };

#ifndef MADV_COLD
#define MADV_COLD 20
#endif
#define DONTNEED_LOCKED 24

static unsigned char *blocks[BLOCKS];

/* The limit may be small: then there is nothing to test. */
static int lock_page(unsigned char *block) {
    if (mlock((void *)(((uintptr_t)block + 300000) & ~(uintptr_t)(PAGE_BYTES - 1)), PAGE_BYTES) == 0) return 1;
    printf("skipped: mlock is not allowed here\n");
    return 0;
}

static void take_all(size_t bytes) {
    for (unsigned i = 0; i < BLOCKS; i++) {
        blocks[i] = malloc(bytes);
        expect(blocks[i] != NULL);
        memset(blocks[i], 0xa5, bytes);
    }
}

static void free_all(void) {
    for (unsigned i = 0; i < BLOCKS; i++) free(blocks[i]);
}

static void let_decay(void) {
    for (unsigned i = 0; i < 4; i++) {
        sleep_ms(DECAY_MS);
        for (unsigned k = 0; k < 40; k++) free(malloc(100 + k * 300));
    }
}

static void expect_zeroes(size_t bytes) {
    for (unsigned i = 0; i < BLOCKS; i++) {
        unsigned char *block = calloc(1, bytes);
        expect(block != NULL);
        for (size_t k = 0; k < bytes; k++) {
            expect_at(i, k, 0);
            expect(block[k] == 0);
        }
        blocks[i] = block;
    }
}

static void with_locked_pages(unsigned every) {
    size_t before = resident_bytes(), areas;
    take_all(BLOCK_BYTES);
    areas = mappings();
    for (unsigned i = 0; i < BLOCKS; i += every)
        if (!lock_page(blocks[i])) return;
    free_all();
    let_decay();
    size_t after = resident_bytes(), locked = kernel_bytes("/proc/self/status", "VmLck:");
    printf("resident %zu KiB more, locked %zu KiB\n", (after - before) >> 10, locked >> 10);
    expect_at(after, before, 0);
    expect(after <= before + (4u << 20));
    expect_at(locked, mappings(), 0);
    expect(locked == 0 && mappings() <= areas);
    expect_zeroes(BLOCK_BYTES);
}

CASE(one_locked_page_keeps_no_other) {
    with_locked_pages(BLOCKS);
}

CASE(locked_page_in_each_block_is_unlocked) {
    with_locked_pages(1);
}

CASE(trim_takes_locked_pages_at_once) {
    size_t before = resident_bytes();
    take_all(BLOCK_BYTES);
    if (!lock_page(blocks[BLOCKS / 2])) return;
    free_all();
    malloc_trim(0);
    expect_at(resident_bytes(), before, 0);
    expect(resident_bytes() <= before + (4u << 20));
    expect_zeroes(BLOCK_BYTES);
}

static void everything_locked(size_t bytes) {
    size_t before = resident_bytes();
    take_all(bytes);
    if (mlockall(MCL_CURRENT) != 0) {
        printf("skipped: mlockall is not allowed here\n");
        return;
    }
    size_t areas = mappings(), peak = resident_bytes();
    free_all();
    let_decay();
    size_t after = resident_bytes();
    printf("resident %zu KiB, at the peak %zu, mappings %zu\n", after >> 10, peak >> 10, mappings());
    /* libc's mappings are wholly resident now: of the heap a tenth may stay, and 8 MiB. */
    expect_at(after, peak, 0);
    expect(after <= before + (peak - before) / 10 + (8u << 20));
    expect_at(mappings(), areas, 0);
    expect(mappings() <= areas + 4);
    expect_zeroes(bytes);
}

CASE(large_blocks_go_back_after_mlockall) {
    everything_locked(BLOCK_BYTES);
}

CASE(medium_blocks_go_back_after_mlockall) {
    everything_locked(200000);
}

/* A kernel before 5.4: neither advice exists. */
static void forget_advice(void) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 0, 4),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, DONTNEED_LOCKED, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MADV_COLD, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof code[0], code};
    expect(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

/* Only the units around locked pages stay, still locked, and are never taken for zero. */
CASE(older_kernels_give_back_all_around_a_locked_page) {
    size_t before = resident_bytes();
    forget_advice();
    take_all(BLOCK_BYTES);
    for (unsigned i = 0; i < BLOCKS; i += 25)
        if (!lock_page(blocks[i])) return;
    free_all();
    let_decay();
    expect_at(resident_bytes(), before, 0);
    expect(resident_bytes() <= before + (4u << 20));
    expect_zeroes(BLOCK_BYTES);
}

CASE(older_kernels_survive_mlockall) {
    forget_advice();
    take_all(200000);
    if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0) {
        printf("skipped: mlockall is not allowed here\n");
        return;
    }
    free_all();
    let_decay();
    malloc_trim(0);
    expect_zeroes(200000);
}

int main(int argc, char **argv) {
    return run_case(argc, argv);
}
