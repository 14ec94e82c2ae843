/* The program that tests/options/options.sh runs: it allocates, frees, sleeps and forks as its argument says. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef HELPER_OPTIONS
const char *heapalloc_options = HELPER_OPTIONS; /* read by the library, whose name it is */
#endif

static char *taken[1000];

/* Allocates up to so many MiB in blocks of 64 KiB and of 1000 bytes; returns how many it got. */
static size_t take(size_t mib) {
    size_t got = 0;
    for (size_t i = 0; i < mib; i++) {
        taken[i] = malloc(i % 2 ? 1 << 20 : 1000000);
        if (!taken[i]) {
            if (errno != ENOMEM) exit(3);
            break;
        }
        memset(taken[i], 1, 1000000);
        got++;
    }
    return got;
}

static int take_again(void) {
    size_t first = take(100);
    for (size_t i = 0; i < first; i++) free(taken[i]);
    return take(100) + 2 >= first && first < 100 ? 0 : 1;
}

static void *use_and_sleep(void *argument) {
    enum { BLOCKS = 100000 };
    static char *block[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) block[i] = memset(malloc(1000), 1, 1000);
    for (int i = 0; i < BLOCKS; i++) free(block[i]);
    for (;;)
        if (pause() == 0) return argument;
}

/* The number behind a name in /proc/self/status, read without malloc, which would give memory back. */
static long number_of(const char *name) {
    static char text[8192];
    int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    ssize_t bytes = read(file, text, sizeof text - 1);
    close(file);
    text[bytes > 0 ? bytes : 0] = '\0';
    const char *found = strstr(text, name);
    return found ? strtol(found + strlen(name), NULL, 10) : -1;
}

/* Prints its threads and resident KiB after a sleep: until memory was returned, at most three seconds. */
static int idle(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, use_and_sleep, NULL);
    long resident = 0;
    for (int i = 0; i < 30; i++) {
        nanosleep(&(struct timespec){0, 100 * 1000 * 1000}, NULL);
        resident = number_of("VmRSS:");
        if (i > 10 && resident < 20000) break;
    }
    printf("%ld %ld\n", number_of("Threads:"), resident);
    return 0;
}

static void *nothing(void *argument) {
    return argument;
}

static int fork_often(void) {
    for (int i = 0; i < 50; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, nothing, NULL) != 0) return 1;
        pid_t child = fork();
        if (child == 0) {
            free(malloc(100000));
            _exit(0);
        }
        int status;
        if (waitpid(child, &status, 0) != child || status != 0) return 1;
        pthread_join(thread, NULL);
    }
    return 0;
}

typedef bool set_function(const char *name, const char *value);
typedef const char *get_function(const char *name);

static int calls(void) {
    set_function *set = (set_function *)(uintptr_t)dlsym(RTLD_DEFAULT, "heapalloc_option_set");
    get_function *get = (get_function *)(uintptr_t)dlsym(RTLD_DEFAULT, "heapalloc_option_get");
    bool right =
        set && get && strcmp(get("purge"), "500ms") == 0 && set("purge", "20ms") && strcmp(get("purge"), "20ms") == 0;
    errno = 0;
    right = right && !set("purge", "soon") && errno == EINVAL && strcmp(get("purge"), "20ms") == 0;
    right = right && !set("porge", "1s") && !get("porge") && !set(NULL, NULL) && !get(NULL);
    right = right && set("limit", "16M") && !malloc(32 << 20) && set("limit", "0");
    void *p = malloc(32 << 20);
    return right && p ? 0 : 1;
}

static void do_nothing(void) {
}

/* Registers more exit handlers than libc has static room for; the first malloc of the process is for these.
 * The next one can do what that could not. */
static int exit_with_handlers(void) {
    for (int i = 0; i < 40; i++)
        if (atexit(do_nothing) != 0) return 1;
    taken[0] = malloc(100000);
    return taken[0] ? 0 : 2;
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "take") == 0 && argc > 2) return printf("%zu\n", take((size_t)atoi(argv[2]))) < 0;
    if (strcmp(what, "again") == 0) return take_again();
    if (strcmp(what, "idle") == 0) return idle();
    if (strcmp(what, "fork") == 0) return fork_often();
    if (strcmp(what, "calls") == 0) return calls();
    if (strcmp(what, "atexit") == 0) return exit_with_handlers();
    if (strcmp(what, "symbol") == 0) taken[0] = malloc(1);
    return taken[0] ? 0 : 2;
}
