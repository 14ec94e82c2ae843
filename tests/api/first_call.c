/* Any member of the malloc family may be the first call of a process or thread, from any place where code can run. */
/* SPDX-License-Identifier: MIT */
#include "entries.h"
#include "expect.h"
#include "first_call_dso.h"
#include "workload.h"
#include <pthread.h>

static const char *place_wanted;
static const char *entry_wanted;
static unsigned calls_made;

/* Every function is the first call once; those that free have no block yet, so they get NULL. */
static void make_first_call(void) {
    calls_made++;
    for (unsigned e = 0; e < TAKING_ENTRIES; e++)
        if (strcmp(taking_entries[e].name, entry_wanted) == 0) {
            char *block = taking_entries[e].take(100);
            expect(block != NULL);
            memset(block, 1, 100);
            block = realloc(block, 5000);
            expect(block != NULL && block[99] == 1);
            free(block);
            return;
        }
    if (strcmp(entry_wanted, "free") == 0)
        free(NULL);
    else if (strcmp(entry_wanted, "realloc_zero") == 0)
        free(realloc(NULL, hide_size(0)));
    else if (strcmp(entry_wanted, "usable_size") == 0)
        expect(malloc_usable_size(NULL) == 0);
    else if (strcmp(entry_wanted, "trim") == 0)
        expect(malloc_trim(0) >= 0);
    else if (strcmp(entry_wanted, "mallopt") == 0)
        expect(mallopt(M_MXFAST, 64) == 1);
    else if (strcmp(entry_wanted, "mallinfo2") == 0)
        expect(mallinfo2().uordblks < (size_t)1 << 40);
    else if (strcmp(entry_wanted, "malloc_stats") == 0)
        malloc_stats();
    else if (strcmp(entry_wanted, "malloc_info") == 0)
        expect(malloc_info(0, stderr) == 0);
    else if (strcmp(entry_wanted, "too_big") == 0)
        expect(malloc(hide_size(SIZE_MAX - 5)) == NULL && errno == ENOMEM);
    else if (strcmp(entry_wanted, "large") == 0)
        free(memset(malloc(9 << 20), 1, 9 << 20));
    else
        expect(!"a known entry");
}

static void at(const char *place, char **argv) {
    if (argv[1] == NULL || argv[2] == NULL || strcmp(argv[2], place) != 0) return;
    place_wanted = argv[2];
    entry_wanted = argv[1];
    make_first_call();
}

/* Runs before the constructors of every library, the allocator's included. */
static void in_preinit(int argc, char **argv, char **envp) {
    (void)argc, (void)envp;
    at("preinit", argv);
}
__attribute__((section(".preinit_array"), used)) static void (*const preinit)(int, char **, char **) = in_preinit;

__attribute__((constructor)) static void in_constructor(int argc, char **argv, char **envp) {
    (void)argc, (void)envp;
    at("constructor", argv);
}

/* Called by the constructor of a library the program is linked with. */
void first_call_in_library(int argc, char **argv) {
    (void)argc;
    at("library", argv);
}

static void *in_thread(void *argv) {
    at("thread", argv);
    return NULL;
}

int main(int argc, char **argv) {
    pthread_t thread;
    expect(argc == 3);
    at("main", argv);
    if (strcmp(argv[2], "thread") == 0) {
        expect(pthread_create(&thread, NULL, in_thread, argv) == 0);
        expect(pthread_join(thread, NULL) == 0);
    }
    expect(calls_made == 1 && place_wanted != NULL);
    workload(7, 2000);
    return 0;
}
