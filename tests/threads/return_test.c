/* Memory goes back: after a peak of 300 MiB is freed, the decay time and a few more allocations,
 * what is resident is within 10 % of what is live, and 4 MiB. */
/* SPDX-License-Identifier: MIT */
#include "team.h"
#include <malloc.h>
#include <sys/mman.h>

enum { PEAK_BYTES = 300 << 20, HELD_MAX = PEAK_BYTES / 16, DECAY_MS = 1200, FEW = 20 };

/* The table of the test itself is mapped and not the allocator's; only its used part is resident.
 */
static struct held {
    unsigned char *start;
    size_t size;
} * held;
static size_t held_count, resident_before;
static uint64_t random_state = 4711;

__attribute__((constructor)) static void make_table(void) {
    held =
        mmap(NULL, HELD_MAX * sizeof *held, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    expect(held != MAP_FAILED);
    resident_before = resident_bytes();
}

static size_t table_bytes(void) {
    return (held_count * sizeof *held + 65535) & ~(size_t)65535;
}

static size_t small_size(void) {
    return 16 + next_random(&random_state) % 113;
}

static size_t up_to_a_kib(void) {
    return 16 + next_random(&random_state) % 1009;
}

static size_t mixed_size(void) {
    return parcel_size(&random_state);
}

static size_t large_size(void) {
    return 200000 + next_random(&random_state) % (6 << 20);
}

static void take_up_to(size_t peak, size_t (*size_of)(void)) {
    for (size_t taken = 0; taken < peak;) {
        size_t size = size_of();
        unsigned char *start = malloc(size);
        expect(start != NULL && held_count < HELD_MAX);
        memset(start, 1, size);
        held[held_count++] = (struct held){start, size};
        taken += size;
    }
}

static int none(size_t index) {
    (void)index;
    return 0;
}

static int one_in_ten(size_t index) {
    (void)index;
    return next_random(&random_state) % 10 == 0;
}

static int first_tenth(size_t index) {
    return index < HELD_MAX && index * 10 < held_count;
}

static void free_all_but(int (*survives)(size_t index)) {
    size_t kept = 0;
    for (size_t i = 0; i < held_count; i++)
        if (survives(i))
            held[kept++] = held[i];
        else
            free(held[i].start);
    held_count = kept;
    madvise((char *)held + table_bytes(), HELD_MAX * sizeof *held - table_bytes(), MADV_DONTNEED);
}

static void sift_down(size_t root, size_t end) {
    for (size_t child; (child = 2 * root + 1) < end; root = child) {
        child += child + 1 < end && held[child].start < held[child + 1].start;
        if (held[root].start >= held[child].start) return;
        struct held other = held[root];
        held[root] = held[child];
        held[child] = other;
    }
}

/* By hand, because libc's qsort allocates. */
static void sort_held(void) {
    for (size_t root = held_count / 2; root-- > 0;) sift_down(root, held_count);
    for (size_t end = held_count; end-- > 1;) {
        struct held last = held[end];
        held[end] = held[0];
        held[0] = last;
        sift_down(0, end);
    }
}

/* Pages with live blocks: scattered survivors keep their pages resident, unless an allocator moves blocks. */
static size_t pinned_bytes(void) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), next = 0, bytes = 0;
    sort_held();
    for (size_t i = 0; i < held_count; i++) {
        uintptr_t first = (uintptr_t)held[i].start / page * page;
        uintptr_t past = ((uintptr_t)held[i].start + held[i].size + page - 1) / page * page;
        first = first < next ? next : first;
        bytes += past > first ? past - first : 0;
        next = past > next ? past : next;
    }
    return bytes;
}

static void wait_and_allocate_a_few(void) {
    sleep_ms(DECAY_MS);
    for (unsigned i = 0; i < FEW; i++) free(malloc(16 + mixed_size()));
}

static void expect_returned(void) {
    size_t live = pinned_bytes();
    size_t before = resident_before + table_bytes(), now = resident_bytes();
    now = now > before ? now - before : 0;
    printf("live %zu KiB, resident %zu KiB\n", live >> 10, now >> 10);
    expect_at(live, now, 0);
    expect(now <= live + live / 10 + (4u << 20));
    for (size_t i = 0; i < held_count; i++) expect(held[i].size == 0 || held[i].start[held[i].size - 1] == 1);
}

static void peak_then_wait(size_t (*size_of)(void), int (*survives)(size_t)) {
    take_up_to(PEAK_BYTES, size_of);
    free_all_but(survives);
    wait_and_allocate_a_few();
    expect_returned();
}

