/* Guard slots: what they catch, what the report says, and that everything else is as without them.
 *
 *   guard default|hardened   with HEAPALLOC=guard=1/1; each case is a child, whose status and stderr are compared */
/* SPDX-License-Identifier: MIT */
#include "weak.h"
#include <fnmatch.h>
#include <malloc.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ODD = 33, TRIES = 200, SLOTS = 64, THREADS = 4, TEXT = 8192 };

static unsigned failures;
static int is_hardened;

#define NEXT "  next: *\n"
#define ALLOCATED "  allocated by thread *: *+0x* *\n"
#define FREED "  freed by thread *: *+0x* *\n"

static bool is_other(const struct heapalloc_block *block, void *wanted) {
    return block->address != (uintptr_t)wanted || block->kind != HEAPALLOC_BLOCK_MEDIUM ||
           block->state != HEAPALLOC_BLOCK_LIVE;
}

static int is_found(void *p) {
    if (!heapalloc_walk) _exit(97);
    return !heapalloc_walk(is_other, p);
}

/* In the default library no other kind of block has a usable size of 33; in the hardened one a walk tells. */
static int is_guarded(void *p) {
    return is_hardened ? is_found(p) : malloc_usable_size(p) == ODD;
}

enum side { AT_START, AT_END, ANYWHERE };

/* A guarded block at that side of its page. */
static char *take_guarded(enum side side) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (int i = 0; i < TRIES; i++) {
        char *p = malloc(ODD);
        if (!p) _exit(90);
        memset(p, 1, ODD);
        if (is_guarded(p) && (side == ANYWHERE || ((uintptr_t)p % page == 0) == (side == AT_START))) return p;
        if (is_guarded(p)) free(p);
    }
    _exit(91);
}

static void read_freed(void) {
    volatile char *p = take_guarded(ANYWHERE);
    free((void *)(uintptr_t)p);
    (void)p[5];
}

static void write_beyond(void) {
    take_guarded(AT_END)[48] = 1;
}

static void write_before(void) {
    take_guarded(AT_START)[-1] = 1;
}

static void write_one_beyond(void) {
    char *p = take_guarded(ANYWHERE);
    p[malloc_usable_size(p)] ^= 0x41;
    free(p);
}

static void write_one_before(void) {
    char *p = take_guarded(AT_END);
    p[-1] = 1;
    p = realloc(p, 10);
    __asm__ volatile("" : : "r"(p));
}

static void free_twice(void) {
    char *p = take_guarded(ANYWHERE);
    free(p);
    for (int i = 0; i < SLOTS / 2; i++) free(malloc(ODD));
    free(p);
}

static void free_inside(void) {
    free(take_guarded(ANYWHERE) + 16);
}

static void free_twice_in_child(void) {
    char *p = take_guarded(ANYWHERE);
    int status;
    free(p);
    pid_t child = fork();
    if (child == 0) {
        free(take_guarded(ANYWHERE));
        free(p);
        _exit(0);
    }
    waitpid(child, &status, 0);
    raise(WIFSIGNALED(status) ? WTERMSIG(status) : SIGUSR1);
}

static void fault_elsewhere(void) {
    free(take_guarded(ANYWHERE));
    *(volatile char *)16 = 1;
}

static void be_sent_a_fault(void) {
    free(take_guarded(ANYWHERE));
    kill(getpid(), SIGSEGV);
    for (;;) pause();
}

/* ------------------------------------------------------------ programs that go on */

static void use_as_allowed(void) {
    static char *held[4 * SLOTS];
    unsigned guarded = 0;
    for (unsigned i = 0; i < 4 * SLOTS; i++) {
        size_t size = i % 2 ? ODD : i * 17 % 4097;
        held[i] = i % 3 ? malloc(size) : calloc(1, size);
        for (size_t k = 0; k < size && i % 3 == 0; k++)
            if (held[i][k]) _exit(92);
        if (!held[i] || (uintptr_t)held[i] % 16) _exit(93);
        memset(held[i], (int)i, size);
        guarded += i % 2 && is_guarded(held[i]);
    }
    if (guarded == 0 || guarded > SLOTS) _exit(94);
    for (unsigned i = 0; i < 4 * SLOTS; i++) {
        size_t size = i % 2 ? ODD : i * 17 % 4097;
        held[i] = realloc(held[i], size + 50);
        for (size_t k = 0; k < size; k++)
            if (held[i][k] != (char)i) _exit(95);
        free(held[i]);
    }
    for (size_t align = 16; align <= 8192; align *= 2)
        for (size_t size = 1; size < 5000; size = size * 2 + 1) {
            void *p = aligned_alloc(align, size);
            if (!p || (uintptr_t)p % align) _exit(96);
            free(memset(p, 1, size));
        }
    _exit(0);
}

static sigjmp_buf again;
static volatile uintptr_t seen;

static void own_handler(int number, siginfo_t *info, void *context) {
    (void)number, (void)context;
    seen = (uintptr_t)info->si_addr;
    siglongjmp(again, 1);
}

/* The program's handler was there first, and gets all faults but those in the slots, each time. */
static void keep_own_handler(void) {
    struct sigaction own = {.sa_sigaction = own_handler, .sa_flags = SA_SIGINFO};
    if (!heapalloc_option_set) _exit(97);
    sigaction(SIGSEGV, &own, NULL);
    if (!heapalloc_option_set("guard", "1/1")) _exit(97);
    for (volatile uintptr_t address = 16; address < 64; address += 16) {
        if (sigsetjmp(again, 1) == 0) *(volatile char *)address = 1;
        if (seen != address) _exit(98);
    }
    read_freed();
}

