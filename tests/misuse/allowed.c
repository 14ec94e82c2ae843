/* Correct programs that must not be taken for misuse. */
/* SPDX-License-Identifier: MIT */
#include "misuse.h"
#include "oracle.h"
#include <malloc.h>

/* A live block with the words of a freed one, as after reading stale memory: it must be freed normally. */
MISUSE(allowed, live_block_bears_the_words_of_a_freed_one, 16, LARGE_MAX, EACH_VIA | EACH_PLACE) {
    char *live = take(size), *stale = take(size), *wall = take(size);
    char words[16];
    oracle_hold(wall, size);
    give(stale, size);
    say_clean();
    stale_access_begins();
    memcpy(words, stale, 16);
    stale_access_ends();
    memcpy(live, words, 16);
    give(live, size);
    oracle_load(size);
}

/* The same for all 16 bytes at every place of a block, and for many blocks. */
MISUSE(allowed, many_live_blocks_bear_such_words, 16, SMALL_MAX, EACH_VIA | EACH_PLACE) {
    enum { MANY = 40 };
    char *live[MANY], *stale = take(size), words[16];
    for (unsigned i = 0; i < MANY; i++) live[i] = take(size);
    free(stale);
    memcpy(words, stale, 16);
    for (unsigned i = 0; i < MANY; i++)
        for (size_t k = 0; k + 16 <= size; k += 16) memcpy(live[i] + k, words, 16);
    say_clean();
    for (unsigned i = 0; i < MANY; i++) give(live[i], size);
    oracle_load(size);
}

/* The requested size of a block is not known to the byte. */
MISUSE(allowed, given_with_the_size_it_has, 16, LARGE_MAX, EACH_VIA | EACH_PLACE | IN_FAST) {
    say_clean();
    for (unsigned i = 0; i < 10; i++) {
        char *wall = take(size);
        char *shrunk = realloc(take(size), size - size / 3);
        give(shrunk, size - size / 3);
        give(wall, malloc_usable_size(wall));
    }
    oracle_load(size);
}

MISUSE(allowed, aligned_block_given_plainly, 16, LARGE_MAX, EACH_VIA | EACH_PLACE | IN_FAST) {
    say_clean();
    for (size_t alignment = 16; alignment <= 1 << 20; alignment *= 4) {
        char *wall = take(size), *aligned = memalign(alignment, size);
        give(aligned, malloc_usable_size(aligned));
        free(wall);
    }
    oracle_load(size);
}

MISUSE(allowed, null_is_given, 0, 0, EACH_VIA | EACH_PLACE | IN_FAST) {
    say_clean();
    give(NULL, 0);
    give(NULL, 100);
    oracle_load(64);
}

/* Allocated, freed and allocated again at the same address, thousands of times. */
MISUSE(allowed, same_address_again_and_again, 16, LARGE_MAX, EACH_VIA | EACH_PLACE | IN_FAST) {
    say_clean();
    for (unsigned i = 0; i < 30; i++) give(take(size), size);
    oracle_load(size);
}
