/* The misuse program: `misuse CASE SIZE VIA PLACE` does one misuse and writes the expected result to fd 1; `misuse
 * --list` lists the cases for the runner. */
/* SPDX-License-Identifier: MIT */
#include "misuse.h"
#include <malloc.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

/* Absent in glibc 2.36 or in a program without C++; then free is called instead. */
void free_sized(void *pointer, size_t size) __attribute__((weak));
void _ZdlPv(void *pointer) __attribute__((weak));

extern const struct misuse_case *const __start_misuse_cases[];
extern const struct misuse_case *const __stop_misuse_cases[];

static const char *via_asked, *place_asked;

/* ------------------------------------------------------------ what is expected */

static void say(const char *text, int length) {
    if (length < 0 || write(1, text, (size_t)length) != length) _exit(96);
}

static void say_pattern(const void *pointer, const char *sentence) {
    char text[200];
    say(text, snprintf(text, sizeof text, "caught %d 0x%lx %s\n", (int)getpid(), (unsigned long)(uintptr_t)pointer,
                       sentence));
}

void say_caught(const void *pointer, unsigned sentences) {
    if (sentences & NOT_OURS) say_pattern(pointer, "is not ours");
    if (sentences & ON_A_STACK) say_pattern(pointer, "is on a stack");
    if (sentences & IN_THE_MIDDLE) say_pattern(pointer, "is in the middle of a block of * bytes at 0x*");
    if (sentences & ALREADY_FREE) say_pattern(pointer, "is already free");
}

void say_interior(const void *pointer, const void *block) {
    enum { CANARY_BYTES = 8 }; /* the hardened build's, in addition to the block's contents */
    char text[100];
    for (size_t more = 0; more <= CANARY_BYTES; more += CANARY_BYTES) {
        snprintf(text, sizeof text, "is in the middle of a block of %zu bytes at 0x%lx",
                 malloc_usable_size((void *)(uintptr_t)block) + more, (unsigned long)(uintptr_t)block);
        say_pattern(pointer, text);
    }
}

void say_caught_late(void) {
    say("late\n", 5);
}

void say_caught_told(void) {
    say("told\n", 5);
}

void say_caught_object(const char *function, const void *pointer, const char *rest) {
    char text[200];
    say(text, snprintf(text, sizeof text, "object %s 0x%lx %s\n", function, (unsigned long)(uintptr_t)pointer, rest));
}

void say_harmless(void) {
    say("harmless\n", 9);
}

void say_clean(void) {
    say("clean\n", 6);
}

void not_caught(void) {
    say("not caught\n", 11);
    _exit(98);
}

void harm(const char *what, const void *pointer) {
    char text[200];
    say(text, snprintf(text, sizeof text, "HARM: %s at %p\n", what, pointer));
    _exit(99);
}

/* ------------------------------------------------------------ ways and places */

struct call {
    void (*work)(void *);
    void *argument;
};

static void *call_in_thread(void *call) {
    ((struct call *)call)->work(((struct call *)call)->argument);
    return NULL;
}

void in_other_thread(void (*work)(void *), void *argument) {
    pthread_t thread;
    struct call call = {work, argument};
    if (pthread_create(&thread, NULL, call_in_thread, &call) != 0 || pthread_join(thread, NULL) != 0) _exit(95);
}

static sem_t work_given, work_done;
static struct call work_of_helper;
static pid_t helper_process;

static void *help(void *unused) {
    for (;;) {
        sem_wait(&work_given);
        work_of_helper.work(work_of_helper.argument);
        sem_post(&work_done);
    }
    return unused;
}

void start_helper(void) {
    pthread_t thread;
    if (helper_process == getpid()) return;
    sem_init(&work_given, 0, 0);
    sem_init(&work_done, 0, 0);
    helper_process = getpid();
    if (pthread_create(&thread, NULL, help, NULL) != 0) _exit(95);
}

void in_helper(void (*work)(void *), void *argument) {
    if (getpid() != helper_process) {
        in_other_thread(work, argument); /* a forked child has no helper */
        return;
    }
    work_of_helper = (struct call){work, argument};
    sem_post(&work_given);
    sem_wait(&work_done);
}

void in_asked_thread(void (*work)(void *), void *argument) {
    if (strcmp(place_asked, "cross") == 0)
        in_helper(work, argument);
    else
        work(argument);
}

struct gift {
    void *pointer;
    size_t size, new_size; /* new_size: for realloc */
};

static void give_gift(void *argument) {
    struct gift *gift = argument;
    if (strcmp(via_asked, "realloc") == 0)
        gift->pointer = realloc(gift->pointer, gift->new_size);
    else if (strcmp(via_asked, "free_sized") == 0 && free_sized != NULL)
        free_sized(gift->pointer, gift->size);
    else if (strcmp(via_asked, "delete") == 0 && _ZdlPv != NULL)
        _ZdlPv(gift->pointer);
    else if (strcmp(via_asked, "usable_size") == 0)
        gift->size = malloc_usable_size(gift->pointer);
    else
        free(gift->pointer);
}

void give(void *pointer, size_t size) {
    in_asked_thread(give_gift, &(struct gift){pointer, size, 0});
}

void misuse(void *pointer, size_t size) {
    in_asked_thread(give_gift, &(struct gift){pointer, size, size * 2 + 1});
}

char *take(size_t size) {
    char *pointer = malloc(size);
    __asm__ volatile("" : "+r"(pointer) : : "memory");
    if (pointer == NULL) harm("malloc failed", pointer);
    return pointer;
}

static void end_well(int signal) {
    (void)signal;
    _exit(0);
}

void stale_access_begins(void) {
    signal(SIGSEGV, end_well);
}

void stale_access_ends(void) {
    signal(SIGSEGV, SIG_DFL);
}

/* ------------------------------------------------------------ the command line */

static int list(void) {
    for (const struct misuse_case *const *c = __start_misuse_cases; c < __stop_misuse_cases; c++)
        printf("%s %s %zu %zu %u\n", (*c)->group, (*c)->name, (*c)->size_min, (*c)->size_max, (*c)->variants);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "--list") == 0) return list();
    if (argc != 5) return 2;
    via_asked = argv[3];
    place_asked = argv[4];
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    if (strcmp(place_asked, "cross") == 0) start_helper();
    for (const struct misuse_case *const *c = __start_misuse_cases; c < __stop_misuse_cases; c++)
        if (strcmp((*c)->name, argv[1]) == 0) {
            (*c)->run(strtoul(argv[2], NULL, 0));
            _exit(0);
        }
    return 2;
}
