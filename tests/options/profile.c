/* Programs that allocate in known places: tests/options/profile.sh knows what a profile must say of each.
 *
 *   profile CASE [WORD] */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

/* A function of its own under its own name. */
#ifdef __clang__
#define PLACE __attribute__((noinline))
#else
#define PLACE __attribute__((noinline, noclone))
#endif

enum { MANY = 1000, THREADS = 4, ROUNDS = 200000 };

static void *volatile kept[THREADS * MANY];
static void *volatile sinks[8]; /* one each: compilers make one function of two that do the same */

extern void *new_one(size_t size) __asm__("_Znwm") __attribute__((weak));
extern void delete_one(void *p) __asm__("_ZdlPv") __attribute__((weak));

static PLACE void *place_kept(size_t size) {
    void *p = malloc(size);
    sinks[0] = p;
    return p;
}

static PLACE void *place_dropped(size_t size) {
    void *p = malloc(size);
    sinks[1] = p;
    return p;
}

static PLACE void *place_calloc(size_t count, size_t size) {
    void *p = calloc(count, size);
    sinks[2] = p;
    return p;
}

static PLACE void *place_realloc(void *p, size_t size) {
    p = realloc(p, size);
    sinks[3] = p;
    return p;
}

static PLACE void *place_aligned(size_t align, size_t size) {
    void *p = NULL;
    if (posix_memalign(&p, align, size) != 0) exit(3);
    sinks[4] = p;
    return p;
}

static PLACE void *place_new(size_t size) {
    void *p = new_one(size);
    sinks[5] = p;
    return p;
}

static PLACE void *place_handler(size_t size) {
    void *p = malloc(size);
    sinks[6] = p;
    return p;
}

static void exact(void) {
    for (int i = 0; i < MANY; i++) kept[i] = place_kept(21);
    for (int i = 0; i < 500; i++) free(place_dropped(1000));
    for (int i = 0; i < 10; i++) kept[i] = place_calloc(3, 100 + (size_t)i);
    void *p = NULL;
    for (size_t size = 100; size <= 1000000; size *= 10) p = place_realloc(p, size);
    free(place_aligned(1024, 5000));
    kept[0] = place_aligned(4096, 100000);
    if (new_one) delete_one(place_new(48)), kept[1] = place_new(333);
}

static void *allocate(void *argument) {
    size_t of = (size_t)(uintptr_t)argument;
    for (size_t i = 0; i < MANY; i++) kept[of * MANY + i] = place_kept(50);
    for (int i = 0; i < MANY; i++) free(place_dropped(70));
    return NULL;
}

static void start(pthread_t *threads, void *(*function)(void *)) {
    for (uintptr_t i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, function, (void *)i) != 0) exit(3);
}

static void join(const pthread_t *threads) {
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
}

/* Half of what the threads left is freed by the first one. */
static void in_threads(void) {
    pthread_t threads[THREADS];
    start(threads, allocate);
    join(threads);
    for (int i = 0; i < THREADS * MANY; i += 2) free(kept[i]);
}

/* What it says last is how much it has allocated, live and in all. */
static void estimate(void) {
    size_t sizes[] = {17, 40, 100, 333, 900, 3000, 20000, 100000};
    for (int i = 0; i < ROUNDS; i++) {
        size_t size = sizes[i % 6];
        if (i % 100 == 99) size = sizes[6 + i / 100 % 2];
        if (i % 4)
            free(place_dropped(size));
        else
            place_kept(size);
    }
}

static void in_child(void) {
    for (int i = 0; i < MANY; i++) kept[i] = place_kept(21);
    pid_t pid = fork();
    if (pid == 0) {
        for (int i = 0; i < 10; i++) place_dropped(100);
        printf("%d\n", (int)getpid());
        exit(0);
    }
    if (pid < 0 || waitpid(pid, NULL, 0) != pid) exit(3);
}

static void handle(int number) {
    (void)number;
    free(place_handler(500));
}

static void in_handler(void) {
    signal(SIGUSR1, handle);
    for (int i = 0; i < MANY; i++) {
        kept[i] = place_kept(21);
        raise(SIGUSR1);
    }
}

static volatile bool done;

static void *allocate_on(void *unused) {
    while (!done) free(place_dropped(200));
    return unused;
}

static void *fork_on(void *unused) {
    while (!done) {
        pid_t pid = fork();
        if (pid == 0) {
            free(place_dropped(200));
            _exit(0);
        }
        if (pid > 0) waitpid(pid, NULL, 0);
    }
    return unused;
}

/* Modules come and go, and processes, while others allocate. */
static void busy(void) {
    pthread_t threads[THREADS], forker;
    start(threads, allocate_on);
    if (pthread_create(&forker, NULL, fork_on, NULL) != 0) exit(3);
    for (int i = 0; i < 100; i++) {
        void *module = dlopen("libresolv.so.2", RTLD_NOW | RTLD_LOCAL);
        kept[i] = place_kept(21);
        if (module) dlclose(module);
    }
    done = true;
    join(threads);
    pthread_join(forker, NULL);
}

typedef bool start_function(size_t bytes);
typedef void stop_function(void);
typedef bool dump_function(const char *path);

