/* Overflows and underflows, counted by kinds: how many are caught, defused, silent, or do harm.
 *
 * A child of this process lays a row of blocks, live or every second one free, writes past the end (or before the
 * start) of what one of them was asked for, then frees all and takes as many again. A short row has the first blocks of
 * their size in the process, a long one mostly later ones.
 *
 *   caught    the program was ended: by a sentence, or by a fault at the write
 *   defused   it went on, and no live block had changed
 *   silent    it went on, with a live block changed
 *   harm      two live blocks overlap
 *
 *   overflow [LONG LONG_FREE SHORT SHORT_CAUGHT]   fails on harm, and where a lower per cent is caught or defused: of
 *   all in long rows, of those next to free blocks there, of all in short rows; or caught in short rows */
/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROW = 24, SHORT_ROW = 4, CAUGHT = 0, DEFUSED, SILENT, HARM, OUTCOMES };
enum direction { OVER, UNDER };
enum neighbour { LIVE, FREE };
enum row { LONG, SHORT, ROWS };

struct kind {
    enum row row;
    enum direction direction;
    enum neighbour neighbour;
    size_t length;
    int value; /* -1: bytes that count, as of a text that was copied */
};

static const size_t sizes[] = {24,   32,   40,   56,   64,   100,  128,  200,  256,   500,   512,  1000,
                               1024, 1500, 2048, 3000, 4000, 4096, 5000, 8192, 12000, 16384, 20000};
static const size_t lengths[] = {1, 8, 16, 64};
static const int values[] = {0, 0x41, 0xff, -1};
static const char *const outcome_names[] = {"caught", "defused", "silent", "harm"};

static unsigned char *row[ROW];
static size_t row_size, row_length;

static unsigned char pattern(size_t block, size_t at) {
    return (unsigned char)(0x5a + block * 31 + at * 7);
}

static void fill(size_t block) {
    for (size_t i = 0; i < row_size; i++) row[block][i] = pattern(block, i);
}

static int has_changed(size_t block) {
    for (size_t i = 0; i < row_size; i++)
        if (row[block][i] != pattern(block, i)) return 1;
    return 0;
}

static int overlaps(size_t block) {
    for (size_t i = 0; i < block; i++)
        if (row[i] < row[block] + row_size && row[block] < row[i] + row_size) return 1;
    return 0;
}

static void take(size_t block) {
    row[block] = malloc(row_size);
    __asm__ volatile("" : "+r"(row[block]) : : "memory");
    if (!row[block]) _exit(90);
    if (overlaps(block)) _exit(HARM);
    fill(block);
}

static void release(size_t block) {
    free(row[block]);
    row[block] = NULL;
}

/* The block of the row with another right next to it, on the side that is written to; the middle one if there is none.
 * */
static size_t find_culprit(const struct kind *kind) {
    size_t best = row_length / 2, gap = SIZE_MAX;
    for (size_t i = 2; i < row_length - 1; i += 2)
        for (size_t j = 0; j < row_length; j++) {
            const unsigned char *low = kind->direction == OVER ? row[i] : row[j];
            const unsigned char *high = kind->direction == OVER ? row[j] : row[i];
            if (j % 2 == 0 || high <= low || (size_t)(high - low) >= gap) continue;
            gap = (size_t)(high - low);
            best = i;
        }
    return best;
}

static void overwrite(unsigned char *p, const struct kind *kind) {
    volatile unsigned char *at = kind->direction == OVER ? p + row_size : p - kind->length;
    for (size_t i = 0; i < kind->length; i++) at[i] = (unsigned char)(kind->value >= 0 ? kind->value : (int)i + 1);
}

/* In the child. Never returns. */
static void play(const struct kind *kind) {
    int changed = 0;
    for (size_t i = 0; i < row_length; i++) take(i);
    size_t culprit = find_culprit(kind);
    unsigned char *p = row[culprit];
    for (size_t i = 1; kind->neighbour == FREE && i < row_length; i += 2) release(i);
    overwrite(p, kind);
    for (size_t i = 0; i < row_length; i++)
        if (row[i]) changed |= has_changed(i);
    release(culprit);
    for (size_t i = 0; i < row_length; i++)
        if (row[i]) release(i);
    for (size_t i = 0; i < row_length; i++) take(i);
    for (size_t i = 0; i < row_length; i++)
        if (has_changed(i)) _exit(HARM);
    _exit(changed ? SILENT : DEFUSED);
}

