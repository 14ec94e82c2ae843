/* Misuse: a block is freed twice, in every order and by every thread that could. */
/* SPDX-License-Identifier: MIT */
#include "misuse.h"
#include "oracle.h"
#include <malloc.h>
#include <signal.h>
#include <sys/wait.h>

static void take_into(void *slot) {
    char **block = slot;
    *block = take((size_t)(uintptr_t)*block);
}

/* A block that was allocated by a thread that has ended. */
static char *take_in_other_thread(size_t size) {
    char *block = (char *)(uintptr_t)size;
    in_other_thread(take_into, &block);
    return block;
}

static void free_it(void *block) {
    free(block);
}

static void free_again(char *block, size_t size) {
    say_caught(block, ALREADY_FREE);
    misuse(block, size);
    not_caught();
}

MISUSE(double_free, freed_twice, 0, LARGE_MAX, EACH_VIA | EACH_PLACE | IN_FAST) {
    char *block = take(size);
    free(block);
    free_again(block, size);
}

/* Neighbours keep the slab in use. */
MISUSE(double_free, freed_twice_among_live, 0, LARGE_MAX, EACH_VIA | EACH_PLACE) {
    char *before = take(size), *block = take(size), *after = take(size);
    memset(before, 1, size);
    memset(after, 1, size);
    free(block);
    free_again(block, size);
}

MISUSE(double_free, first_freed_by_other_thread, 0, LARGE_MAX, EACH_VIA | EACH_PLACE) {
    char *before = take(size), *block = take(size), *after = take(size);
    in_other_thread(free_it, block);
    free_again(block, size);
    free(before);
    free(after);
}

MISUSE(double_free, owner_is_gone, 0, LARGE_MAX, EACH_VIA | EACH_PLACE) {
    char *before = take_in_other_thread(size), *block = take_in_other_thread(size);
    free(block);
    free_again(block, size);
    free(before);
}

static void take_and_free_second(void *slots) {
    char **block = slots;
    size_t size = (size_t)(uintptr_t)block[0];
    block[0] = take(size);
    block[1] = take(size);
    block[2] = take(size);
    free(block[1]);
}

MISUSE(double_free, owner_freed_it_and_is_gone, 0, LARGE_MAX, EACH_VIA | EACH_PLACE) {
    char *block[3] = {(char *)(uintptr_t)size};
    in_other_thread(take_and_free_second, block);
    free_again(block[1], size);
}

/* Grows behind walls until it has to move. */
MISUSE(double_free, moved_by_realloc, 16, LARGE_MAX, EACH_VIA | EACH_PLACE) {
    char *old = take(size), *now = old;
    for (size_t grown = size; now == old; grown *= 2) {
        take(size);
        now = realloc(now, grown * 2 + 1000);
        __asm__ volatile("" : "+r"(now));
    }
    /* A large block may have become part of another range since: then any sentence is correct. */
    say_caught(old, size <= SMALL_MAX ? ALREADY_FREE : CAUGHT_SOMEHOW);
    misuse(old, size);
    not_caught();
}

/* The child does it; the parent ends as the child ended. */
static void end_like(pid_t child) {
    int status = 0;
    if (waitpid(child, &status, 0) != child || !WIFSIGNALED(status)) _exit(97);
    signal(SIGABRT, SIG_DFL);
    kill(getpid(), WTERMSIG(status));
    _exit(97);
}

MISUSE(double_free, freed_before_fork_and_in_child, 0, LARGE_MAX, EACH_VIA | EACH_PLACE) {
    char *before = take(size), *block = take(size);
    free(block);
    pid_t child = fork();
    if (child == 0) free_again(block, size);
    end_like(child);
    free(before);
}

MISUSE(double_free, freed_twice_in_child, 0, LARGE_MAX, EACH_VIA | EACH_PLACE) {
    char *other = take_in_other_thread(size), *block = take_in_other_thread(size);
    pid_t child = fork();
    if (child == 0) {
        free(block);
        free_again(block, size);
    }
    end_like(child);
    free(other);
}

/* Much happens in between, but nothing of this size. Above SMALL_MAX the memory serves other sizes meanwhile. */
MISUSE(double_free, freed_again_later, 16, LARGE_MAX, EACH_VIA | EACH_PLACE) {
    static char *others[400];
    char *before = take(size), *block = take(size), *after = take(size);
    free(block);
    for (unsigned round = 0; round < 5; round++) {
        for (unsigned i = 0; i < 400; i++) others[i] = take(size <= SMALL_MAX / 2 ? size * 2 + 40 : 700);
        for (unsigned i = 0; i < 400; i++) free(others[i]);
    }
    say_caught(block, size <= SMALL_MAX ? ALREADY_FREE : CAUGHT_SOMEHOW);
    misuse(block, size);
    free(before);
    free(after);
    not_caught();
}

