/* The library's own functions, in programs that it is preloaded into, not linked with. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <heapalloc/arena_inline.h>
#include <heapalloc/collected.h>
#include <heapalloc/heapalloc.h>
#include <heapalloc/pool_inline.h>
#include <heapalloc/walk.h>

#pragma weak heapalloc_alloc_at
#pragma weak heapalloc_alloc_many
#pragma weak heapalloc_arena_alloc
#pragma weak heapalloc_arena_alloc_aligned
#pragma weak heapalloc_arena_alloc_room_1
#pragma weak heapalloc_arena_cleanup
#pragma weak heapalloc_arena_create
#pragma weak heapalloc_arena_destroy
#pragma weak heapalloc_arena_free
#pragma weak heapalloc_arena_mark
#pragma weak heapalloc_arena_memdup
#pragma weak heapalloc_arena_printf
#pragma weak heapalloc_arena_realloc
#pragma weak heapalloc_arena_reset
#pragma weak heapalloc_arena_rewind
#pragma weak heapalloc_arena_stats
#pragma weak heapalloc_arena_strdup
#pragma weak heapalloc_arena_zeroed
#pragma weak heapalloc_collected_alloc
#pragma weak heapalloc_collected_alloc_plain
#pragma weak heapalloc_collected_collect
#pragma weak heapalloc_collected_create
#pragma weak heapalloc_collected_destroy
#pragma weak heapalloc_collected_finalizer
#pragma weak heapalloc_collected_root
#pragma weak heapalloc_collected_stats
#pragma weak heapalloc_collected_step
#pragma weak heapalloc_collected_store
#pragma weak heapalloc_collected_unroot
#pragma weak heapalloc_collected_unweak
#pragma weak heapalloc_collected_visit
#pragma weak heapalloc_collected_weak
#pragma weak heapalloc_free_at
#pragma weak heapalloc_free_many
#pragma weak heapalloc_good_size
#pragma weak heapalloc_option_get
#pragma weak heapalloc_option_set
#pragma weak heapalloc_pool_create
#pragma weak heapalloc_pool_create_with
#pragma weak heapalloc_pool_destroy
#pragma weak heapalloc_pool_get
#pragma weak heapalloc_pool_get_last_1
#pragma weak heapalloc_pool_get_many
#pragma weak heapalloc_pool_put
#pragma weak heapalloc_pool_put_last_1
#pragma weak heapalloc_pool_put_many
#pragma weak heapalloc_pool_stats
#pragma weak heapalloc_reserve
#pragma weak heapalloc_stats
#pragma weak heapalloc_stats_json
#pragma weak heapalloc_trim
#pragma weak heapalloc_try_expand
#pragma weak heapalloc_verify
#pragma weak heapalloc_walk
