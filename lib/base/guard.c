/* Guards behind the blocks of a checked build. */
/* SPDX-License-Identifier: MIT */
#include "base/guard.h"
#include "base/memory.h"

enum { FREED = 0xdd, BEHIND = 0xa5 };

/* [ size ][ BEHIND ... ][ guard ] */
void guard_set(void *p, size_t bytes, size_t size, const void *caller) {
    debug_check(size < bytes && bytes >= GUARD_BYTES);
    struct guard *guard = guard_of(p, bytes);
    memset((char *)p + size, BEHIND, (size_t)((char *)guard - (char *)p) - size);
    *guard = (struct guard){caller, size};
}

size_t guard_check(const char *function, void *p, size_t bytes) {
    const struct guard *guard = guard_of(p, bytes);
    const unsigned char *end = (const unsigned char *)guard, *at = end;
    bool holds = guard->size < (size_t)(end - (unsigned char *)p);
    if (holds)
        for (at = (unsigned char *)p + guard->size; at < end && *at == BEHIND;) at++;
    if (!holds || at < end) check_misuse(function, p, "was written to behind its end");
    return guard->size;
}

void guard_poison(void *p, size_t bytes) {
    memset(p, FREED, bytes);
}