static int outcome_of(const struct kind *kind, size_t size) {
    int status;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        row_size = size;
        row_length = kind->row == LONG ? ROW : SHORT_ROW;
        if (!freopen("/dev/null", "w", stderr)) _exit(91);
        alarm(20);
        play(kind);
    }
    if (child < 0 || waitpid(child, &status, 0) != child) exit(2);
    if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGABRT || WTERMSIG(status) == SIGSEGV)) return CAUGHT;
    if (WIFEXITED(status) && WEXITSTATUS(status) > CAUGHT && WEXITSTATUS(status) < OUTCOMES) return WEXITSTATUS(status);
    printf("a child ended with status 0x%x\n", (unsigned)status);
    exit(2);
}

/* Run all sizes and values of a kind, and add to `sums`. */
static void count_kind(struct kind kind, unsigned sums[OUTCOMES]) {
    unsigned counts[OUTCOMES] = {0};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
        for (size_t v = 0; v < sizeof values / sizeof values[0]; v++) {
            kind.value = values[v];
            int outcome = outcome_of(&kind, sizes[s]);
            counts[outcome]++;
            if (getenv("OVERFLOW_TELL") && outcome == SILENT)
                printf("  silent: size %zu value %d\n", sizes[s], values[v]);
        }
    printf("%s row, %s by %2zu, neighbour %s:", kind.row == LONG ? " long" : "short",
           kind.direction == OVER ? " over" : "under", kind.length, kind.neighbour == LIVE ? "live" : "free");
    for (int o = 0; o < OUTCOMES; o++) {
        printf("  %3u %s", counts[o], outcome_names[o]);
        sums[o] += counts[o];
    }
    printf("\n");
}

static unsigned well_per_cent(const unsigned sums[OUTCOMES]) {
    unsigned well = sums[CAUGHT] + sums[DEFUSED];
    return 100 * well / (well + sums[SILENT] + sums[HARM]);
}

static void count_row(enum row row, unsigned all[OUTCOMES], unsigned next_to_free[OUTCOMES]) {
    unsigned sums[2][OUTCOMES] = {{0}};
    for (int neighbour = LIVE; neighbour <= FREE; neighbour++)
        for (int direction = OVER; direction <= UNDER; direction++)
            for (size_t l = 0; l < sizeof lengths / sizeof lengths[0]; l++)
                count_kind((struct kind){row, direction, neighbour, lengths[l], 0}, sums[neighbour]);
    for (int o = 0; o < OUTCOMES; o++) {
        next_to_free[o] = sums[FREE][o];
        all[o] = sums[LIVE][o] + sums[FREE][o];
    }
    printf("all %s: %u caught, %u defused, %u silent, %u harm: %u %% caught or defused, %u %% with free neighbours\n",
           row == LONG ? "long" : "short", all[CAUGHT], all[DEFUSED], all[SILENT], all[HARM], well_per_cent(all),
           well_per_cent(next_to_free));
}

int main(int argc, char **argv) {
    unsigned all[ROWS][OUTCOMES], next_to_free[ROWS][OUTCOMES], least[4], sum = 0;
    for (int row = LONG; row < ROWS; row++) count_row((enum row)row, all[row], next_to_free[row]);
    if (argc < 5) return 0;
    for (int i = 0; i < 4; i++) least[i] = (unsigned)strtoul(argv[i + 1], NULL, 10);
    for (int o = 0; o < OUTCOMES; o++) sum += all[SHORT][o];
    return all[LONG][HARM] > 0 || all[SHORT][HARM] > 0 || well_per_cent(all[LONG]) < least[0] ||
           well_per_cent(next_to_free[LONG]) < least[1] || well_per_cent(all[SHORT]) < least[2] ||
           100 * all[SHORT][CAUGHT] / sum < least[3];
}
