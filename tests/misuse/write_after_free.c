/* Misuse: writes through stale pointers, and past the end into a freed neighbour. */
/* SPDX-License-Identifier: MIT */
#include "misuse.h"
#include "oracle.h"
#include <malloc.h>
#include <stdint.h>

enum { BLOCKS = 24 };

static char *blocks[BLOCKS];
static size_t usable_bytes[BLOCKS]; /* of each while it was live: those between red zones have other numbers */
static char decoy[8192] __attribute__((aligned(4096)));

static size_t block_count(size_t size) {
    return size > 4 << 20 ? 6 : BLOCKS;
}

static void give_every_second(void *size_given) {
    size_t size = *(size_t *)size_given;
    for (size_t i = 1; i < block_count(size); i += 2) give(blocks[i], size);
}

/* Half of the blocks stay live and are watched; the other half is freed, in the requested thread and way. */
static void prepare(size_t size) {
    for (size_t i = 0; i < block_count(size); i++) {
        blocks[i] = take(size);
        usable_bytes[i] = malloc_usable_size(blocks[i]);
    }
    for (size_t i = 0; i < block_count(size); i += 2) oracle_hold(blocks[i], size);
    oracle_forbid(decoy, sizeof decoy);
    give_every_second(&size);
}

/* Writes to the first, a middle and the last freed block, to what each had of bytes and not beyond. */
static void write_to_freed(size_t size, void (*write)(char *, size_t, char *)) {
    size_t last = block_count(size) - 1, middle = (last / 2) | 1;
    stale_access_begins();
    write(blocks[1], usable_bytes[1], blocks[2]);
    write(blocks[middle], usable_bytes[middle], blocks[0]);
    write(blocks[last], usable_bytes[last], blocks[last - 1]);
    stale_access_ends();
}

static void load_and_give_the_rest(size_t size) {
    oracle_load(size);
    for (size_t i = 0; i < block_count(size); i += 2) {
        oracle_drop(blocks[i]);
        give(blocks[i], size);
    }
    oracle_load(size);
}

static void written_after_free(size_t size, void (*write)(char *, size_t, char *)) {
    prepare(size);
    say_harmless();
    write_to_freed(size, write);
    load_and_give_the_rest(size);
}

/* Writing a zero to a freed block that is all zero changes nothing. */
static int changes(void (*write)(char *, size_t, char *), const char *block, size_t usable) {
    static char copy[SMALL_MAX];
    memcpy(copy, block, usable);
    write(copy, usable, blocks[2]);
    return memcmp(copy, block, usable) != 0;
}

/* If freed blocks are quarantined, these push them out. */
static void push_out(void *size) {
    for (unsigned i = 0; i < 600; i++) free(take((size_t)(uintptr_t)size));
}

/* A small block whose link or key was written to: the promise is to end the program when it would be handed out. The
 * last one is in a slab, the first may lie between red zones. */
static void link_written_after_free(size_t size, void (*write)(char *, size_t, char *)) {
    prepare(size);
    size_t last = block_count(size) - 1;
    if (usable_bytes[last] <= SMALL_MAX && changes(write, blocks[last], usable_bytes[last]))
        say_caught_late();
    else
        say_harmless();
    write_to_freed(size, write);
    load_and_give_the_rest(size);
    in_asked_thread(push_out, (void *)(uintptr_t)size);
}

/* ------------------------------------------------------------ the words of a freed block */

static uint64_t word_at(const char *bytes) {
    uint64_t word;
    memcpy(&word, bytes, 8);
    return word;
}

static void set_word(char *bytes, uint64_t word) {
    memcpy(bytes, &word, 8);
}

#define WRITE(name) static void name(char *bytes, size_t count, char *other)
#define UNUSED (void)count, (void)other

WRITE(flip_16) {
    UNUSED;
    bytes[0] ^= 0x10;
}
WRITE(flip_64) {
    UNUSED;
    bytes[0] ^= 0x40;
}
WRITE(flip_second) {
    UNUSED;
    bytes[1] ^= 0x05;
}
WRITE(increment) {
    UNUSED;
    set_word(bytes, word_at(bytes) + 1);
}
WRITE(decrement) {
    UNUSED;
    set_word(bytes, word_at(bytes) - 1);
}
WRITE(add_one_block) {
    (void)other;
    set_word(bytes, word_at(bytes) + count);
}
WRITE(flip_one_block) {
    (void)other;
    set_word(bytes, word_at(bytes) ^ count);
}
WRITE(zero_link) {
    UNUSED;
    set_word(bytes, 0);
}
WRITE(ones_link) {
    UNUSED;
    set_word(bytes, UINT64_MAX);
}
WRITE(decoy_link) {
    UNUSED;
    set_word(bytes, (uintptr_t)decoy + 64);
}
WRITE(victim_link) {
    (void)count;
    set_word(bytes, (uintptr_t)other);
}
WRITE(self_link) {
    UNUSED;
    set_word(bytes, (uintptr_t)bytes);
}
WRITE(junk_key) {
    UNUSED;
    set_word(bytes + 8, 0x4141414141414141);
}
WRITE(zero_key) {
    UNUSED;
    set_word(bytes + 8, 0);
}
WRITE(increment_key) {
    UNUSED;
    set_word(bytes + 8, word_at(bytes + 8) + 1);
}