/* The block must not be another's already. */
static void taken_again(size_t size, int count) {
    char *before = take(size), *block = take(size), *after = take(size);
    free(block);
    for (int i = 0; i < count; i++)
        if (take(size) == block) not_caught();
    free_again(block, size);
    free(before);
    free(after);
}

MISUSE(free_after_reuse, one_was_allocated, 1, LARGE_MAX, EACH_VIA | EACH_PLACE) {
    taken_again(size, 1);
}

MISUSE(free_after_reuse, seven_were_allocated, 1, 4096, EACH_VIA | EACH_PLACE) {
    taken_again(size, 7);
}

MISUSE(double_free, freed_again_after_trim, 0, LARGE_MAX, EACH_VIA | EACH_PLACE) {
    char *block = take(size);
    free(block);
    malloc_trim(0);
    free_again(block, size);
}

MISUSE(double_free, interleaved, 0, LARGE_MAX, EACH_VIA | EACH_PLACE) {
    char *a = take(size), *b = take(size), *wall = take(size);
    free(a);
    free(b);
    free_again(a, size);
    free(wall);
}

static void free_100(size_t size, unsigned again) {
    static char *blocks[100];
    unsigned count = size > 1 << 20 ? 8 : 100;
    char *wall = NULL;
    for (unsigned i = 0; i < count; i++) {
        blocks[i] = take(size);
        if (i == count / 2) wall = take(size);
    }
    for (unsigned i = 0; i < count; i++) free(blocks[i]);
    char *block = blocks[again * (count - 1) / 2];
    say_caught(block, size <= SMALL_MAX ? ALREADY_FREE : ALREADY_FREE | IN_THE_MIDDLE);
    misuse(block, size);
    not_caught();
    free(wall);
}

MISUSE(double_free, first_of_many, 0, LARGE_MAX, EACH_VIA | EACH_PLACE) {
    free_100(size, 0);
}

MISUSE(double_free, middle_of_many, 0, LARGE_MAX, EACH_VIA | EACH_PLACE) {
    free_100(size, 1);
}

MISUSE(double_free, last_of_many, 0, LARGE_MAX, EACH_VIA | EACH_PLACE) {
    free_100(size, 2);
}

MISUSE(double_free, aligned_block, 16, LARGE_MAX, EACH_VIA | EACH_PLACE) {
    char *before = memalign(4096, size), *block = memalign(4096, size), *wall = take(size);
    free(block);
    free_again(block, size);
    free(before);
    free(wall);
}

/* ------------------------------------------------------------ with the contents overwritten first: no harm */

static void wipe(char *bytes, size_t count, int value) {
    stale_access_begins();
    memset(bytes, value, count);
    stale_access_ends();
}

/* A wrong count of used blocks would free the live neighbours. */
static void free_wiped_again(size_t size, unsigned times, int value) {
    char *before = take(size), *block = take(size), *after = take(size);
    oracle_hold(before, size);
    oracle_hold(after, size);
    size_t usable = malloc_usable_size(block);
    say_harmless();
    give(block, size);
    for (unsigned i = 0; i < times; i++) {
        wipe(block, usable, value);
        misuse(block, size);
    }
    oracle_load(size);
    oracle_load(size);
}

MISUSE(double_free_wiped, zeroed_and_freed_again, 16, LARGE_MAX, EACH_VIA | EACH_PLACE) {
    free_wiped_again(size, 1, 0);
}

MISUSE(double_free_wiped, junked_and_freed_again, 16, LARGE_MAX, EACH_VIA | EACH_PLACE) {
    free_wiped_again(size, 1, 0x5b);
}

MISUSE(double_free_wiped, zeroed_and_freed_twice_again, 16, LARGE_MAX, EACH_VIA | EACH_PLACE) {
    free_wiped_again(size, 2, 0);
}

/* Often enough for any count of the blocks in use to run out. */
MISUSE(double_free_wiped, zeroed_and_freed_2000_times_again, 16, SMALL_MAX, EACH_VIA | EACH_PLACE) {
    free_wiped_again(size, 2000, 0);
}

/* First freed by another thread, then by its owner, overwritten in between. */
MISUSE(double_free_wiped, zeroed_after_foreign_free, 16, LARGE_MAX, EACH_VIA | EACH_PLACE) {
    char *before = take(size), *block = take(size), *after = take(size);
    oracle_hold(before, size);
    oracle_hold(after, size);
    size_t usable = malloc_usable_size(block);
    say_harmless();
    in_other_thread(free_it, block);
    wipe(block, usable, 0);
    misuse(block, size);
    wipe(block, usable, 0);
    in_other_thread(free_it, block);
    oracle_load(size);
}