static void *use_in_thread(void *unused) {
    for (int i = 0; i < 2000; i++) {
        char *p = malloc((size_t)(i % 300 + 1)), *q = calloc(1, ODD);
        if (!p || !q || q[ODD - 1]) _exit(99);
        memset(p, i, (size_t)(i % 300 + 1));
        free(q);
        free(p);
    }
    return unused;
}

static void use_in_threads(void) {
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, use_in_thread, NULL)) _exit(99);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    _exit(heapalloc_verify && heapalloc_verify() ? 99 : 0);
}

static void be_walked(void) {
    char *p = take_guarded(ANYWHERE);
    if (!is_found(p)) _exit(99);
    free(p);
    _exit(is_found(p) ? 98 : 0);
}

/* With 1/50 some 400 of 20,000 blocks are guarded, of whatever size. */
static void be_one_in_fifty(void) {
    unsigned guarded = 0;
    if (!heapalloc_option_set("guard", "1/50")) _exit(97);
    for (unsigned i = 0; i < 20000 && !is_hardened; i++) {
        void *p = malloc(ODD), *q = malloc(i % 4000);
        guarded += (unsigned)is_guarded(p);
        free(p);
        free(q);
    }
    _exit(is_hardened || (guarded >= 300 && guarded <= 500) ? 0 : 99);
}

/* ------------------------------------------------------------ the cases */

static const struct guard_case {
    const char *name;
    void (*run)(void);
    int signal;         /* that ends it; 0: it ends well */
    const char *report; /* what it writes to stderr, a pattern */
} cases[] = {
    {"read of a freed block", read_freed, SIGABRT,
     "heapalloc[[]*]: fault: 0x* is in a block of * bytes at 0x* that was freed, at *+0x*, allocated by *+0x*, "
     "freed by *+0x*\n" NEXT ALLOCATED FREED},
    {"write beyond the page", write_beyond, SIGABRT,
     "heapalloc[[]*]: fault: 0x* is * bytes beyond the end of a block of * bytes at 0x*, at *+0x*, "
     "allocated by *+0x*\n" NEXT ALLOCATED},
    {"write before the page", write_before, SIGABRT,
     "heapalloc[[]*]: fault: 0x* is 1 bytes before the start of a block of * bytes at 0x*, at *+0x*, "
     "allocated by *+0x*\n" NEXT ALLOCATED},
    {"byte beyond the block", write_one_beyond, SIGABRT,
     "heapalloc[[]*]: free(): 0x* was written to beyond its end*, called from *+0x*, allocated by *+0x*\n" NEXT
         ALLOCATED},
    {"byte before the block", write_one_before, SIGABRT,
     "heapalloc[[]*]: realloc(): 0x* was written to *, called from *+0x*, allocated by "
     "*+0x*\n" NEXT ALLOCATED},
    {"double free", free_twice, SIGABRT,
     "heapalloc[[]*]: free(): 0x* is already free, called from *+0x*, allocated by *+0x*, freed by "
     "*+0x*\n" NEXT ALLOCATED FREED},
    {"double free in a child", free_twice_in_child, SIGABRT,
     "heapalloc[[]*]: free(): 0x* is already free, called from *+0x*, allocated by *+0x*, freed by "
     "*+0x*\n" NEXT ALLOCATED FREED},
    {"free inside a block", free_inside, SIGABRT,
     "heapalloc[[]*]: free(): 0x* is in the middle of a block of * bytes at 0x*, called from *+0x**\n" NEXT "*"},
    {"fault elsewhere", fault_elsewhere, SIGSEGV, ""},
    {"signal that is sent", be_sent_a_fault, SIGSEGV, ""},
    {"the program's own handler", keep_own_handler, SIGABRT, "heapalloc[[]*]: fault: 0x* that was freed, at *"},
    {"what is allowed", use_as_allowed, 0, ""},
    {"threads", use_in_threads, 0, ""},
    {"a walk", be_walked, 0, ""},
    {"one in fifty", be_one_in_fifty, 0, ""},
};

static void judge(const struct guard_case *c, int status, const char *text) {
    int ended = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    int well = ended == c->signal && (ended || WEXITSTATUS(status) == 0) && fnmatch(c->report, text, 0) == 0;
    printf("%s - %s\n", well ? "ok" : "not ok", c->name);
    if (well) return;
    printf("  status 0x%x, wrote: %s\n", (unsigned)status, text);
    failures++;
}

static void run(const struct guard_case *c) {
    static char text[TEXT];
    int ends[2], status;
    size_t length = 0;
    fflush(stdout);
    if (pipe(ends) != 0) exit(2);
    pid_t child = fork();
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        if (dup2(ends[1], 2) != 2) _exit(89);
        close(ends[0]);
        close(ends[1]);
        alarm(60);
        c->run();
        _exit(88);
    }
    close(ends[1]);
    for (ssize_t got; (got = read(ends[0], text + length, TEXT - 1 - length)) > 0;) length += (size_t)got;
    close(ends[0]);
    text[length] = 0;
    if (child < 0 || waitpid(child, &status, 0) != child) exit(2);
    judge(c, status, text);
}

int main(int argc, char **argv) {
    is_hardened = argc > 1 && strcmp(argv[1], "hardened") == 0;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) run(&cases[i]);
    return failures > 0;
}
