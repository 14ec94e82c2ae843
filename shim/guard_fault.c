/* Faults in the guard slots end the program with a sentence; all others are the program's.
 *
 * The handler is installed when the slots are mapped, as a rule before the program installs any. A program that
 * replaces it gets all faults itself; one that keeps what it finds there gets the same signals as without it. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "guard_fault.h"
#include "base/check.h"
#include "base/text.h"
#include "guard_slots.h"
#include "stop.h"
#include "syscall.h"
#include <heapalloc/port.h>
#include <signal.h>
#include <ucontext.h>

static struct sigaction before; /* the program's */

static uintptr_t pc_of(const ucontext_t *context) {
#if defined(__x86_64__)
    return (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
    return (uintptr_t)context->uc_mcontext.pc;
#else
    return (uintptr_t)context->uc_mcontext.__gregs[REG_PC];
#endif
}

static void add_block(struct text *text, const struct guard_about *about) {
    text_add(text, " a block of ");
    text_add_number(text, about->bytes);
    text_add(text, " bytes at ");
    text_add_address(text, about->block);
}

static _Noreturn void end_at(const char *p, const ucontext_t *context) {
    struct guard_about about;
    struct text text = {0};
    text_add(&text, "fault: ");
    text_add_address(&text, p);
    if (!guard_about(p, &about) || !about.block) {
        text_add(&text, " is not ours");
    } else if (!about.used) {
        text_add(&text, " is in");
        add_block(&text, &about);
        text_add(&text, " that was freed");
    } else {
        bool beyond = p >= about.block;
        text_add(&text, " is ");
        text_add_number(&text, beyond ? (size_t)(p - about.block) - about.bytes : (size_t)(about.block - p));
        text_add(&text, beyond ? " bytes beyond the end of" : " bytes before the start of");
        add_block(&text, &about);
    }
    text_add(&text, "\n");
    check_subject = about.block;
    stop_fault_pc = pc_of(context);
    port_stop(text.chars, text.length);
}

/* Do as the kernel would have done. A fault comes again when this returns; a signal that was sent is sent again. */
static void pass_on(int number, siginfo_t *info, void *context) {
    struct sigaction usual = {.sa_handler = SIG_DFL}, theirs = before;
    bool was_sent = info->si_code <= 0;
    if (theirs.sa_handler != SIG_DFL && theirs.sa_handler != SIG_IGN) {
        if (theirs.sa_flags & SA_RESETHAND) before = usual;
        theirs.sa_sigaction(number, info, context); /* one that takes only the number ignores the rest */
        return;
    }
    if (was_sent && theirs.sa_handler == SIG_IGN) return;
    sigaction(number, &usual, NULL);
    if (!was_sent) return;
    long process = syscall_6(SYS_getpid, 0, 0, 0, 0, 0, 0), thread = syscall_6(SYS_gettid, 0, 0, 0, 0, 0, 0);
    syscall_6(SYS_rt_tgsigqueueinfo, process, thread, number, (long)info, 0, 0);
}

static void on_fault(int number, siginfo_t *info, void *context) {
    if (info->si_code > 0 && guard_has(info->si_addr)) end_at(info->si_addr, context);
    pass_on(number, info, context);
}

COLD void guard_watch(void) {
    struct sigaction ours;
    if (sigaction(SIGSEGV, NULL, &ours) != 0 || ours.sa_sigaction == on_fault) return;
    before = ours;
    /* The mask stays the program's, and so does the stack where it has a handler. */
    bool theirs = before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN;
    ours.sa_sigaction = on_fault;
    ours.sa_flags = SA_SIGINFO | (theirs ? before.sa_flags & (SA_NODEFER | SA_RESTART | SA_ONSTACK) : SA_ONSTACK);
    if (before.sa_handler == SIG_IGN) ours.sa_flags |= SA_RESTART;
    sigaction(SIGSEGV, &ours, NULL);
}
