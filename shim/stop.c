/* Ends a program that misused its heap: prints one sentence on stderr, with the caller, then raises SIGABRT. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "stop.h"
#include "base/bits.h"
#include "caller.h"
#include "guard_slots.h"
#include "heap/fast.h"
#include "maps.h"
#include "profile.h"
#include "profile_past.h"
#include "report.h"
#include "syscall.h"
#include <heapalloc/port.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The last message, for debuggers and readers of core files: `p heapalloc_last_message`. */
char heapalloc_last_message[320] __attribute__((visibility("default")));

enum { CALLER_BYTES = 80, OTHER_WAIT_MS = 1000 };

uintptr_t stop_fault_pc;

/* The thread that is ending the program, or 0. */
static int stopping;

static size_t add_pid(char *to, long pid) {
    char digits[20];
    size_t count = 0, length = 0;
    do digits[count++] = (char)('0' + pid % 10);
    while ((pid /= 10) > 0);
    while (count > 0) to[length++] = digits[--count];
    return length;
}

static size_t stop_begin(char *message) {
    size_t at = 0;
    for (const char *c = "heapalloc["; *c; c++) message[at++] = *c;
    at += add_pid(message + at, syscall_6(SYS_getpid, 0, 0, 0, 0, 0, 0));
    for (const char *c = "]: "; *c; c++) message[at++] = *c;
    return at;
}

