/* Misuse: each function that takes a pool, an arena or a collected arena, with arguments that are none. */
/* SPDX-License-Identifier: MIT */
#include "objects.h"

static const char no_pool[] = "is not a pool";
static const char no_arena[] = "is not an arena";
static const char no_collected[] = "is not a collected arena";

/* OBJECT(WHAT, CALL, FUNCTION, SENTENCE): pass `WHAT` in the call of that name. */
#define OBJECT(what, call, function, sentence)                      \
    MISUSE(objects, what##_to_##call, 0, 0, IN_FAST) {              \
        void *object = what();                                      \
        say_caught_object("heapalloc_" function, object, sentence); \
        call_##call(object);                                        \
        not_caught();                                               \
    }

static void call_arena_alloc(void *p) {
    heapalloc_arena_alloc(p, 24);
}
static void call_arena_inline(void *p) {
    heapalloc_arena_alloc_inline(p, 24);
}
static void call_arena_zeroed(void *p) {
    heapalloc_arena_zeroed(p, 24);
}
static void call_arena_aligned(void *p) {
    heapalloc_arena_alloc_aligned(p, 24, 64);
}
static void call_arena_realloc(void *p) {
    heapalloc_arena_realloc(p, NULL, 0, 24);
}
static void call_arena_free(void *p) {
    heapalloc_arena_free(p, NULL, 0);
}
static void call_arena_mark(void *p) {
    heapalloc_arena_mark(p);
}
static void call_arena_reset(void *p) {
    heapalloc_arena_reset(p);
}
static void call_arena_destroy(void *p) {
    heapalloc_arena_destroy(p);
}
static void call_arena_stats(void *p) {
    struct heapalloc_arena_stats stats;
    heapalloc_arena_stats(p, &stats);
}
static void call_arena_strdup(void *p) {
    heapalloc_arena_strdup(p, "text");
}
static void call_arena_memdup(void *p) {
    heapalloc_arena_memdup(p, "text", 5);
}
static void call_arena_printf(void *p) {
    heapalloc_arena_printf(p, "%d", 1);
}
static void nothing_to_do(void *argument) {
    (void)argument;
}
static void call_arena_cleanup(void *p) {
    heapalloc_arena_cleanup(p, nothing_to_do, NULL);
}
static void call_arena_rewind(void *p) {
    heapalloc_arena_rewind(p, (struct heapalloc_arena_position){0});
}
static void call_arena_parent(void *p) {
    const struct heapalloc_arena_options options = {.parent = p};
    heapalloc_arena_create(&options);
}
static void call_pool_get(void *p) {
    heapalloc_pool_get(p);
}
static void call_pool_get_inline(void *p) {
    heapalloc_pool_get_inline(p);
}
static void call_pool_put_inline(void *p) {
    heapalloc_pool_put_inline(p, take(64));
}
static void call_pool_put(void *p) {
    heapalloc_pool_put(p, take(64));
}
static void call_pool_put_own(void *arena) {
    heapalloc_pool_put(arena, heapalloc_arena_alloc(arena, 64));
}
static void call_pool_get_many(void *p) {
    void *blocks[2];
    heapalloc_pool_get_many(p, blocks, 2);
}
static void call_pool_put_many(void *p) {
    void *blocks[2] = {take(64), take(64)};
    heapalloc_pool_put_many(p, blocks, 2);
}
static void call_pool_destroy(void *p) {
    heapalloc_pool_destroy(p);
}
static void call_pool_stats(void *p) {
    struct heapalloc_pool_stats stats;
    heapalloc_pool_stats(p, &stats);
}
static void call_collected_alloc(void *p) {
    heapalloc_collected_alloc(p, 24);
}
static void call_collected_plain(void *p) {
    heapalloc_collected_alloc_plain(p, 24);
}
static void call_collected_step(void *p) {
    heapalloc_collected_step(p, 1000);
}
static void call_collected_store(void *p) {
    void *place;
    heapalloc_collected_store(p, &place, NULL);
}
static void call_collected_visit(void *p) {
    heapalloc_collected_visit(p, NULL);
}
static void call_collected_root(void *p) {
    static void *root;
    heapalloc_collected_root(p, &root, sizeof root);
}
static void call_collected_unroot(void *p) {
    heapalloc_collected_unroot(p, NULL);
}
static void call_collected_weak(void *p) {
    static void *place;
    heapalloc_collected_weak(p, &place);
}
static void call_collected_unweak(void *p) {
    static void *place;
    heapalloc_collected_unweak(p, &place);
}
static void finalise(void *block, void *argument) {
    (void)block, (void)argument;
}
static void call_collected_finalizer(void *p) {
    heapalloc_collected_finalizer(p, p, finalise, NULL);
}
static void call_collected_collect(void *p) {
    heapalloc_collected_collect(p);
}
static void call_collected_destroy(void *p) {
    heapalloc_collected_destroy(p);
}
static void call_collected_stats(void *p) {
    struct heapalloc_collected_stats stats;
    heapalloc_collected_stats(p, &stats);
}

