/* The program's action for SIGSEGV while there are guard slots: all is as the kernel alone would do it.
 *
 * Each case runs in two children, one that asks for guard slots after it has set its action and one that does not, and
 * both must end in the same way and leave the same record. Preload the library to be tested, with HEAPALLOC unset. */
/* SPDX-License-Identifier: MIT */
#include "weak.h"
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STACK_BYTES = 64 * 1024, TURNS = 3 };

/* What a handler saw, in memory that parent and child share. */
static struct record {
    unsigned calls, blocked[TURNS][3]; /* SIGSEGV, SIGUSR1, SIGUSR2 during each call */
    unsigned on_stack[TURNS], is_fault[TURNS];
    uintptr_t address[TURNS];
    unsigned blocked_after[3]; /* once the last call has returned */
} * record;

static char stack[STACK_BYTES] __attribute__((aligned(16)));
static sigjmp_buf again;

static void note_blocked(unsigned blocked[3]) {
    sigset_t mask;
    sigprocmask(SIG_SETMASK, NULL, &mask);
    blocked[0] = (unsigned)sigismember(&mask, SIGSEGV);
    blocked[1] = (unsigned)sigismember(&mask, SIGUSR1);
    blocked[2] = (unsigned)sigismember(&mask, SIGUSR2);
}

static void note(const void *here) {
    if (record->calls == TURNS) _exit(90);
    note_blocked(record->blocked[record->calls]);
    record->on_stack[record->calls] = (uintptr_t)here - (uintptr_t)stack < STACK_BYTES;
}

static void on_signal(int number, siginfo_t *info, void *context) {
    (void)number;
    note(&context);
    record->is_fault[record->calls] = info->si_code > 0;
    record->address[record->calls] = info->si_code > 0 ? (uintptr_t)info->si_addr : 0;
    record->calls++;
    if (info->si_code > 0) siglongjmp(again, 1);
}

static void on_plain_signal(int number) {
    note(&number);
    if (record->calls++ > 0) _exit(91);
}

/* ------------------------------------------------------------ cases */

enum handler { OWN, OWN_PLAIN, DEFAULT, IGNORED };

static const struct action_case {
    const char *name;
    enum handler handler;
    int flags;
    int masks; /* SIGUSR1 is in sa_mask */
    int sent;  /* by kill(), instead of a fault */
} cases[] = {
    {"handler, fault", OWN, 0, 0, 0},
    {"handler, sent", OWN, 0, 0, 1},
    {"sa_mask, fault", OWN, 0, 1, 0},
    {"sa_mask, sent", OWN, 0, 1, 1},
    {"SA_NODEFER, fault", OWN, SA_NODEFER, 0, 0},
    {"SA_NODEFER and sa_mask, sent", OWN, SA_NODEFER, 1, 1},
    {"SA_ONSTACK, fault", OWN, SA_ONSTACK, 0, 0},
    {"SA_ONSTACK and sa_mask, sent", OWN, SA_ONSTACK, 1, 1},
    {"SA_RESETHAND, fault", OWN, SA_RESETHAND, 0, 0},
    {"SA_RESETHAND, sent", OWN, SA_RESETHAND, 1, 1},
    {"SA_RESETHAND and SA_NODEFER, fault", OWN, SA_RESETHAND | SA_NODEFER, 1, 0},
    {"every flag, fault", OWN, SA_RESETHAND | SA_NODEFER | SA_ONSTACK | SA_RESTART, 1, 0},
    {"handler without SA_SIGINFO, sent", OWN_PLAIN, 0, 1, 1},
    {"SIG_DFL, fault", DEFAULT, 0, 0, 0},
    {"SIG_DFL, sent", DEFAULT, 0, 0, 1},
    {"SIG_IGN, fault", IGNORED, 0, 0, 0},
    {"SIG_IGN, sent", IGNORED, 0, 0, 1},
};

static void set_action(const struct action_case *c) {
    struct sigaction action = {.sa_flags = c->flags};
    sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = STACK_BYTES}, NULL);
    if (c->masks) sigaddset(&action.sa_mask, SIGUSR1);
    action.sa_handler = c->handler == IGNORED ? SIG_IGN : SIG_DFL;
    if (c->handler == OWN_PLAIN) action.sa_handler = on_plain_signal;
    if (c->handler == OWN) {
        action.sa_flags |= SA_SIGINFO;
        action.sa_sigaction = on_signal;
    }
    if (sigaction(SIGSEGV, &action, NULL) != 0) _exit(92);
}

/* In a child: each turn a fault, or a signal that is sent. */
static void play(const struct action_case *c, int guarded) {
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    alarm(60);
    set_action(c);
    if (guarded && (!heapalloc_option_set || !heapalloc_option_set("guard", "1/1"))) _exit(93);
    unsigned turns = c->handler == OWN_PLAIN ? 1 : TURNS;
    for (volatile unsigned turn = 0; turn < turns; turn++) {
        if (c->sent)
            kill(getpid(), SIGSEGV);
        else if (sigsetjmp(again, 1) == 0)
            *(volatile char *)(16 * (uintptr_t)(turn + 1)) = 1;
    }
    note_blocked(record->blocked_after);
    _exit(0);
}

static int status_of(const struct action_case *c, int guarded) {
    int status;
    memset(record, 0, sizeof(*record));
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) play(c, guarded);
    if (child < 0 || waitpid(child, &status, 0) != child) exit(2);
    return status;
}

int main(void) {
    unsigned failures = 0;
    record = mmap(NULL, sizeof(*record), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (record == MAP_FAILED) return 2;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int wanted = status_of(&cases[i], 0);
        struct record first = *record;
        int status = status_of(&cases[i], 1);
        int well = status == wanted && memcmp(&first, record, sizeof first) == 0;
        printf("%s - %s (status 0x%x, %u calls; without guard slots 0x%x, %u)\n", well ? "ok" : "not ok", cases[i].name,
               (unsigned)status, record->calls, (unsigned)wanted, first.calls);
        failures += !well;
    }
    return failures > 0;
}
