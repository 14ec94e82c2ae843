/* The scripted world: port.h over plain memory, with failures, counts and time controlled by the test. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The test's settings. Change them before the first allocation, or whenever no call is under way. */
struct fake_script {
    size_t page_bytes; /* the result of port_page_bytes; not below the machine's own */
    bool has_home;     /* port_home has a place */
    bool can_purge;
    bool can_collapse;
    bool collapse_is_slow; /* as in a guest whose host provides memory at the first touch */
    bool populate_fails;
    char *refused;           /* a purge that reaches this page purges what lies before it, and fails; NULL: none does */
    uint32_t fail_purge;     /* the n-th purge purges the front half of its pages, and fails; 0: none does */
    uint32_t fail_purge_run; /* so many in a row */
    bool can_move;
    bool is_sparse;       /* no page counts as resident */
    bool move_unmaps;     /* each move leaves its source, or where it fails its target, unmapped */
    uint32_t fail_change; /* the n-th call that unmaps, moves or extends fails, 1 being the next; 0: none does */
    uint32_t fail_at;     /* the n-th request for memory fails, 1 being the next one; 0: none does */
    uint32_t fail_run;    /* so many in a row */
    uint32_t fail_each;   /* every n-th request fails; 0: none does */
    size_t memory_max;    /* sum of what is mapped and committed; 0: no limit */
    size_t space_max;     /* sum of what is mapped and reserved; 0: no limit */
    uint64_t now_ms;
    uint64_t random;
};
extern struct fake_script fake;

/* What happened. */
struct fake_counts {
    uint32_t requests; /* for memory or address space, of any kind */
    uint32_t failures; /* of those, refused */
    uint32_t homes;    /* calls of port_home */
    uint32_t purges;
    uint32_t purge_calls; /* whether they worked or not */
    size_t purged_bytes;
    uint32_t refusals; /* of purges */
    uint32_t moves;
    uint32_t unmaps;
    uint32_t changes; /* calls that unmap, move or extend */
    uint32_t waits;
    uint32_t wakes;
    uint32_t pauses;
    uint32_t collapses; /* to huge pages */
    uint32_t collapses_failed;
    uint32_t prefaults; /* by huge pages */
    uint32_t prefaults_failed;
    uint32_t populates;
    uint32_t forks; /* how often the core announced that forks may come */
    size_t memory;  /* mapped and committed now */
    size_t space;   /* mapped and reserved now */
};
extern struct fake_counts fake_counts;

static inline uint32_t fake_failures(void) {
    return __atomic_load_n(&fake_counts.failures, __ATOMIC_RELAXED);
}

/* If set, called at each request for memory, and at each purge, so that a test can do something just then. */
extern void (*fake_at_request)(void);
extern void (*fake_at_purge)(void);
extern void (*fake_at_collapse)(char *at);
extern void (*fake_at_prefault)(char *at);

/* expect_stop() runs a statement and checks that it stopped the program with these words. */
struct fake_catch {
    jmp_buf back;
    char text[320];
};
extern _Thread_local struct fake_catch *fake_catch;

bool fake_stopped(const struct fake_catch *catch, const char *words);

#define expect_stop(words, statement)           \
    do {                                        \
        struct fake_catch catch = {.text = ""}; \
        fake_catch = &catch;                    \
        if (!setjmp(catch.back)) {              \
            statement;                          \
        }                                       \
        fake_catch = NULL;                      \
        CHECK(fake_stopped(&catch, words));     \
    } while (0)