/* NULL may be destroyed, as it may be freed. */
#define AS_ARENA(what)                                           \
    OBJECT(what, arena_alloc, "arena_alloc", no_arena)           \
    OBJECT(what, arena_zeroed, "arena_alloc", no_arena)          \
    OBJECT(what, arena_aligned, "arena_alloc_aligned", no_arena) \
    OBJECT(what, arena_realloc, "arena_realloc", no_arena)       \
    OBJECT(what, arena_free, "arena_free", no_arena)             \
    OBJECT(what, arena_mark, "arena_mark", no_arena)             \
    OBJECT(what, arena_reset, "arena_reset", no_arena)           \
    OBJECT(what, arena_strdup, "arena_alloc", no_arena)          \
    OBJECT(what, arena_memdup, "arena_alloc", no_arena)          \
    OBJECT(what, arena_printf, "arena_alloc", no_arena)          \
    OBJECT(what, arena_cleanup, "arena_cleanup", no_arena)       \
    OBJECT(what, arena_rewind, "arena_rewind", no_arena)         \
    OBJECT(what, arena_stats, "arena_stats", no_arena)
#define AS_POOL(what)                                     \
    OBJECT(what, pool_get, "pool_get", no_pool)           \
    OBJECT(what, pool_put, "pool_put", no_pool)           \
    OBJECT(what, pool_get_many, "pool_get_many", no_pool) \
    OBJECT(what, pool_put_many, "pool_put_many", no_pool) \
    OBJECT(what, pool_stats, "pool_stats", no_pool)
#define AS_COLLECTED(what)                                                 \
    OBJECT(what, collected_alloc, "collected_alloc", no_collected)         \
    OBJECT(what, collected_collect, "collected_collect", no_collected)     \
    OBJECT(what, collected_plain, "collected_alloc_plain", no_collected)   \
    OBJECT(what, collected_step, "collected_step", no_collected)           \
    OBJECT(what, collected_store, "collected_store", no_collected)         \
    OBJECT(what, collected_visit, "collected_visit", no_collected)         \
    OBJECT(what, collected_root, "collected_root", no_collected)           \
    OBJECT(what, collected_unroot, "collected_unroot", no_collected)       \
    OBJECT(what, collected_weak, "collected_weak", no_collected)           \
    OBJECT(what, collected_unweak, "collected_unweak", no_collected)       \
    OBJECT(what, collected_finalizer, "collected_finalizer", no_collected) \
    OBJECT(what, collected_stats, "collected_stats", no_collected)

#define DESTROYED_AS_ARENA(what)                         \
    AS_ARENA(what)                                       \
    OBJECT(what, arena_parent, "arena_create", no_arena) \
    OBJECT(what, arena_destroy, "arena_destroy", no_arena)
#define DESTROYED_AS_POOL(what) AS_POOL(what) OBJECT(what, pool_destroy, "pool_destroy", no_pool)
#define DESTROYED_AS_COLLECTED(what) \
    AS_COLLECTED(what) OBJECT(what, collected_destroy, "collected_destroy", no_collected)