WRITE(victim_both) {
    (void)count;
    set_word(bytes, (uintptr_t)other);
    set_word(bytes + 8, (uintptr_t)decoy + 64);
}

WRITE(junk_all) {
    (void)other;
    memset(bytes, 0x41, count);
}

WRITE(zero_all) {
    (void)other;
    memset(bytes, 0, count);
}

WRITE(pointers_all) {
    for (size_t i = 0; i + 8 <= count; i += 8) set_word(bytes + i, i % 16 ? (uintptr_t)other : (uintptr_t)decoy + 64);
}

#define LINK_CASE(name, write)                                                  \
    MISUSE(write_after_free_link, name, 16, LARGE_MAX, EACH_VIA | EACH_PLACE) { \
        link_written_after_free(size, write);                                   \
    }
#define WORD_CASE(name, write)                                             \
    MISUSE(write_after_free, name, 16, LARGE_MAX, EACH_VIA | EACH_PLACE) { \
        written_after_free(size, write);                                   \
    }

LINK_CASE(link_flipped_by_16, flip_16)
LINK_CASE(link_flipped_by_64, flip_64)
LINK_CASE(link_second_byte_flipped, flip_second)
LINK_CASE(link_incremented, increment)
LINK_CASE(link_decremented, decrement)
LINK_CASE(link_zeroed, zero_link)
LINK_CASE(link_all_ones, ones_link)
LINK_CASE(link_to_decoy, decoy_link)
LINK_CASE(link_to_victim, victim_link)
LINK_CASE(link_to_itself, self_link)
LINK_CASE(link_and_key_to_victim, victim_both)
LINK_CASE(all_junk, junk_all)
LINK_CASE(all_zero, zero_all)
LINK_CASE(all_pointers, pointers_all)
/* These may decode to another freed block, which changes the list without harm. */
WORD_CASE(link_moved_by_one_block, add_one_block)
WORD_CASE(link_flipped_by_one_block, flip_one_block)
WORD_CASE(key_junk, junk_key)
WORD_CASE(key_zeroed, zero_key)
WORD_CASE(key_incremented, increment_key)

/* ------------------------------------------------------------ one byte at each place */

#define BYTE_CASE(place)                                                     \
    WRITE(write_byte_##place) {                                              \
        UNUSED;                                                              \
        bytes[place] ^= 0x41;                                                \
    }                                                                        \
    MISUSE(write_after_free_byte, byte_##place, 16, LARGE_MAX, EACH_PLACE) { \
        written_after_free(size, write_byte_##place);                        \
    }

BYTE_CASE(0)
BYTE_CASE(1)
BYTE_CASE(2)
BYTE_CASE(3)
BYTE_CASE(4)
BYTE_CASE(5)
BYTE_CASE(6)
BYTE_CASE(7)
BYTE_CASE(8)
BYTE_CASE(9)
BYTE_CASE(10)
BYTE_CASE(11)
BYTE_CASE(12)
BYTE_CASE(13)
BYTE_CASE(14)
BYTE_CASE(15)

/* ------------------------------------------------------------ words copied from elsewhere */

/* Both words are genuine, in the wrong place: the list has a loop or a gap. */
MISUSE(write_after_free, words_of_another_freed_block, 16, LARGE_MAX, EACH_VIA | EACH_PLACE) {
    char words[16];
    prepare(size);
    say_harmless();
    stale_access_begins();
    memcpy(words, blocks[5], 16);
    memcpy(blocks[1], words, 16);
    memcpy(words, blocks[1], 16);
    memcpy(blocks[3], words, 16);
    stale_access_ends();
    load_and_give_the_rest(size);
}

/* Freed, written to, freed again: both at once. */
MISUSE(write_after_free, written_to_and_freed_again, 16, LARGE_MAX, EACH_VIA | EACH_PLACE) {
    prepare(size);
    say_harmless();
    write_to_freed(size, victim_both);
    misuse(blocks[1], size);
    misuse(blocks[3], size);
    load_and_give_the_rest(size);
}

/* ------------------------------------------------------------ overflow and underflow into freed
 * neighbours */

/* True when a freed block begins where `end` is, or ends there. */
static int touches_freed(const char *end, size_t size, int upwards) {
    for (size_t i = 1; i < block_count(size); i += 2)
        if (blocks[i] + (upwards ? 0 : usable_bytes[i]) == end) return 1;
    return 0;
}

/* Only if the neighbour is one of the freed blocks is the result a matter for the allocator. */
static void overflow(size_t size, size_t length, int upwards) {
    prepare(size);
    say_harmless();
    stale_access_begins();
    for (size_t i = 0; i < block_count(size); i += 2) {
        char *end = blocks[i] + (upwards ? usable_bytes[i] : 0);
        if (touches_freed(end, size, upwards)) memset(upwards ? end : end - length, 0x41, length);
    }
    stale_access_ends();
    load_and_give_the_rest(size);
}

MISUSE(write_after_free, overflow_by_1_into_freed, 16, LARGE_MAX, EACH_VIA | EACH_PLACE) {
    overflow(size, 1, 1);
}

MISUSE(write_after_free, overflow_by_16_into_freed, 16, LARGE_MAX, EACH_VIA | EACH_PLACE) {
    overflow(size, 16, 1);
}

MISUSE(write_after_free, underflow_by_16_into_freed, 16, LARGE_MAX, EACH_VIA | EACH_PLACE) {
    overflow(size, 16, 0);
}
