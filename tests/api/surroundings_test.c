/* Surroundings in which a program may be started: no descriptors, no /proc, other layouts, no mappings left. */
/* SPDX-License-Identifier: MIT */
#include "expect.h"
#include "workload.h"
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* The first time run `prepare` and execute the program again; true in the process that was executed again. */
static int is_started_anew(void (*prepare)(void)) {
    if (getenv("STARTED_ANEW")) return 1;
    prepare();
    expect(setenv("STARTED_ANEW", "1", 1) == 0);
    int self = open("/proc/self/exe", O_PATH | O_CLOEXEC);
    execv(expect_argv[0], expect_argv);
    fexecve(self, expect_argv, environ);
    _exit(77);
}

static void *allocate_and_free(void *seed) {
    workload((uintptr_t)seed, 20000);
    return NULL;
}

static void work_with_threads(void) {
    pthread_t threads[3];
    for (uintptr_t i = 0; i < 3; i++)
        expect(pthread_create(&threads[i], NULL, allocate_and_free, (void *)(i + 1)) == 0);
    allocate_and_free((void *)9);
    for (unsigned i = 0; i < 3; i++) expect(pthread_join(threads[i], NULL) == 0);
}

/* The status of a child that frees a block twice. */
static int status_of_misuse(void) {
    int status;
    pid_t child = fork();
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        void *p = malloc(100);
        __asm__ volatile("" : "+r"(p));
        void *again = p;
        __asm__ volatile("" : "+r"(again));
        free(p);
        free(again);
        _exit(0);
    }
    expect(child > 0 && waitpid(child, &status, 0) == child);
    return status;
}

static void close_all(void) {
    for (int fd = 0; fd < 100; fd++) close(fd);
}

CASE(nothing_is_open) {
    if (!is_started_anew(close_all)) return;
    work_with_threads();
    int status = status_of_misuse();
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT) _exit(4);
    if (open("/dev/null", O_RDWR) != 0) _exit(5); /* nothing was opened under its number */
}

static void forbid_files(void) {
    struct rlimit limit = {0, 0};
    for (int fd = 3; fd < 100; fd++) close(fd); /* what the test was started with */
    expect(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = 4; /* the loader needs one for the libraries */
    expect(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

CASE(no_file_can_be_opened) {
    if (!is_started_anew(forbid_files)) return;
    struct rlimit none = {0, 0};
    expect(setrlimit(RLIMIT_NOFILE, &none) == 0);
    work_with_threads();
    int status = status_of_misuse();
    expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

/* If the user may not make such a namespace the case is skipped. */
static void hide_proc(void) {
    if (unshare(CLONE_NEWNS) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0) {
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
        if (mount("none", "/proc", "tmpfs", 0, NULL) == 0 && mount("none", "/sys", "tmpfs", 0, NULL) == 0) return;
    }
    printf("skipped: no name space of mounts\n");
    exit(0);
}

CASE(no_proc_and_no_sys) {
    if (!is_started_anew(hide_proc)) return;
    expect(access("/proc/self/maps", F_OK) != 0);
    work_with_threads();
    int status = status_of_misuse();
    expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void layout_is_legacy(void) {
    expect(personality(ADDR_COMPAT_LAYOUT | ADDR_NO_RANDOMIZE) != -1);
}
CASE(legacy_layout) {
    if (!is_started_anew(layout_is_legacy)) return;
    work_with_threads();
}

static void layout_is_fixed(void) {
    expect(personality(ADDR_NO_RANDOMIZE) != -1);
}
CASE(no_random_layout) {
    if (!is_started_anew(layout_is_fixed)) return;
    work_with_threads();
}

static void stack_is_unlimited(void) {
    struct rlimit limit;
    expect(getrlimit(RLIMIT_STACK, &limit) == 0);
    limit.rlim_cur = limit.rlim_max; /* mostly unlimited: mappings grow upwards then */
    expect(setrlimit(RLIMIT_STACK, &limit) == 0);
}
CASE(unlimited_stack) {
    if (!is_started_anew(stack_is_unlimited)) return;
    allocate_and_free((void *)9);
}

/* All mappings that a process may have are used up; memory that is already mapped still serves. */
CASE(no_mapping_is_left) {
    char *held[100];
    for (unsigned i = 0; i < 100; i++) expect((held[i] = malloc(3000)) != NULL);
    size_t page = (size_t)sysconf(_SC_PAGESIZE), count = 0, most = 200000;
    char *first = mmap(NULL, most * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    expect(first != MAP_FAILED);
    for (size_t i = 0; i < most; i += 2, count++)
        if (mprotect(first + i * page, page, PROT_READ) != 0) break;
    if (count * 2 >= most) return; /* there is no such limit here */
    for (unsigned i = 0; i < 100; i++) free(held[i]);
    for (unsigned round = 0; round < 200; round++)
        for (size_t size = 1; size < 1u << 16; size *= 3) {
            char *p = malloc(size);
            expect_at(round, size, 0);
            if (!p) continue; /* this size is refused, but nothing breaks */
            p[0] = p[size - 1] = 1;
            free(p);
        }
    for (unsigned i = 0; i < 100; i++) expect((held[i] = malloc(100)) != NULL);
    munmap(first, most * page);
    work_with_threads();
}

static atomic_bool loading;

static void *allocate_while_loading(void *seed) {
    while (atomic_load(&loading)) workload((uintptr_t)seed, 500);
    return NULL;
}

CASE(libraries_come_and_go_while_threads_allocate) {
    static const char *const names[] = {"libm.so.6", "libresolv.so.2", "libutil.so.1", "libanl.so.1"};
    pthread_t threads[4];
    atomic_store(&loading, true);
    for (uintptr_t i = 0; i < 4; i++)
        expect(pthread_create(&threads[i], NULL, allocate_while_loading, (void *)(i + 1)) == 0);
    for (unsigned i = 0; i < 400; i++) {
        void *library = dlopen(names[i % 4], i % 3 ? RTLD_NOW : RTLD_LAZY | RTLD_LOCAL);
        if (library) expect(dlclose(library) == 0);
    }
    atomic_store(&loading, false);
    for (unsigned i = 0; i < 4; i++) expect(pthread_join(threads[i], NULL) == 0);
}

/* One size has used up the limit; every other is served from free memory. */
CASE(out_of_memory_in_one_size_leaves_the_others) {
    static const size_t sizes[] = {16, 100, 500, 2000, 5000, 20000, 100000, 400000};
    enum { SIZES = sizeof sizes / sizeof sizes[0], EACH = 20 };
    static void *held[SIZES][EACH];
    expect(setrlimit(RLIMIT_AS, &(struct rlimit){400u << 20, 400u << 20}) == 0);
    for (unsigned s = 0; s < SIZES; s++)
        for (unsigned i = 0; i < EACH; i++) expect((held[s][i] = malloc(sizes[s])) != NULL);
    for (unsigned eater = 0; eater < SIZES; eater++) {
        void **chain = NULL, **next;
        for (void **block; (block = malloc(sizes[eater])) != NULL; chain = block) *block = (void *)chain;
        expect(errno == ENOMEM);
        for (unsigned s = 0; s < SIZES; s++) {
            for (unsigned i = 0; i < EACH; i++) free(held[s][i]);
            for (unsigned i = 0; i < EACH; i++) {
                held[s][i] = malloc(sizes[s]);
                expect_at(sizes[eater], sizes[s], i);
                expect(held[s][i] != NULL);
            }
        }
        for (; chain; chain = next) {
            next = *chain;
            free((void *)chain);
        }
    }
}

int main(int argc, char **argv) {
    return run_case(argc, argv);
}
