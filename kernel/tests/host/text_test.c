/* format.c against the C library's snprintf, number.c and options.c against tables. */
/* SPDX-License-Identifier: MIT */
#include "cmocka_all.h"
#include "format.h"
#include "number.h"
#include "options.h"
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* ---- format ---------------------------------------------------------------------------------- */

#define assert_formats(...)                                                  \
    do {                                                                     \
        char wanted[200], got[200];                                          \
        int length = snprintf(wanted, sizeof wanted, __VA_ARGS__);           \
        assert_int_equal(format_text(got, sizeof got, __VA_ARGS__), length); \
        assert_string_equal(got, wanted);                                    \
    } while (0)

static void text_is_formatted_as_by_the_c_library(void **state) {
    (void)state;
    void *pointer = state;

    assert_formats("plain, 100%% of it");
    assert_formats("%s|%10s|%-10s|", "abc", "abc", "abc");
    assert_formats("%c%3c|%-3c|", 'x', 'y', 'z');
    assert_formats("%p", pointer);
    assert_formats("%2s|%-2s|", "longer", "longer");
}

static void numbers_are_formatted_as_by_the_c_library(void **state) {
    (void)state;
    static const int64_t numbers[] = {0, 1, -1, 9, 10, 255, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN};

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        long number = numbers[i];
        assert_formats("%d %i %u %x", (int)number, (int)number, (unsigned)number, (unsigned)number);
        assert_formats("%ld %lu %lx %zu", number, (unsigned long)number, (unsigned long)number, (size_t)number);
        assert_formats("%8d|%-8d|%08d|", (int)number, (int)number, (int)number);
        assert_formats("%20ld|%-20ld|%020ld|%016lx|", number, number, number, (unsigned long)number);
        assert_formats("%llu %3lld", (unsigned long long)number, (long long)number);
    }
}

static void text_is_cut_at_the_buffers_end(void **state) {
    (void)state;
    for (size_t bytes = 0; bytes < 12; bytes++) {
        char wanted[16], got[16];
        memset(wanted, '#', sizeof wanted);
        memset(got, '#', sizeof got);
        assert_int_equal(format_text(got, bytes, "%s", "12345678"), 8);
        if (bytes > 0) snprintf(wanted, bytes, "%s", "12345678");
        assert_string_equal(bytes > 0 ? got : "", bytes > 0 ? wanted : "");
        assert_int_equal(got[bytes > 9 ? 9 : bytes], '#'); /* nothing behind the end */
    }
}

/* ---- numbers --------------------------------------------------------------------------------- */

static void numbers_are_read_as_typed(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool good;
        uint64_t value;
        const char *rest;
    } cases[] = {
        {"0", true, 0, ""},
        {"42 x", true, 42, " x"},
        {"0x1F", true, 31, ""},
        {"0xg", true, 0, "xg"},
        {"64K", true, 65536, ""},
        {"0x10M", true, 16 << 20, ""},
        {"6G,", true, (uint64_t)6 << 30, ","},
        {"18446744073709551615", true, UINT64_MAX, ""},
        {"18446744073709551616", false, 7, NULL},
        {"0x10000000000000000", false, 7, NULL},
        {"17179869184G", false, 7, NULL},
        {"17179869183G", true, (uint64_t)17179869183 << 30, ""},
        {"", false, 7, NULL},
        {"K", false, 7, NULL},
        {"-1", false, 7, NULL},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *cursor = cases[i].text;
        uint64_t value = 7;
        assert_int_equal(number_take(&cursor, &value), cases[i].good);
        assert_true(value == cases[i].value);
        assert_string_equal(cursor, cases[i].good ? cases[i].rest : cases[i].text);
    }
}

/* ---- options --------------------------------------------------------------------------------- */

static struct options parsed(const char *bootargs) {
    struct options options;

    options_parse(&options, bootargs);
    return options;
}

static void modes_are_told_apart(void **state) {
    (void)state;
    assert_int_equal(parsed("").mode, MODE_SHELL);
    assert_int_equal(parsed("repl").mode, MODE_SHELL);
    assert_int_equal(parsed("seed=3 wcet").mode, MODE_WCET);
    assert_int_equal(parsed("test=all").mode, MODE_TEST);
    assert_string_equal(parsed("  test=core,gic.m   seed=9").test, "core,gic.m");
    assert_string_equal(parsed("replay").unknown, "replay");
    assert_string_equal(parsed("test=").unknown, "test=");
}

static void values_are_read_or_named(void **state) {
    (void)state;
    struct options options = parsed("seed=0x10 iters=5 hz=2K ram=6G cores=8 el=2 gic=3 patience=9"
                                    " beyond=1G callers=1K");

    assert_true(options.seed == 16 && options.iters == 5 && options.hz == 2048);
    assert_true(options.ram == (uint64_t)6 << 30 && options.cores == 8 && options.el == 2);
    assert_true(options.gic == 3 && options.patience == 9 && options.beyond == 1 << 30 && options.callers == 1024);
    assert_string_equal(options.unknown, "");
    assert_string_equal(parsed("seed=1x hz=3").unknown, "seed=1x");
    assert_int_equal(parsed("seed=1x hz=3").hz, 3);
    assert_string_equal(parsed("root=/dev/sda console=tty").unknown, "root=/dev/sda");
    assert_int_equal(parsed("").seed, 1);
}

static void holes_are_collected(void **state) {
    (void)state;
    struct options options = parsed("hole=0x41000000+64K hole=1G+1M");

    assert_int_equal(options.holes.count, 2);
    assert_true(options.holes.at[0].start == 0x41000000 && options.holes.at[0].end == 0x41010000);
    assert_true(options.holes.at[1].end == 0x40100000);
    assert_string_equal(parsed("hole=1G").unknown, "hole=1G");
    assert_string_equal(parsed("hole=0xffffffffffffffff+2").unknown, "hole=0xffffffffffffffff+2");
}

static void long_words_are_cut(void **state) {
    (void)state;
    char words[600];

    memset(words, 'w', sizeof words);
    memcpy(words, "test=", 5);
    words[sizeof words - 1] = '\0';
    assert_int_equal(strlen(parsed(words).test), OPTION_TEXT_MAX - 1);
    words[0] = 'b';
    assert_int_equal(strlen(parsed(words).unknown), OPTION_TEXT_MAX - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_formatted_as_by_the_c_library),
        cmocka_unit_test(numbers_are_formatted_as_by_the_c_library),
        cmocka_unit_test(text_is_cut_at_the_buffers_end),
        cmocka_unit_test(numbers_are_read_as_typed),
        cmocka_unit_test(modes_are_told_apart),
        cmocka_unit_test(values_are_read_or_named),
        cmocka_unit_test(holes_are_collected),
        cmocka_unit_test(long_words_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
