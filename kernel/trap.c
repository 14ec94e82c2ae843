/* Exceptions: interrupts call their handler, expected faults go to their fix-up, all others panic. */
/* SPDX-License-Identifier: MIT */
#include "gic.h"
#include "monitor.h"
#include "panic.h"
#include <stddef.h>

_Static_assert(sizeof(struct trap_frame) == FRAME_BYTES, "vectors.S makes the frame");
_Static_assert(offsetof(struct trap_frame, elr) == FRAME_ELR, "vectors.S fills the frame");

/* One per instruction of guarded.S that may fault; both words are distances from themselves. */
struct fixup {
    int32_t fault;
    int32_t landing;
};

extern const struct fixup __fixups_start[], __fixups_end[];

static uint64_t target_of(const int32_t *distance) {
    return (uintptr_t)distance + (uint64_t)(int64_t)*distance;
}

static uint64_t landing_of(uint64_t fault) {
    for (const struct fixup *fixup = __fixups_start; fixup < __fixups_end; fixup++)
        if (target_of(&fixup->fault) == fault) return target_of(&fixup->landing);
    return 0;
}

static const char *name_of_exception(uint64_t esr) {
    switch (esr >> 26) {
    case 0x00: return "undefined instruction";
    case 0x07: return "floating point or SIMD instruction";
    case 0x0e: return "illegal execution state";
    case 0x20:
    case 0x21: return "fetch from an address that is not code";
    case 0x22: return "jump to an unaligned address";
    case 0x24:
    case 0x25: return (esr & 1 << 6) != 0 ? "write to a bad address" : "read from a bad address";
    case 0x26: return "unaligned stack pointer";
    case 0x3c: return "breakpoint: a check of the compiler or of ours failed";
    default: return "unexpected exception";
    }
}

void trap(struct trap_frame *frame, uint64_t kind);

void trap(struct trap_frame *frame, uint64_t kind) {
    uint64_t landing;

    switch (kind) {
    case TRAP_IRQ: gic_handle(); return;
    case TRAP_SYNC:
        landing = landing_of(frame->elr);
        if (landing == 0) {
            monitor_catch("it went to an address where no memory is, led there by damaged tables");
            panic_frame(name_of_exception(frame->esr), frame);
        }
        frame->elr = landing;
        return;
    case TRAP_SERROR: panic_frame("system error from the memory system", frame);
    case TRAP_FIQ: panic_frame("fast interrupt, though none is enabled", frame);
    default: panic_frame("exception from a level we do not use", frame);
    }
}
