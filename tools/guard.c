/* Faults that do not end the program. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "guard.h"
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where to continue when an access, or a step, fails; NULL: none is under way. The program has one thread. */
static sigjmp_buf *volatile access_under_way, *volatile step_under_way;
static char sentence[320];

/* A word at any address. */
typedef uint64_t __attribute__((aligned(1), may_alias)) word_anywhere;

#define NO_SANITIZER __attribute__((no_sanitize("address", "undefined")))

static void on_fault(int number) {
    if (access_under_way) siglongjmp(*access_under_way, 1);
    if (step_under_way) {
        strcpy(sentence, "it went to an address where no memory is, led there by damaged tables");
        siglongjmp(*step_under_way, 1);
    }
    signal(number, SIG_DFL); /* a fault in our own code: it recurs, and ends the program */
}

void guard_begin(void) {
    struct sigaction action = {.sa_handler = on_fault};
    sigemptyset(&action.sa_mask);
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
}

/* Read a word to `to`, or write the one at `from`; the other is NULL. False: no memory is there. */
static NO_SANITIZER bool guard_access(uintptr_t address, uint64_t *to, const uint64_t *from) {
    sigjmp_buf here;
    bool done = false;
    if (sigsetjmp(here, 1) == 0) {
        access_under_way = &here;
        volatile word_anywhere *word = (volatile word_anywhere *)address;
        if (to)
            *to = *word;
        else
            *word = *from;
        done = true;
    }
    access_under_way = NULL;
    return done;
}

bool guard_load(uintptr_t address, uint64_t *word) {
    return guard_access(address, word, NULL);
}

bool guard_store(uintptr_t address, uint64_t word) {
    return guard_access(address, NULL, &word);
}

const char *guard_attempt(void (*step)(void *context), void *context) {
    sigjmp_buf here;
    if (sigsetjmp(here, 1) == 0) {
        step_under_way = &here;
        step(context);
        step_under_way = NULL;
        return NULL;
    }
    step_under_way = NULL;
    return sentence;
}

void guard_stop(const char *text, size_t length) {
    if (length > 0 && text[length - 1] == '\n') length--;
    if (!step_under_way) {
        fprintf(stderr, "heapalloc: %.*s\n", (int)length, text);
        abort();
    }
    if (length > sizeof(sentence) - 1) length = sizeof(sentence) - 1;
    memcpy(sentence, text, length);
    sentence[length] = 0;
    siglongjmp(*step_under_way, 1);
}
