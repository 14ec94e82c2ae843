/* The end of a process: handlers, destructors and other threads still allocate, and stdio may be closed. */
/* SPDX-License-Identifier: MIT */
#include "workload.h"
#include <pthread.h>

static void *held[100];

/* Registered first, so it runs last: only a process that got this far ends with 0. */
static void last_handler(void) {
    workload(3, 3000);
    for (unsigned i = 0; i < 100; i++) free(held[i]);
    _exit(0);
}

static void handler(void) {
    workload(4, 3000);
    for (unsigned i = 0; i < 100; i++) held[i] = realloc(held[i], 50 + i * 400);
}

static void *work_forever(void *seed) {
    for (;;) workload((uintptr_t)seed, 500);
    return NULL;
}

static void leave_with_handlers(void) {
    expect(atexit(last_handler) == 0 && atexit(handler) == 0 && atexit(handler) == 0);
    for (unsigned i = 0; i < 100; i++) held[i] = malloc(i * 100);
}

CASE(handlers_allocate) {
    leave_with_handlers();
    exit(5);
}

CASE(threads_allocate_during_exit) {
    for (uintptr_t i = 0; i < 3; i++) {
        pthread_t thread;
        expect(pthread_create(&thread, NULL, work_forever, (void *)(i + 1)) == 0);
    }
    leave_with_handlers();
    workload(5, 5000);
    exit(5);
}

static void *exit_here(void *unused) {
    (void)unused;
    workload(6, 1000);
    exit(5);
}

CASE(a_thread_calls_exit) {
    pthread_t thread;
    leave_with_handlers();
    expect(pthread_create(&thread, NULL, exit_here, NULL) == 0);
    work_forever((void *)9);
}

/* The main thread ends as a thread; the process lives on in the other. */
static void *outlive_main(void *main_thread) {
    expect(pthread_join(*(pthread_t *)main_thread, NULL) == 0);
    workload(6, 3000);
    exit(5);
}

CASE(main_thread_leaves_first) {
    static pthread_t main_thread, thread;
    main_thread = pthread_self();
    leave_with_handlers();
    expect(pthread_create(&thread, NULL, outlive_main, &main_thread) == 0);
    pthread_exit(NULL);
}

CASE(malloc_after_stdio_is_closed) {
    printf("a line to make stdout have a buffer\n");
    expect(fclose(stdin) == 0 && fclose(stdout) == 0 && fclose(stderr) == 0);
    close(0);
    close(1);
    close(2);
    workload(8, 5000);
    leave_with_handlers();
    exit(5);
}

CASE(quick_exit_handlers_allocate) {
    expect(at_quick_exit(last_handler) == 0 && at_quick_exit(handler) == 0);
    quick_exit(5);
}

static int destructor_wanted;
__attribute__((destructor)) static void in_destructor(void) {
    if (destructor_wanted) last_handler();
}

CASE(destructors_allocate) {
    destructor_wanted = 1;
    exit(5);
}

int main(int argc, char **argv) {
    return run_case(argc, argv);
}