/* Let one thread print. Another waits for the program's end, but not for ever: a handler of SIGABRT may longjmp. */
static void stop_alone(void) {
    const struct timespec pause = {0, 1000000};
    int self = (int)syscall_6(SYS_gettid, 0, 0, 0, 0, 0, 0), other = 0;
    for (int ms = 0; ms < OTHER_WAIT_MS; ms++, other = 0) {
        if (__atomic_compare_exchange_n(&stopping, &other, self, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) return;
        if (other == self) return;
        syscall_6(SYS_nanosleep, (long)&pause, 0, 0, 0, 0, 0);
    }
    __atomic_store_n(&stopping, self, __ATOMIC_RELEASE);
}

static size_t stop_write(const char *message, size_t from, size_t to) {
    syscall_6(SYS_write, 2, (long)(message + from), (long)(to - from), 0, 0, 0);
    return to;
}

static size_t stop_add(char *message, size_t at, const char *text, size_t length) {
    for (size_t i = 0; i < length && at < sizeof(heapalloc_last_message) - 2; i++) message[at++] = text[i];
    return at;
}

static size_t stop_add_place(char *message, size_t at, const char *what, uintptr_t pc) {
    char place[CALLER_BYTES];
    size_t bytes = pc ? caller_name(pc, place, sizeof(place)) : 0;
    if (bytes == 0) return at;
    at = stop_add(message, at, what, strlen(what));
    return stop_add(message, at, place, bytes);
}

/* What a guard slot or the profiler knows about a block. */
static bool stop_past(const void *block, uintptr_t *allocated_by, uintptr_t *freed_by) {
    struct guard_about about;
    if (!block) return false;
    if (!guard_about(block, &about) || about.block != block)
        return profile_samples_each() && profile_about(block, allocated_by, freed_by);
    *allocated_by = about.allocated.count > 0 ? about.allocated.pcs[0] : 0;
    *freed_by = about.freed.count > 0 ? about.freed.pcs[0] : 0;
    return true;
}

static size_t stop_add_past(char *message, size_t at, const void *block) {
    uintptr_t allocated_by, freed_by;
    if (!stop_past(block, &allocated_by, &freed_by)) return at;
    at = stop_add_place(message, at, ", allocated by ", allocated_by);
    return stop_add_place(message, at, ", freed by ", freed_by);
}

/* Append a text to a line of CALLER_BYTES * 4 bytes. */
static size_t stop_next_add(char *line, size_t at, const char *text, size_t length) {
    for (size_t i = 0; i < length && at < CALLER_BYTES * 4; i++) line[at++] = text[i];
    return at;
}

/* Say what to do next: how to find the line of code at `place`, "module+0x1181", and who had the block. It is a line of
 * its own, not a part of heapalloc_last_message. */
static void stop_tell_next(const char *place, size_t place_bytes, bool block_is_known) {
    static const char begin[] = "  next: ", name[] = "addr2line -Cfe ", names[] = " names the line",
                      more[] = "HEAPALLOC=profile=/dev/null,profile_bytes=1 says who had it";
    char line[CALLER_BYTES * 4];
    bool can_know = config_safety != SAFETY_FAST && !block_is_known;
    size_t at = stop_next_add(line, 0, begin, sizeof(begin) - 1), plus = 0;
    while (plus < place_bytes && place[plus] != '+') plus++;
    if (plus < place_bytes) {
        at = stop_next_add(line, at, name, sizeof(name) - 1);
        at = stop_next_add(line, at, place, plus);
        at = stop_next_add(line, at, " ", 1);
        at = stop_next_add(line, at, place + plus + 1, place_bytes - plus - 1);
        at = stop_next_add(line, at, names, sizeof(names) - 1);
        if (can_know) at = stop_next_add(line, at, "; ", 2);
    } else if (!can_know) {
        return;
    }
    if (can_know) at = stop_next_add(line, at, more, sizeof(more) - 1);
    at = stop_next_add(line, at, "\n", 1);
    stop_write(line, 0, at);
}

/* A line for each stack that a guard slot has of the block. */
static void stop_tell_stack(const char *what, const struct guard_stack *stack) {
    struct report report = {0};
    if (stack->count == 0) return;
    report_add(&report, what);
    report_add_number(&report, stack->thread, 1);
    report_add(&report, ":");
    for (uint32_t i = 0; i < stack->count; i++) {
        char place[CALLER_BYTES + 1];
        place[caller_name(stack->pcs[i], place, CALLER_BYTES)] = 0;
        report_add(&report, " ");
        report_add(&report, place);
    }
    report_add(&report, "\n");
    report_write(&report, 2);
}

static void stop_tell_stacks(const void *block) {
    struct guard_about about;
    if (!block || !guard_about(block, &about) || about.block != block) return;
    stop_tell_stack("  allocated by thread ", &about.allocated);
    stop_tell_stack("  freed by thread ", &about.freed);
}

/* Writes the sentence before it looks for the caller: a system call filter may end the program for opening
 * /proc/self/maps, but the sentence is already out. */
_Noreturn void port_stop(const char *text, size_t length) {
    char *message = heapalloc_last_message;
    const void *block = check_subject;
    check_subject = NULL;
    stop_alone();
    size_t at = stop_begin(message), said = 0;
    if (length > 0 && text[length - 1] == '\n') length--;
    for (size_t i = 0; i < length && at < sizeof(heapalloc_last_message) - 2; i++) message[at++] = text[i];
    message[at] = 0;
    said = stop_write(message, said, at);
    char place[CALLER_BYTES];
    uintptr_t fault = stop_fault_pc;
    size_t place_bytes = fault ? caller_name(fault + 1, place, sizeof(place)) : caller_write(place, sizeof(place));
    const char *where = fault ? ", at " : ", called from ";
    if (place_bytes > 0) at = stop_add(message, at, where, strlen(where));
    at = stop_add(message, at, place, place_bytes);
    said = stop_write(message, said, at);
    size_t place_end = at;
    at = stop_add_past(message, at, block);
    bool block_is_known = at > place_end;
    message[at++] = '\n';
    message[at] = 0;
    stop_write(message, said, at);
    stop_tell_next(place, place_bytes, block_is_known);
    stop_tell_stacks(block);
    abort();
}

/* A pointer, and an address on the calling thread's stack. */
struct stop_stack {
    uintptr_t p, here;
};

/* True when `p` is on the main stack, or in the mapping of the calling thread's stack. */
static bool is_stack(const struct maps_line *line, void *to) {
    const struct stop_stack *stack = to;
    if (stack->p < line->from || stack->p >= line->to) return false;
    static const char name[] = "[stack";
    size_t i = 0;
    while (name[i] && line->path[i] == name[i]) i++;
    return !name[i] || (stack->here >= line->from && stack->here < line->to);
}

bool port_on_stack(const void *p) {
    struct stop_stack stack = {(uintptr_t)p, (uintptr_t)__builtin_frame_address(0)};
    return maps_find(is_stack, &stack);
}