/* What is no object of any kind. */
#define AS_ANY(what) DESTROYED_AS_ARENA(what) DESTROYED_AS_POOL(what) DESTROYED_AS_COLLECTED(what)

AS_ANY(a_small_number)
AS_ANY(letters)
AS_ANY(the_last_address)
AS_ANY(an_unmapped_page)
AS_ANY(a_forbidden_page)
AS_ANY(returned_memory)
AS_ANY(a_hole)
AS_ANY(a_function)
AS_ANY(a_frame)
AS_ANY(a_static_object)
AS_ANY(zeros)
AS_ANY(a_block)
AS_ANY(a_free_block)
AS_ANY(a_block_of_an_arena)
AS_ANY(a_block_of_a_pool)
AS_ANY(a_copied_arena)
AS_ANY(a_copied_pool)
AS_ANY(a_copied_collected)
AS_ANY(beside_an_arena)
AS_ANY(beside_a_pool)
AS_ANY(beside_a_collected)
AS_ARENA(nothing)
DESTROYED_AS_ARENA(a_pool)
DESTROYED_AS_ARENA(an_unused_pool)
DESTROYED_AS_ARENA(a_shared_pool)
DESTROYED_AS_ARENA(a_collected)
DESTROYED_AS_ARENA(a_destroyed_arena)
DESTROYED_AS_ARENA(a_destroyed_collected)
AS_POOL(nothing)
DESTROYED_AS_POOL(an_arena)
OBJECT(an_unused_arena, pool_put_own, "pool_put", no_pool)
DESTROYED_AS_POOL(a_locked_arena)
DESTROYED_AS_POOL(a_collected)
DESTROYED_AS_POOL(a_destroyed_pool)
DESTROYED_AS_POOL(a_destroyed_shared_pool)
DESTROYED_AS_POOL(a_destroyed_arena)
AS_COLLECTED(nothing)
DESTROYED_AS_COLLECTED(a_pool)
DESTROYED_AS_COLLECTED(an_arena)
DESTROYED_AS_COLLECTED(a_destroyed_collected)

/* ---- Given to free(), which the hardened library ends at once: it is no block of malloc's -------------------------
 */

#define FREED(what, call, function, sentence)                       \
    MISUSE(handles, what##_to_##call, 0, 0, IN_FAST) {              \
        void *object = what();                                      \
        say_caught_object("heapalloc_" function, object, sentence); \
        call_##call(object);                                        \
        not_caught();                                               \
    }
FREED(a_freed_arena, arena_alloc, "arena_alloc", no_arena)
FREED(a_freed_arena, arena_realloc, "arena_realloc", no_arena)
FREED(a_freed_arena, arena_mark, "arena_mark", no_arena)
FREED(a_freed_arena, arena_reset, "arena_reset", no_arena)
FREED(a_freed_arena, arena_destroy, "arena_destroy", no_arena)
FREED(a_freed_pool, pool_get, "pool_get", no_pool)
FREED(a_freed_pool, pool_put, "pool_put", no_pool)
FREED(a_freed_pool, pool_get_many, "pool_get_many", no_pool)
FREED(a_freed_pool, pool_destroy, "pool_destroy", no_pool)
FREED(a_freed_collected, collected_alloc, "collected_alloc", no_collected)
FREED(a_freed_collected, collected_collect, "collected_collect", no_collected)
FREED(a_freed_collected, collected_destroy, "collected_destroy", no_collected)

/* ---- Inline code reads what it is given before it calls: NULL, or what is mapped --------------------------------- */

#define AS_INLINE_ARENA(what) OBJECT(what, arena_inline, "arena_alloc", no_arena)
#define AS_INLINE_POOL(what)                           \
    OBJECT(what, pool_get_inline, "pool_get", no_pool) \
    OBJECT(what, pool_put_inline, "pool_put", no_pool)
#define AS_INLINE(what) AS_INLINE_ARENA(what) AS_INLINE_POOL(what)

