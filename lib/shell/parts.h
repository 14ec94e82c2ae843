/* What the files of the shell share. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "inspect/spans.h"
#include "inspect/walk.h"
#include "shell/shell.h"

enum { SHELL_ADDRESS_MAX = 48, SHELL_LABEL_MAX = SHELL_NAME_MAX + 4 };

/* ---- print.c ---- */
struct shell_address {
    char text[SHELL_ADDRESS_MAX];
};
struct shell_address shell_address(const struct shell *shell, uintptr_t address);
void shell_count(struct shell *shell, uint64_t count, const char *noun); /* "1 block", "2 blocks" */

/* Print the sentence by which the heap stopped a step, its addresses as the shell prints them; the
 * line has failed. */
void shell_say_stop(struct shell *shell, const char *sentence);

/* ---- words.c ---- */
bool shell_begins_with(const char *text, const char *beginning);
bool shell_same(const char *left, const char *right);
bool shell_split(struct shell *shell, const char *line);
bool shell_take_number(const char **text, uint64_t *number); /* advances *text past it */

/* ---- place.c ---- */
/* Parse a size; an address as `peek` takes it: a block's number or name, 0x..., +0x..., line:PLACE, slot:PLACE, and any
 * of these + or - a number. False: what is wrong has been printed. */
bool shell_size(struct shell *shell, const char *word, size_t *size);
bool shell_place(struct shell *shell, const char *word, uintptr_t *address);

/* ---- names.c ---- */
struct shell_block *shell_block_named(struct shell *shell, const char *word, size_t length);

/* True when a block may have this name; else the reason has been printed. */
bool shell_name_is_right(struct shell *shell, const char *name);
void shell_name_block(struct shell_block *block, const char *name);
struct shell_block *shell_block_at(struct shell *shell, const void *memory);

/* The name or number of a block at `memory`, in brackets when it was freed: "2", "(2)", "key"; "":
 * the shell did not allocate it. */
struct shell_label {
    char text[SHELL_LABEL_MAX];
};
struct shell_label shell_label(struct shell *shell, const void *memory);

/* ---- find.c: what lies at an address ---- */
enum shell_kind {
    SHELL_FOREIGN,  /* not the heap's */
    SHELL_BLOCK,    /* of a slab */
    SHELL_UNCARVED, /* of a slab, not cut yet, or too short for a block */
    SHELL_MEDIUM,
    SHELL_LARGE,
    SHELL_FREE,      /* free units */
    SHELL_OTHER,     /* the allocator's own, a pool's, an arena's */
    SHELL_UNTOUCHED, /* above the top: never handed out */
    SHELL_DAMAGED,   /* the tables contradict each other */
};

struct shell_found {
    enum shell_kind kind;
    enum walk_state state;
    char *start;
    size_t bytes;
    struct extent_walk extent;
    struct granule *slot; /* medium */
    const char *where;    /* which list a free block is in; what an OTHER is */
};
struct shell_found shell_find(uintptr_t address);

/* "used", "kept", "free", "not cut" */
const char *shell_state_name(const struct shell_found *part);

/* The kind of an extent in words: "slab". */
const char *shell_extent_name(const struct extent_walk *extent);
char *shell_extent_memory(const struct extent_walk *extent);

/* True when the slab's owner, if it has one, is one of the heaps, so that it may be read. */
bool shell_owner_is_known(const struct unit *slab);

/* Call `function` for every block, free extent and uncarved rest of an extent, in order. False: the
 * extent is damaged. */
typedef void shell_part(const struct shell_found *part, void *context);
bool shell_parts(const struct extent_walk *extent, shell_part *function, void *context);

/* The slot, or the line, that a node of an index lies in; NULL: none does. Never reads the node. */
struct granule *shell_slot_of(const struct tlsf_node *node);
struct unit *shell_unit_of(const struct tlsf_node *node);

/* The slot of a block that a cache may keep; NULL: there is none at `memory`. */
struct granule *shell_cached_slot(const char *memory);

/* ---- blocks.c ---- */
/* Free the block that `found` says, whichever way it came to be known. False: the heap stopped it, which was printed.
 */
bool shell_give_back(struct shell *shell, const struct shell_found *found);

/* ---- commands ---- */
void shell_alloc(struct shell *shell);
void shell_free(struct shell *shell);
void shell_realloc(struct shell *shell);
void shell_rename(struct shell *shell);
void shell_collect(struct shell *shell);
void shell_status(struct shell *shell);
void shell_flush(struct shell *shell);
void shell_trim(struct shell *shell);
void shell_origin(struct shell *shell);
void shell_walk(struct shell *shell);
void shell_show_block(struct shell *shell);
void shell_freelist(struct shell *shell);
void shell_peek(struct shell *shell);
void shell_poke(struct shell *shell);
void shell_stats(struct shell *shell);
void shell_check(struct shell *shell);

/* ---- check_*.c: each prints what is wrong, and returns how many faults it found. Nothing is
 * followed before it is checked, so that they end, and without a crash, whatever was poked. ---- */
uint32_t shell_check_units(struct shell *shell);
uint32_t shell_check_slabs(struct shell *shell);
uint32_t shell_check_medium(struct shell *shell);
