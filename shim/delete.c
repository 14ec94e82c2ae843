/* C++17's operators delete under their mangled names.
 *
 * Every delete is a free; the size and alignment that it is called with are checked against the block. */
/* SPDX-License-Identifier: MIT */
#include "cxx.h"
#include "heap/fast.h"
#include "heap/hardened.h"
#include "heap/sized.h"
#include "new.h"
#include "next.h"

void delete_one(void *p) CXX("_ZdlPv");
void delete_many(void *p) CXX("_ZdaPv");
void delete_one_aligned(void *p, size_t align) CXX("_ZdlPvSt11align_val_t");
void delete_many_aligned(void *p, size_t align) CXX("_ZdaPvSt11align_val_t");

ASIDE_FUNCTION(void, delete_aside, ASIDE_DELETE, (void *p), p)
ASIDE_FUNCTION(void, delete_aligned_aside, ASIDE_DELETE_ALIGNED, (void *p, size_t align), p, align)

STARTUP_TEXT static NOINLINE void delete_outside(void *p, struct heap *heap) {
    if (aside()) return delete_aside(p);
    entry_free(p, heap);
}

STARTUP_TEXT void delete_one(void *p) {
    hardened_free_with(p, delete_outside);
}
void delete_many(void *p) {
    delete_one(p);
}
static NOINLINE COLD void check_told(const void *p, size_t size, size_t align);
void delete_one_aligned(void *p, size_t align) {
    if (aside()) return delete_aligned_aside(p, align);
    bool may_be_right = (((uintptr_t)p & (align - 1)) == 0 && is_power_of_two(align)) || !config_safety;
    if (unlikely(!may_be_right) && used_bytes(p) > 0) check_told(p, used_bytes(p), align);
    hardened_free_with(p, entry_free);
}
void delete_many_aligned(void *p, size_t align) {
    delete_one_aligned(p, align);
}

static void our_delete(void *p) __attribute__((alias("_ZdlPv")));
static void our_delete_aligned(void *p, size_t align) __attribute__((alias("_ZdlPvSt11align_val_t")));

/* Fail on a wrong size or alignment, unless the program replaced a form: its own new may have enlarged the request. */
static NOINLINE COLD void check_told(const void *p, size_t size, size_t align) {
    if (aside() || !new_is_ours() || !IS_OURS(delete_one, our_delete)) return;
    bool aligned = new_aligned_is_ours() && IS_OURS(delete_one_aligned, our_delete_aligned);
    if (align > 1 && !aligned) return;
    sized_fail("operator delete", p, size, align);
}
INLINE void check_delete(const void *p, size_t size, size_t align) {
    if (unlikely(!sized_is_right(p, hardened_request(size), align, SIZED_BY_DELETE))) check_told(p, size, align);
}

#define DELETE_FORM(name, mangled, parameters, call) \
    void name parameters CXX(mangled);               \
    void name parameters {                           \
        call;                                        \
    }
#pragma GCC diagnostic ignored "-Wunused-parameter"
DELETE_FORM(delete_one_sized, "_ZdlPvm", (void *p, size_t size), check_delete(p, size, 1); delete_one(p))
DELETE_FORM(delete_many_sized, "_ZdaPvm", (void *p, size_t size), check_delete(p, size, 1); delete_many(p))
DELETE_FORM(delete_one_nothrow, "_ZdlPvRKSt9nothrow_t", (void *p, const void *nothrow), delete_one(p))
DELETE_FORM(delete_many_nothrow, "_ZdaPvRKSt9nothrow_t", (void *p, const void *nothrow), delete_many(p))
DELETE_FORM(delete_one_sized_aligned, "_ZdlPvmSt11align_val_t", (void *p, size_t size, size_t align),
            check_delete(p, size, align);
            delete_one_aligned(p, align))
DELETE_FORM(delete_many_sized_aligned, "_ZdaPvmSt11align_val_t", (void *p, size_t size, size_t align),
            check_delete(p, size, align);
            delete_many_aligned(p, align))
DELETE_FORM(delete_one_aligned_nothrow, "_ZdlPvSt11align_val_tRKSt9nothrow_t",
            (void *p, size_t align, const void *nothrow), delete_one_aligned(p, align))
DELETE_FORM(delete_many_aligned_nothrow, "_ZdaPvSt11align_val_tRKSt9nothrow_t",
            (void *p, size_t align, const void *nothrow), delete_many_aligned(p, align))