AS_INLINE(nothing)
AS_INLINE(a_function)
AS_INLINE(a_frame)
AS_INLINE(a_static_object)
AS_INLINE(zeros)
AS_INLINE(a_block)
AS_INLINE(a_free_block)
AS_INLINE(a_block_of_an_arena)
AS_INLINE(a_block_of_a_pool)
AS_INLINE(a_copied_arena)
AS_INLINE(a_copied_pool)
AS_INLINE(a_copied_collected)
AS_INLINE(beside_an_arena)
AS_INLINE(beside_a_pool)
AS_INLINE(beside_a_collected)
AS_INLINE_ARENA(a_pool)
AS_INLINE_ARENA(an_unused_pool)
AS_INLINE_ARENA(a_shared_pool)
AS_INLINE(a_collected)
AS_INLINE(a_destroyed_arena)
AS_INLINE(a_destroyed_pool)
AS_INLINE(a_destroyed_shared_pool)
AS_INLINE(a_destroyed_collected)
AS_INLINE_POOL(an_arena)
AS_INLINE_POOL(an_unused_arena)
AS_INLINE_POOL(a_locked_arena)

/* ---- What is in no object ------------------------------------------------------------------------------------- */

/* PLACE(WHAT, CALL, BUILDS, OBJECT, FUNCTION, SENTENCE): the same for a pointer beside a right object. The fast build
 * looks only whether a put block may be the heap's. */
#define PLACE(what, call, builds, object, function, sentence)      \
    MISUSE(objects, what##_to_##call, 0, 0, builds) {              \
        void *right = object(), *place = what();                   \
        say_caught_object("heapalloc_" function, place, sentence); \
        call_##call(right, place);                                 \
        not_caught();                                              \
    }

static void call_resize(void *arena, void *p) {
    heapalloc_arena_realloc(arena, p, 16, 200);
}
static void call_put(void *pool, void *p) {
    heapalloc_pool_put(pool, p);
}
static void call_put_one_of_many(void *pool, void *p) {
    heapalloc_pool_put_many(pool, &p, 1);
}
static void call_store(void *collected, void *p) {
    heapalloc_collected_store(collected, p, NULL);
}
static void call_finalise(void *collected, void *p) {
    heapalloc_collected_finalizer(collected, p, finalise, NULL);
}
static void call_as_root(void *collected, void *p) {
    heapalloc_collected_root(collected, p, 64);
}
static void call_as_weak(void *collected, void *p) {
    heapalloc_collected_weak(collected, p);
}

#define IN_NONE(what)                                                                           \
    PLACE(what, resize, IN_FAST, an_arena, "arena_realloc", "is no block of this arena")        \
    PLACE(what, put, 0, a_pool, "pool_put", "does not belong to this pool")                     \
    PLACE(what, put_one_of_many, 0, a_pool, "pool_put_many", "does not belong to this pool")    \
    PLACE(what, store, IN_FAST, a_collected, "collected_store", "is in no block of this arena") \
    PLACE(what, finalise, IN_FAST, a_collected, "collected_finalizer", "is no used block of this arena")
#define IN_NOTHING(what)                                                       \
    IN_NONE(what)                                                              \
    PLACE(what, as_root, IN_FAST, a_collected, "collected_root", "is no root") \
    PLACE(what, as_weak, IN_FAST, a_collected, "collected_weak", "is no place of a reference")

IN_NOTHING(a_small_number)
IN_NOTHING(letters)
IN_NOTHING(the_last_address)
IN_NOTHING(an_unmapped_page)
IN_NOTHING(a_forbidden_page)
IN_NOTHING(a_hole)
IN_NONE(a_function)
IN_NONE(a_frame)
IN_NONE(a_static_object)
IN_NONE(zeros)
IN_NONE(a_block)
IN_NONE(a_free_block)
IN_NONE(returned_memory)
IN_NONE(a_block_of_an_arena)
IN_NONE(a_block_of_a_pool)
IN_NONE(an_arena)
IN_NONE(beside_a_pool)
