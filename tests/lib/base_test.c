/* Words, texts, messages, locks. */
/* SPDX-License-Identifier: MIT */
#include "base/check.h"
#include "base/lock.h"
#include "base/text.h"
#include "test.h"
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

TEST(words_are_rounded_and_measured) {
    CHECK(is_power_of_two(1) && is_power_of_two((size_t)1 << 63) && !is_power_of_two(0) && !is_power_of_two(12));
    CHECK_EQ(round_up(1, 16), 16);
    CHECK_EQ(round_up(16, 16), 16);
    CHECK_EQ(round_down(31, 16), 16);
    for (uint32_t bit = 0; bit < 32; bit++) {
        CHECK_EQ(bit_high(1u << bit | 1), bit);
        CHECK_EQ(bit_low(UINT32_MAX << bit), bit);
    }
    CHECK_EQ(min_size(3, 4), 3);
    CHECK_EQ(max_size(3, 4), 4);
}

static struct text text_of(const char *string) {
    struct text text = {0};
    text_add(&text, string);
    return text;
}

static bool text_is(const struct text *text, const char *expected) {
    return text->length == strlen(expected) && memcmp(text->chars, expected, text->length) == 0;
}

TEST(text_holds_numbers_and_addresses) {
    struct text text = text_of("n=");
    text_add_number(&text, 0);
    text_add(&text, " ");
    text_add_number(&text, UINT64_MAX);
    text_add(&text, " ");
    text_add_address(&text, (void *)(uintptr_t)0xdeadbeef12345678);
    CHECK(text_is(&text, "n=0 18446744073709551615 0xdeadbeef12345678"));
}

TEST(text_that_does_not_fit_is_cut) {
    struct text text = {0};
    for (int i = 0; i < 100; i++) text_add(&text, "1234567");
    CHECK_EQ(text.length, TEXT_BYTES);
    text_add_number(&text, 123);
    text_add_address(&text, &text);
    CHECK_EQ(text.length, TEXT_BYTES);
}

TEST(messages_are_whole_sentences) {
    void *p = (void *)0x1000;
    expect_stop("free(): 0x1000 is not ours\n", check_misuse("free", p, "is not ours"));
    expect_stop("realloc(): 0x1010 is in the middle of a block of 64 bytes at 0x1000\n",
                check_interior("realloc", (char *)p + 16, p, 64));
    expect_stop("internal check failed: x > 0 at file.c:12\n", check_failed("x > 0", "file.c", 12));
}

TEST(message_too_long_still_ends_its_line) {
    static char sentence[500];
    memset(sentence, 'a', sizeof(sentence) - 1);
    struct fake_catch catch = {.text = ""};
    fake_catch = &catch;
    if (!setjmp(catch.back)) check_misuse("free", NULL, sentence);
    fake_catch = NULL;
    CHECK_EQ(strlen(catch.text), TEXT_BYTES);
    CHECK_EQ(catch.text[TEXT_BYTES - 1], '\n');
}

static struct lock lock = {LOCK_FREE, RANK_UNITS};
static uint64_t guarded;
enum { THREADS = 4, ROUNDS = 30000 };

static void *count_up(void *thread) {
    for (int i = 0; i < ROUNDS; i++) {
        if (i % 7 == 0 && lock_try(&lock)) {
            guarded++;
            lock_give(&lock);
            continue;
        }
        CHECK(lock_take(&lock));
        guarded++;
        if (i % 1000 == 0) usleep(100); /* so that others fall asleep */
        lock_give(&lock);
    }
    return thread;
}

static void start(pthread_t *threads, void *(*body)(void *)) {
    for (int i = 0; i < THREADS; i++) CHECK_EQ(pthread_create(&threads[i], NULL, body, NULL), 0);
}

static void finish(pthread_t *threads) {
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
}

TEST(one_thread_at_a_time_holds_a_lock) {
    pthread_t threads[THREADS];
    start(threads, count_up);
    finish(threads);
    CHECK_EQ(guarded, (uint64_t)THREADS * ROUNDS);
    CHECK_EQ(lock.word, LOCK_FREE);
    CHECK(fake_counts.waits > 0);
}

TEST(taken_lock_is_not_taken_again) {
    CHECK(lock_take(&lock));
    CHECK(!lock_try(&lock));
    CHECK(!lock_take_soon(&lock));
    CHECK_EQ(fake_counts.waits, 0);
    lock_give(&lock);
    CHECK(lock_take_soon(&lock));
    lock_give(&lock);
}

TEST(frozen_lock_fails_instead_of_waiting) {
    lock_freeze(&lock);
    CHECK(!lock_try(&lock) && !lock_take(&lock) && !lock_take_soon(&lock));
    CHECK_EQ(fake_counts.waits, 0);
    lock_thaw(&lock);
    CHECK(lock_take(&lock));
    lock_give(&lock);
}

static uint32_t refused;

/* Counts up, or finds the lock frozen. No thread waits forever. */
static void *count_up_or_go(void *thread) {
    for (int i = 0; i < ROUNDS / 5; i++) {
        if (!lock_take(&lock)) {
            __atomic_add_fetch(&refused, 1, __ATOMIC_RELAXED);
            usleep(50);
            continue;
        }
        guarded++;
        if (i % 100 == 0) usleep(200);
        lock_give(&lock);
    }
    return thread;
}

TEST(freezing_wakes_those_who_sleep) {
    pthread_t threads[THREADS];
    start(threads, count_up_or_go);
    for (int i = 0; i < 200; i++) {
        lock_freeze(&lock);
        uint64_t seen = guarded;
        usleep(300);
        CHECK_EQ(guarded, seen); /* nobody is inside */
        lock_thaw(&lock);
        usleep(100);
    }
    finish(threads);
    CHECK_EQ(guarded + refused, (uint64_t)THREADS * (ROUNDS / 5));
    CHECK(refused > 0);
}

static void *freeze_and_thaw(void *thread) {
    for (int i = 0; i < 500; i++) {
        lock_freeze(&lock);
        guarded++;
        lock_thaw(&lock);
    }
    return thread;
}

TEST(two_forks_take_turns) {
    pthread_t threads[THREADS];
    start(threads, freeze_and_thaw);
    finish(threads);
    CHECK_EQ(guarded, (uint64_t)THREADS * 500);
    CHECK_EQ(lock.word, LOCK_FREE);
}

TEST(lock_order_is_checked_in_debug_builds) {
    struct lock outer = {LOCK_FREE, RANK_EXITED}, inner = {LOCK_FREE, RANK_GATE};
    CHECK(lock_take(&outer));
    CHECK(lock_take(&inner));
    lock_give(&inner);
    lock_give(&outer);
    if (!config_debug) return;
    CHECK(lock_take(&inner));
    expect_stop("internal check failed", lock_take(&outer));
    expect_stop("internal check failed", lock_take(&inner));
}
