/* Programs that leak blocks, or only seem to: tests/options/leaks.sh has the expected report of each.
 *
 *   leaks CASE [BLOCKS BYTES] */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

struct node {
    struct node *next;
    char rest[];
};

static struct node *volatile kept;
static void **volatile table;
static _Thread_local void *volatile of_thread;
static volatile int ready;

/* Overwrite what calls have left on the stack and in registers, so that no stale pointer keeps a block. */
static __attribute__((noinline)) void wipe(void) {
    volatile char used[16384];
    for (size_t i = 0; i < sizeof used; i++) used[i] = 0;
}

static __attribute__((noinline)) struct node *make(size_t bytes) {
    struct node *node = malloc(bytes < sizeof(struct node) ? sizeof(struct node) : bytes);
    if (!node) exit(3);
    memset(node, 0, sizeof *node);
    return node;
}

static __attribute__((noinline)) void lose(size_t blocks, size_t bytes) {
    for (size_t i = 0; i < blocks; i++) make(bytes);
}

static __attribute__((noinline)) void keep_list(size_t blocks, size_t bytes) {
    for (size_t i = 0; i < blocks; i++) {
        struct node *node = make(bytes);
        node->next = kept;
        kept = node;
    }
}

/* The oldest block leads to all others. */
static __attribute__((noinline)) void keep_queue(size_t blocks, size_t bytes) {
    struct node *last = kept = make(bytes);
    for (size_t i = 1; i < blocks; i++) last = last->next = make(bytes);
}

static __attribute__((noinline)) void lose_ring(size_t blocks, size_t bytes) {
    struct node *first = make(bytes), *last = first;
    for (size_t i = 1; i < blocks; i++) last = last->next = make(bytes);
    last->next = first;
}

static __attribute__((noinline)) void keep_inside(size_t blocks, size_t bytes) {
    table = malloc(blocks * sizeof *table);
    for (size_t i = 0; i < blocks; i++) table[i] = (char *)make(bytes) + i % bytes;
}

static __attribute__((noinline)) void keep_mapped(size_t blocks, size_t bytes) {
    size_t room = blocks * sizeof(void *);
    void **at = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 0; i < blocks; i++) at[i] = make(bytes);
}

static void *hold(void *argument) {
    const size_t *sizes = argument;
    of_thread = make(sizes[1]);
    for (size_t i = 1; i < sizes[0]; i++) {
        struct node *node = make(sizes[1]);
        node->next = of_thread;
        of_thread = node;
    }
    __atomic_add_fetch(&ready, 1, __ATOMIC_RELEASE);
    while (ready) pause();
    return NULL;
}

/* A pointer that is only in a register of a running thread. */
static void *hold_in_register(void *argument) {
    const size_t *sizes = argument;
    uintptr_t held = (uintptr_t)make(sizes[1]);
    wipe();
    __atomic_add_fetch(&ready, 1, __ATOMIC_RELEASE);
    while (ready) __asm__ volatile("" : "+r"(held));
    return NULL;
}

static void *block_signals(void *argument) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    return hold(argument);
}

/* ---- a thread whose stack has no room for a signal: it has another one for these ---- */

enum { NARROW_BYTES = 1 << 16, ROOM_BYTES = 600 };
static ucontext_t back, coroutine;

static void wait_for_ever(void) {
    __atomic_add_fetch(&ready, 1, __ATOMIC_RELEASE);
    while (ready) __asm__ volatile("");
}

/* Runs on the first bytes of a stack, below which nothing can be written. */
static void *hold_on_narrow_stack(void *argument) {
    char *stack = mmap(NULL, 2 * NARROW_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *other = mmap(NULL, NARROW_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(stack + NARROW_BYTES, NARROW_BYTES, PROT_READ | PROT_WRITE);
    sigaltstack(&(stack_t){.ss_sp = other, .ss_size = NARROW_BYTES}, NULL);
    getcontext(&coroutine);
    coroutine.uc_stack.ss_sp = stack + NARROW_BYTES;
    coroutine.uc_stack.ss_size = ROOM_BYTES;
    coroutine.uc_link = &back;
    makecontext(&coroutine, wait_for_ever, 0);
    swapcontext(&back, &coroutine);
    return argument;
}

static void start(void *(*function)(void *), int threads, size_t *sizes) {
    for (int i = 0; i < threads; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, function, sizes) != 0) exit(3);
    }
    while (__atomic_load_n(&ready, __ATOMIC_ACQUIRE) < threads) usleep(1000);
}

typedef size_t leaks_function(int file);

/* Asks by the call, then by a signal, at whose end the process goes on and loses as many blocks again. */
static int ask(const size_t *sizes) {
    leaks_function *leaks = (leaks_function *)(uintptr_t)dlsym(RTLD_DEFAULT, "heapalloc_leaks");
    if (!leaks || leaks(-1) != 0) return 1;
    lose(sizes[0], sizes[1]);
    wipe();
    if (leaks(-1) != sizes[0]) return 2;
    lose(sizes[0], sizes[1]);
    wipe();
    if (leaks(STDERR_FILENO) != 2 * sizes[0]) return 3;
    raise(SIGUSR2);
    free(malloc(1 << 20)); /* a slow path */
    return 0;
}

/* Asks while a queue leads from the first blocks of a size to the later ones. */
static int ask_of_queue(const size_t *sizes) {
    leaks_function *leaks = (leaks_function *)(uintptr_t)dlsym(RTLD_DEFAULT, "heapalloc_leaks");
    keep_queue(sizes[0], sizes[1]);
    wipe();
    return !leaks || leaks(STDERR_FILENO) != 0;
}

static void free_kept(void) {
    while (kept) {
        struct node *next = kept->next;
        free(kept);
        kept = next;
    }
}

int main(int count, char **words) {
    static size_t sizes[2];
    const char *name = count > 1 ? words[1] : "";
    sizes[0] = count > 2 ? strtoul(words[2], NULL, 10) : 1;
    sizes[1] = count > 3 ? strtoul(words[3], NULL, 10) : 32;
    if (!strcmp(name, "lost")) lose(sizes[0], sizes[1]);
    if (!strcmp(name, "kept")) keep_list(sizes[0], sizes[1]);
    if (!strcmp(name, "queue")) return ask_of_queue(sizes);
    if (!strcmp(name, "ring")) lose_ring(sizes[0], sizes[1]);
    if (!strcmp(name, "inside")) keep_inside(sizes[0], sizes[1]);
    if (!strcmp(name, "mapped")) keep_mapped(sizes[0], sizes[1]);
    if (!strcmp(name, "freed")) keep_list(sizes[0], sizes[1]), free_kept();
    if (!strcmp(name, "cut")) keep_list(sizes[0], sizes[1]), kept = kept->next->next;
    if (!strcmp(name, "threads")) start(hold, 8, sizes);
    if (!strcmp(name, "register")) start(hold_in_register, 3, sizes);
    if (!strcmp(name, "narrow")) start(hold_on_narrow_stack, 1, sizes);
    if (!strcmp(name, "blocked")) start(block_signals, 1, sizes);
    int code = !strcmp(name, "ask") ? ask(sizes) : 0;
    wipe();
    puts("done");
    return code;
}