static void by_call(const char *path) {
    start_function *begin = (start_function *)(uintptr_t)dlsym(RTLD_DEFAULT, "heapalloc_profile_start");
    stop_function *end = (stop_function *)(uintptr_t)dlsym(RTLD_DEFAULT, "heapalloc_profile_stop");
    dump_function *dump = (dump_function *)(uintptr_t)dlsym(RTLD_DEFAULT, "heapalloc_profile_dump");
    if (!begin || !end || !dump) exit(3);
    for (int i = 0; i < MANY; i++) kept[i] = place_kept(10);
    if (dump(path) || begin((size_t)1 << 40) || !begin(1)) exit(4);
    for (int i = 0; i < MANY; i++) free(kept[i]), kept[i] = place_dropped(30);
    end();
    for (int i = 0; i < MANY; i += 2) free(kept[i]);
    for (int i = 0; i < MANY; i += 2) kept[i] = place_dropped(30);
    if (!dump(path) || dump("/nowhere/x")) exit(5);
}

/* The same samples, in two forms. */
static void twice(const char *path) {
    dump_function *dump = (dump_function *)(uintptr_t)dlsym(RTLD_DEFAULT, "heapalloc_profile_dump");
    for (int i = 0; i < ROUNDS / 10; i++) place_kept(1000);
    if (!dump || !dump(path)) exit(3);
}

/* Five MiB, freed, and again, and at the end one more. */
static void in_steps(void) {
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 5 * 128; i++) kept[i] = place_kept(8192);
        for (int i = 0; i < 5 * 128; i++) free(kept[i]);
    }
    for (int i = 0; i < 6 * 128; i++) kept[i] = place_dropped(8192);
}

/* Time passes between blocks. */
static void nap(void) {
    for (int i = 0; i < 3; i++) {
        kept[i] = place_kept(8192);
        usleep(20000);
    }
}

static void at_signal(const char *path) {
    for (int i = 0; i < MANY; i++) kept[i] = place_kept(21);
    raise(SIGUSR1);
    for (int i = 0; i < MANY; i++) kept[i] = place_dropped(10);
    if (access(path, R_OK) != 0) exit(3);
    _exit(0);
}

static PLACE void place_free(void *p) {
    free(p);
    sinks[7] = p;
}

/* A block is freed twice. */
static void in_past(void) {
    char *p = place_kept(50), *volatile again = p;
    place_free(p);
    sinks[0] = place_dropped(500);
    free(again);
}

/* ---- stacks that come and go ---- */

enum { STACK_BYTES = 1 << 17 };
static ucontext_t back, coroutine;
static char *wild; /* what the frame pointer is, NULL: as usual */

/* Calls malloc with `pointer` in the frame pointer's register, as generated code may, and with no unwind table. */
extern void *place_wild(size_t size, void *pointer);
#if defined(__x86_64__)
__asm__(".text\n.globl place_wild\nplace_wild: push %rbp\n mov %rsi, %rbp\n call malloc@PLT\n pop %rbp\n ret\n");
#elif defined(__aarch64__)
__asm__(".text\n.globl place_wild\nplace_wild: stp x29, x30, [sp, -16]!\n mov x29, x1\n bl malloc\n"
        " ldp x29, x30, [sp], 16\n ret\n");
#else
void *place_wild(size_t size, void *pointer) {
    (void)pointer;
    return malloc(size);
}
#endif

static void allocate_in_coroutine(void) {
    for (int i = 0; i < 10; i++) kept[i] = wild ? place_wild(77, wild) : place_kept(21);
}

static void run_coroutine(char *stack) {
    getcontext(&coroutine);
    coroutine.uc_stack.ss_sp = stack;
    coroutine.uc_stack.ss_size = STACK_BYTES;
    coroutine.uc_link = &back;
    makecontext(&coroutine, allocate_in_coroutine, 0);
    swapcontext(&back, &coroutine);
}

/* The kernel lists two stacks as one mapping, until one of them is unmapped. */
static void in_coroutines(void) {
    char *stacks = mmap(NULL, 2 * STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    free(place_dropped(100));
    run_coroutine(stacks + STACK_BYTES);
    munmap(stacks + STACK_BYTES, STACK_BYTES);
    wild = stacks + STACK_BYTES + STACK_BYTES / 2;
    run_coroutine(stacks);
}

int main(int count, char **words) {
    const char *name = count > 1 ? words[1] : "", *word = count > 2 ? words[2] : "";
    if (!strcmp(name, "exact")) exact();
    if (!strcmp(name, "threads")) in_threads();
    if (!strcmp(name, "estimate")) estimate();
    if (!strcmp(name, "fork")) in_child();
    if (!strcmp(name, "handler")) in_handler();
    if (!strcmp(name, "busy")) busy();
    if (!strcmp(name, "coroutines")) in_coroutines();
    if (!strcmp(name, "call")) by_call(word);
    if (!strcmp(name, "steps")) in_steps();
    if (!strcmp(name, "nap")) nap();
    if (!strcmp(name, "signal")) at_signal(word);
    if (!strcmp(name, "past")) in_past();
    if (!strcmp(name, "inside")) free((char *)place_kept(50) + 16);
    if (!strcmp(name, "both")) twice(word);
    if (!strcmp(name, "exec")) {
        place_dropped(77);
        execv(words[0], (char *[]){words[0], (char *)(uintptr_t)word, NULL});
    }
    return 0;
}