CASE(small_blocks_all_freed) {
    peak_then_wait(small_size, none);
}

CASE(small_blocks_one_in_ten_survives) {
    peak_then_wait(small_size, one_in_ten);
}

CASE(small_blocks_first_tenth_survives) {
    peak_then_wait(small_size, first_tenth);
}

CASE(blocks_up_to_a_kib_first_tenth_survives) {
    peak_then_wait(up_to_a_kib, first_tenth);
}

CASE(mixed_blocks_all_freed) {
    peak_then_wait(mixed_size, none);
}

CASE(mixed_blocks_one_in_ten_survives) {
    peak_then_wait(mixed_size, one_in_ten);
}

CASE(large_blocks_all_freed) {
    peak_then_wait(large_size, none);
}

CASE(large_blocks_one_in_ten_survives) {
    peak_then_wait(large_size, one_in_ten);
}

/* No waiting, no further allocations: malloc_trim does it now. */
CASE(trim_returns_at_once) {
    take_up_to(PEAK_BYTES, mixed_size);
    free_all_but(one_in_ten);
    malloc_trim(0);
    expect_returned();
}

/* ------------------------------------------------------------ threads */

static pthread_barrier_t freed, measured;

static void *take_and_end(void *unused) {
    take_up_to(PEAK_BYTES / 4, mixed_size);
    return unused;
}

/* The main thread frees blocks of four threads that have ended. */
CASE(peak_of_dead_threads) {
    for (unsigned i = 0; i < 4; i++) run_in_thread(take_and_end, NULL);
    free_all_but(one_in_ten);
    wait_and_allocate_a_few();
    expect_returned();
}

static void *take_free_and_idle(void *index) {
    enum { COUNT = 100000 };
    uint64_t random = (uintptr_t)index + 9;
    struct parcel **mine =
        mmap(NULL, COUNT * sizeof(struct parcel *), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    expect(mine != MAP_FAILED);
    for (unsigned i = 0; i < COUNT; i++) mine[i] = parcel_take(next_random(&random) % 2000, i);
    for (unsigned i = 0; i < COUNT; i++) parcel_give(mine[i]);
    munmap(mine, COUNT * sizeof(struct parcel *));
    pthread_barrier_wait(&freed);
    pthread_barrier_wait(&measured);
    return NULL;
}

/* Three threads freed all they had and sleep; the few allocations are those of the main thread. The
 * stacks and the caches of the sleepers come on top: 1 MiB for each. */
CASE(peak_of_idle_threads) {
    struct team team;
    pthread_barrier_init(&freed, NULL, 4);
    pthread_barrier_init(&measured, NULL, 4);
    team_start(&team, 3, take_free_and_idle);
    pthread_barrier_wait(&freed);
    wait_and_allocate_a_few();
    resident_before += 3u << 20;
    expect_returned();
    pthread_barrier_wait(&measured);
    team_join(&team);
}

/* Blocks of a sleeping thread, in slabs that it owns because it has freed one in eight of them. */
enum { OWNED = 40000 };
static void *owned[OWNED];

static void *own_and_idle(void *unused) {
    for (unsigned i = 0; i < OWNED; i++) expect((owned[i] = malloc(200)) != NULL);
    for (unsigned i = 0; i < OWNED; i += 8) free(owned[i]), owned[i] = NULL;
    pthread_barrier_wait(&freed);
    pthread_barrier_wait(&measured);
    return unused;
}

/* After the peak the main thread allocates nothing: it only frees blocks of the other's slabs. */
static void only_free_after_a_peak(size_t (*size_of)(void)) {
    struct team team;
    pthread_barrier_init(&freed, NULL, 2);
    pthread_barrier_init(&measured, NULL, 2);
    team_start(&team, 1, own_and_idle);
    pthread_barrier_wait(&freed);
    resident_before = resident_bytes() - table_bytes();
    take_up_to(PEAK_BYTES / 2, size_of);
    free_all_but(none);
    sleep_ms(DECAY_MS);
    for (unsigned i = 0; i < OWNED; i++) free(owned[i]);
    expect_returned();
    pthread_barrier_wait(&measured);
    team_join(&team);
}

CASE(peak_of_small_blocks_and_a_thread_that_only_frees) {
    only_free_after_a_peak(small_size);
}

CASE(peak_of_mixed_blocks_and_a_thread_that_only_frees) {
    only_free_after_a_peak(mixed_size);
}

CASE(peak_of_large_blocks_and_a_thread_that_only_frees) {
    only_free_after_a_peak(large_size);
}

int main(int argc, char **argv) {
    return run_case(argc, argv);
}
