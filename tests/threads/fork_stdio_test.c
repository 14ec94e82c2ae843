/* fork against stdio: libc takes its stream locks after the atfork handlers, so whoever then waits
 * for an allocator lock with a stream lock held, while fork holds the first and waits for the
 * second, never returns. */
/* SPDX-License-Identifier: MIT */
#include "team.h"
#include <fcntl.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <threads.h>

static atomic_int stop;
static FILE *shared_stream;

/* Enough of all sizes that no thread-local cache can serve it: the allocator's locks are taken. */
static void allocate_much(uint64_t *random) {
    struct parcel *parcels[64];
    for (unsigned i = 0; i < 64; i++) parcels[i] = parcel_take(next_random(random) % (i % 8 ? 3000 : 200000), i);
    for (unsigned i = 0; i < 64; i++) parcel_give(parcels[i]);
}

/* getline grows its buffer under the lock of the stream: one line of 400 KB. */
static void *read_under_lock(void *unused) {
    enum { LINE = 400000 };
    char *text = malloc(LINE);
    memset(text, 'x', LINE);
    text[LINE - 1] = '\n';
    FILE *stream = fmemopen(text, LINE, "r");
    expect(stream != NULL);
    while (!atomic_load(&stop)) {
        char *line = NULL;
        size_t room = 0;
        rewind(stream);
        expect(getline(&line, &room, stream) == LINE);
        free(line);
    }
    fclose(stream);
    free(text);
    return unused;
}

/* open_memstream enters the list of streams, under the lock of that list, and grows its buffer
 * under its own. */
static void *write_to_memory(void *unused) {
    while (!atomic_load(&stop)) {
        char *text = NULL;
        size_t length = 0;
        FILE *stream = open_memstream(&text, &length);
        expect(stream != NULL);
        for (unsigned i = 0; i < 2000; i++) fprintf(stream, "%u %080d\n", i, 7);
        expect(fclose(stream) == 0 && length > 80 * 2000);
        free(text);
    }
    return unused;
}

static void *allocate_under_lock(void *unused) {
    uint64_t random = 5;
    while (!atomic_load(&stop)) {
        flockfile(shared_stream);
        fputs_unlocked("text", shared_stream);
        allocate_much(&random);
        funlockfile(shared_stream);
    }
    return unused;
}

/* Walks all streams under the lock of their list and waits there for the lock of each. */
static void *flush_all(void *unused) {
    while (!atomic_load(&stop)) {
        fflush(NULL);
        sched_yield(); /* or nobody else ever gets the lock */
    }
    return unused;
}

/* fopen and fclose allocate and free with and without the lock of the list. */
static void *open_and_close(void *unused) {
    while (!atomic_load(&stop)) {
        FILE *stream = fopen("/dev/null", "w");
        expect(stream != NULL);
        fprintf(stream, "text");
        fclose(stream);
    }
    return unused;
}

static void live_as_child(void) {
    char *text = NULL;
    size_t length = 0;
    alarm(60);
    FILE *stream = open_memstream(&text, &length);
    expect(stream != NULL);
    for (unsigned i = 0; i < 100; i++) fprintf(stream, "%u\n", i);
    expect(fclose(stream) == 0 && length > 100);
    free(text);
    printf("child\n");
    fflush(NULL);
    _exit(0);
}

typedef void *work(void *);

static void fork_against(work *const *works, unsigned forks) {
    struct team team = {.count = 0};
    expect(freopen("/dev/null", "w", stdout) != NULL);
    shared_stream = fopen("/dev/null", "w");
    expect(shared_stream != NULL);
    for (; *works != NULL; works++) team_add(&team, *works, NULL);
    for (unsigned i = 0; i < forks; i++) {
        pid_t child = fork();
        if (child == 0) live_as_child();
        expect_child_well(child);
    }
    atomic_store(&stop, 1);
    team_join(&team);
}

CASE(fork_while_threads_read_lines) {
    fork_against((work *const[]){read_under_lock, read_under_lock, flush_all, NULL}, 100);
}

CASE(fork_while_threads_write_to_memory) {
    fork_against((work *const[]){write_to_memory, write_to_memory, flush_all, NULL}, 100);
}

CASE(fork_while_threads_allocate_under_a_stream_lock) {
    fork_against((work *const[]){allocate_under_lock, allocate_under_lock, flush_all, NULL}, 100);
}

CASE(fork_while_streams_open_and_close) {
    fork_against((work *const[]){open_and_close, write_to_memory, flush_all, NULL}, 100);
}

CASE(fork_while_all_of_it_happens) {
    fork_against((work *const[]){read_under_lock, write_to_memory, allocate_under_lock, flush_all, NULL}, 100);
}

/* A thread that libc starts allocates for the first time in a stream's write function, with the list of streams locked,
 * for which a fork waits meanwhile. */
static pid_t forker;
static atomic_int writes;

static bool waits(pid_t thread) {
    char path[64], text[16] = {0};
    snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", thread);
    int file = open(path, O_RDONLY);
    bool got = file >= 0 && read(file, text, sizeof(text) - 1) > 0;
    if (file >= 0) close(file);
    return got && text[0] != 'r' && atol(text) == SYS_futex;
}

static ssize_t allocate_in_write(void *unused, const char *text, size_t length) {
    (void)unused, (void)text;
    atomic_store(&writes, 1);
    while (!waits(forker)) sched_yield();
    free(hide(malloc(100000)));
    return (ssize_t)length;
}

static int flush_in_thread(void *unused) {
    (void)unused;
    return fflush(NULL);
}

CASE(a_thread_of_libc_allocates_first_under_the_lock_of_the_list) {
    thrd_t thread;
    alarm(60);
    forker = getpid();
    FILE *stream = fopencookie(NULL, "w", (cookie_io_functions_t){.write = allocate_in_write});
    expect(stream != NULL && fputs("text", stream) >= 0);
    expect(thrd_create(&thread, flush_in_thread, NULL) == thrd_success);
    while (!atomic_load(&writes)) sched_yield();
    pid_t child = fork();
    if (child == 0) _exit(0);
    expect_child_well(child);
    expect(thrd_join(thread, NULL) == thrd_success);
}

int main(int argc, char **argv) {
    return run_case(argc, argv);
}
