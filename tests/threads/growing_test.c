/* Large blocks that grow in turn, on the real kernel: what it counts stays small, and a limit is used up. */
/* SPDX-License-Identifier: MIT */
#include "team.h"
#include <sys/mman.h>
#include <sys/resource.h>

enum { MIB = 1 << 20, KIB = 1 << 10, PAGE_BYTES = 4096, BLOCKS = 60 };

struct vector {
    char *at;
    size_t bytes;
};

static size_t faults(void) {
    struct rusage usage;
    expect(getrusage(RUSAGE_SELF, &usage) == 0);
    return (size_t)usage.ru_minflt;
}

/* Make a vector longer and touch each `stride`th byte of what is new, or free it when it is long enough. */
static void append(struct vector *vector, size_t bytes, size_t most, size_t stride) {
    if (vector->bytes > most) {
        free(vector->at);
        *vector = (struct vector){0};
    }
    char *longer = realloc(vector->at, vector->bytes + bytes);
    expect(longer != NULL);
    expect(!vector->at || longer[0] == 1);
    for (size_t i = vector->bytes; i < vector->bytes + bytes; i += stride) longer[i] = 1;
    longer[0] = 1;
    *vector = (struct vector){longer, vector->bytes + bytes};
}

static void append_in_turn(size_t most, size_t stride, int steps) {
    static struct vector vectors[BLOCKS];
    uint64_t random = 3;
    for (int i = 0; i < steps; i++)
        append(&vectors[next_random(&random) % BLOCKS], 100 * KIB + next_random(&random) % (800 * KIB),
               MIB + next_random(&random) % most, stride);
}

/* Each page of 1.5 GiB that is appended would be a fault if copying gave memory back. Nothing is purged by age here. */
CASE(dense_blocks_use_touched_memory_again) {
    size_t before = mappings(), most = 0, faulted = faults();
    for (int i = 0; i < 15; i++) {
        append_in_turn(7 * MIB, PAGE_BYTES, 200);
        if (mappings() > most) most = mappings();
    }
    faulted = faults() - faulted;
    printf("%zu faults, %zu mappings more\n", faulted, most - before);
    expect_at(faulted, 0, 0);
    expect(faulted <= (size_t)400 * MIB / PAGE_BYTES);
    expect_at(most, before, 0);
    expect(most <= before + 64 + 1);
}

/* Moved blocks are mappings of their own. */
CASE(sparse_blocks_stay_within_some_mappings) {
    size_t before = mappings(), most = 0, resident = resident_bytes();
    for (int i = 0; i < 30; i++) {
        append_in_turn(40 * MIB, 64 * KIB, 200);
        if (mappings() > most) most = mappings();
    }
    size_t more = resident_bytes() - resident;
    printf("%zu mappings more, %zu MiB resident\n", most - before, more / MIB);
    expect_at(most, before, 0);
    expect(most <= before + 64 + 1);
    expect_at(more, 0, 0);
    expect(more <= (size_t)420 * MIB);
}

/* Two untouched vectors grow by a quarter until one is refused. What remains then is less than that growth, but for the
 * heap's tables and a little. */
CASE(vectors_under_a_limit_grow_until_it_is_reached) {
    enum { LIMIT_MIB = 4096 };
    struct rlimit limit = {(rlim_t)LIMIT_MIB * MIB, (rlim_t)LIMIT_MIB * MIB};
    expect(setrlimit(RLIMIT_AS, &limit) == 0);
    struct vector vectors[2] = {{malloc(MIB), MIB}, {malloc(MIB), MIB}};
    size_t next = 0;
    for (int i = 0;; i = !i) {
        next = vectors[i].bytes + vectors[i].bytes / 4;
        char *longer = realloc(vectors[i].at, next);
        if (!longer) break;
        vectors[i] = (struct vector){longer, next};
    }
    size_t reached = vectors[0].bytes + vectors[1].bytes;
    printf("%zu MiB of %d reached\n", reached / MIB, LIMIT_MIB);
    expect_at(reached, next, 0);
    expect(reached + next / 5 >= (size_t)(LIMIT_MIB - LIMIT_MIB / 32) * MIB);
}

int main(int argc, char **argv) {
    return run_case(argc, argv);
}
