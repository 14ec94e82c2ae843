/* C++17's operators new under their mangled names, on the fast paths.
 *
 * A program may replace the plain forms alone, and the other forms must then call its replacements. So they call the
 * plain forms by their public names, which costs one jump; the nothrow ones check whether the plain one is still ours.
 *
 * C cannot throw. When there is no memory, libstdc++'s functions call the new-handler and throw bad_alloc. They are
 * weak references here, and looked up by name when libstdc++ was loaded after this library. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "new.h"
#include "cxx.h"
#include "events_run.h"
#include "heap/fast.h"
#include "heap/hardened.h"
#include "next.h"
#include <dlfcn.h>
#include <heapalloc/port.h>

typedef void (*new_handler)(void);

extern new_handler get_new_handler(void) __asm__("_ZSt15get_new_handlerv") __attribute__((weak));
extern _Noreturn void throw_bad_alloc(void) __asm__("_ZSt17__throw_bad_allocv") __attribute__((weak));

void *new_one(size_t size) CXX("_Znwm");
void *new_many(size_t size) CXX("_Znam");
void *new_one_nothrow(size_t size, const void *nothrow) CXX("_ZnwmRKSt9nothrow_t");
void *new_many_nothrow(size_t size, const void *nothrow) CXX("_ZnamRKSt9nothrow_t");
void *new_one_aligned(size_t size, size_t align) CXX("_ZnwmSt11align_val_t");
void *new_many_aligned(size_t size, size_t align) CXX("_ZnamSt11align_val_t");
void *new_one_aligned_nothrow(size_t size, size_t align, const void *nothrow) CXX("_ZnwmSt11align_val_tRKSt9nothrow_t");
void *new_many_aligned_nothrow(size_t size, size_t align, const void *nothrow)
    CXX("_ZnamSt11align_val_tRKSt9nothrow_t");

/* The two plain allocation forms under names that nobody can replace. */
static void *our_one(size_t size) __attribute__((alias("_Znwm")));
static void *our_one_aligned(size_t size, size_t align) __attribute__((alias("_ZnwmSt11align_val_t")));

bool new_is_ours(void) {
    return IS_OURS(new_one, our_one);
}
bool new_aligned_is_ours(void) {
    return IS_OURS(new_one_aligned, our_one_aligned);
}

static void *cxx_symbol(void *linked, const char *name) {
    return linked ? linked : dlsym(RTLD_DEFAULT, name);
}

/* Call the new-handler, as the loop of [new.delete.single] requires; false: there is none. */
static bool call_new_handler(void) {
    union {
        void *object;
        new_handler (*function)(void);
    } get = {cxx_symbol((void *)get_new_handler, "_ZSt15get_new_handlerv")};
    new_handler handler = get.object ? get.function() : NULL;
    if (!handler) return false;
    handler();
    return true;
}

static _Noreturn void bad_alloc(void) {
    static const char message[] = "operator new(): no memory, and no C++ runtime to tell it to\n";
    union {
        void *object;
        void (*function)(void);
    } throw = {cxx_symbol((void *)throw_bad_alloc, "_ZSt17__throw_bad_allocv")};
    if (throw.object) throw.function();
    port_stop(message, sizeof(message) - 1);
}

INLINE void *alloc_any(size_t size, size_t align) {
    size_t bytes = hardened_request(size);
    void *p = align <= BLOCK_ALIGN_BYTES ? entry_alloc(bytes, heap_self) : entry_aligned(bytes, align);
    events_look();
    return hardened_seal(p, bytes);
}

STARTUP_TEXT static NOINLINE void *new_or_throw(size_t size, size_t align) {
    for (;;) {
        void *p = alloc_any(size, align);
        if (likely(p)) return p;
        if (!call_new_handler()) bad_alloc();
    }
}

/* Allocate for the nothrow forms. A handler's bad_alloc must become NULL, but C cannot catch it: so when there is no
 * memory, or the plain form was replaced, libstdc++'s form calls the throwing one and catches. */
static NOINLINE void *new_or_null(size_t size, size_t align, const char *name, const void *nothrow) {
    if (!aside() && likely(align ? new_aligned_is_ours() : new_is_ours())) {
        void *p = alloc_any(size, align);
        if (likely(p)) return p;
    }
    union {
        void *object;
        void *(*plain)(size_t, const void *);
        void *(*aligned)(size_t, size_t, const void *);
    } real = {dlsym(RTLD_NEXT, name)};
    if (!real.object) return NULL;
    return align ? real.aligned(size, align, nothrow) : real.plain(size, nothrow);
}

ASIDE_FUNCTION(void *, new_aside, ASIDE_NEW, (size_t size), size)
ASIDE_FUNCTION(void *, new_aligned_aside, ASIDE_NEW_ALIGNED, (size_t size, size_t align), size, align)

STARTUP_TEXT static NOINLINE void *new_last(size_t size, struct heap *heap) {
    (void)heap;
    if (aside()) return new_aside(size);
    return new_or_throw(hardened() ? size - CANARY_BYTES : size, 0);
}

STARTUP_TEXT static NOINLINE void *new_small(size_t size, struct heap *heap, size_t class) {
    return heap_alloc_small_rest(size, heap, class, new_last);
}

STARTUP_TEXT static NOINLINE void *new_shared(size_t size, struct heap *heap) {
    return heap_alloc_wide_shared(size, heap, new_last);
}

STARTUP_TEXT static NOINLINE void *new_wide(size_t size, struct heap *heap) {
    return heap_alloc_wide_rest(size, heap, new_shared, new_last);
}

static NOINLINE STARTUP_TEXT void *new_sealed(size_t size) {
    size_t request = hardened_request(size);
    void *p = hardened_next(request, HARDENED_ANY);
    if (likely(p)) return p;
    if (unlikely(hardened_is_due())) return hardened_seal(new_last(request, heap_self), request);
    return hardened_seal(heap_alloc_with(request, new_small, new_wide), request);
}

STARTUP_TEXT void *new_one(size_t size) {
    if (hardened()) return hardened_alloc_with(size, new_sealed);
    return heap_alloc_with(size, new_small, new_wide);
}
void *new_many(size_t size) {
    return new_one(size);
}
void *new_one_aligned(size_t size, size_t align) {
    if (aside()) return new_aligned_aside(size, align);
    return new_or_throw(size, align);
}
void *new_many_aligned(size_t size, size_t align) {
    return new_one_aligned(size, align);
}
void *new_one_nothrow(size_t size, const void *nothrow) {
    return new_or_null(size, 0, "_ZnwmRKSt9nothrow_t", nothrow);
}
void *new_many_nothrow(size_t size, const void *nothrow) {
    return new_one_nothrow(size, nothrow);
}
void *new_one_aligned_nothrow(size_t size, size_t align, const void *nothrow) {
    return new_or_null(size, align, "_ZnwmSt11align_val_tRKSt9nothrow_t", nothrow);
}
void *new_many_aligned_nothrow(size_t size, size_t align, const void *nothrow) {
    return new_one_aligned_nothrow(size, align, nothrow);
}
