/* What the files of the remote explorer share. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "shell/shell.h"
#include "target.h"

/* The heap that the commands read from now on; it stays the caller's. */
void remote_begin(struct target *target);
struct target *remote_target(void);

/* Read a word, for the shell. */
bool remote_load(uintptr_t address, uint64_t *word);

/* Parse an address. False: what is wrong has been printed. */
bool remote_place(struct shell *shell, const char *word, uint64_t *address);

/* Walk the heap. False: it is damaged or has gone away, which was printed. */
bool remote_walk_heap(struct shell *shell, heapalloc_visit *visit, void *argument);

/* "live", "kept", "free"; "small" ... */
const char *remote_state(const struct heapalloc_block *block);
const char *remote_kind(const struct heapalloc_block *block);

/* The block around an address. False: there is none. */
bool remote_find(uint64_t address, struct heapalloc_block *block);

/* The line `visualize --html FILE`: write a page about a heap. False: this line is another. */
bool remote_page(struct shell *shell, struct target *target);

/* ---- commands ---- */
void remote_walk(struct shell *shell);
void remote_block(struct shell *shell);
void remote_peek(struct shell *shell);
void remote_freelist(struct shell *shell);
void remote_visualize(struct shell *shell);
