/* How the core stops a program: one sentence, then port_stop().
 *
 * check_misuse: the caller's fault, found where memory comes from outside. Always compiled, O(1).
 * debug_check:  our fault; evaluated in debug builds only, but compiled in all of them, so that it cannot rot. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "base/bits.h"
#include "base/config.h"

/* `function` is the public name that was called, `sentence` goes after the pointer: "is no root". */
_Noreturn COLD void check_misuse(const char *function, const void *pointer, const char *sentence);

/* The sentences of several checks: "is already free", and "was written to after it was freed: corrupted list". */
_Noreturn COLD void check_already_free(const char *function, const void *pointer);
_Noreturn COLD void check_corrupted_list(const char *function, const void *pointer);

/* The same for a pointer into a block: "is in the middle of a block of N bytes at 0x...". */
_Noreturn COLD void check_interior(const char *function, const void *pointer, const void *block, size_t block_bytes);

/* Check that `place`, which the caller writes to or reads from, may be one of `type`s: no small number, as NULL is, and
 * aligned. */
#define check_place(function, place, type, sentence)                                  \
    ((uintptr_t)(place) < CHECK_PLACE_MIN || (uintptr_t)(place) % _Alignof(type) != 0 \
         ? check_misuse(function, place, sentence)                                    \
         : (void)0)
enum { CHECK_PLACE_MIN = 4096 };

/* The block that the sentence is about, for a world that knows more of it. */
extern const void *check_subject __attribute__((visibility("hidden")));

_Noreturn COLD void check_failed(const char *condition, const char *file, int line);

#define debug_check(x) ((!config_debug || (x)) ? (void)0 : check_failed(#x, __FILE__, __LINE__))
