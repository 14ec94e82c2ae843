/* The shell's blocks: allocated, freed and resized by number or name. */
/* SPDX-License-Identifier: MIT */
#include "shell/parts.h"

/* ---- the table ---- */

/* An empty place, or that of the block that was freed first; NULL: all are live. */
static struct shell_block *place_for_one(struct shell *shell) {
    struct shell_block *oldest = NULL;
    for (uint32_t i = 0; i < SHELL_BLOCKS_MAX; i++) {
        struct shell_block *block = &shell->blocks[i];
        if (block->number == 0) return block;
        if (!block->live && (!oldest || block->number < oldest->number)) oldest = block;
    }
    return oldest;
}

/* Forget where freed blocks were whose memory is now part of [memory, memory + bytes). */
static void forget_within(struct shell *shell, const char *memory, size_t bytes) {
    for (uint32_t i = 0; i < SHELL_BLOCKS_MAX; i++) {
        struct shell_block *block = &shell->blocks[i];
        if (!block->live && block->memory && (size_t)(block->memory - memory) < bytes) block->memory = NULL;
    }
}

/* Note that live blocks have so many bytes more. */
static void note_bytes(struct shell *shell, size_t more) {
    shell->bytes += more;
    if (shell->bytes > shell->most_bytes) shell->most_bytes = shell->bytes;
}

/* ---- the heap's answers ---- */

struct request {
    const struct shell_platform *platform;
    void *memory;
    size_t bytes;
};

static void step_alloc(void *context) {
    struct request *request = context;
    request->memory = request->platform->alloc(request->bytes);
}

static void step_free(void *context) {
    struct request *request = context;
    request->platform->free(request->memory);
}

static void step_realloc(void *context) {
    struct request *request = context;
    request->memory = request->platform->resize(request->memory, request->bytes);
}

/* Run a step. False: the heap stopped it, and its sentence has been printed. */
static bool attempt(struct shell *shell, void (*step)(void *), void *context) {
    const char *sentence = shell->platform->attempt(step, context);
    if (sentence) shell_say_stop(shell, sentence);
    return !sentence;
}

/* Bytes of a block that was just handed out; 0 where the tables are too damaged to tell. */
static size_t usable(const char *memory) {
    struct shell_found found = shell_find((uintptr_t)memory);
    const struct unit *unit = span_unit(memory);
    return found.start == memory ? found.bytes : unit ? unit->block_bytes : 0;
}

static void say_called(struct shell *shell, const struct shell_block *block) {
    shell_say(shell, "%u%s%s: ", block->number, block->name[0] ? " " : "", block->name);
}

/* The block that a word names, live and known to the heap as a used block's start. NULL: what is
 * wrong has been printed. */
static struct shell_found live_at(struct shell *shell, const char *word) {
    struct shell_found found = {.kind = SHELL_FOREIGN};
    uintptr_t address;
    if (!shell_place(shell, word, &address)) return found;
    found = shell_find(address);
    const struct shell_block *block = shell_block_at(shell, (void *)address);
    bool is_block = found.kind == SHELL_BLOCK || found.kind == SHELL_MEDIUM || found.kind == SHELL_LARGE;
    if (found.kind == SHELL_DAMAGED) {
        found.start = (char *)address; /* the heap itself reports what is wrong */
        return found;
    }
    if ((is_block && found.state != WALK_USED) || found.kind == SHELL_FREE) {
        if (block)
            shell_fail(shell, "block %u is free already\n", block->number);
        else
            shell_fail(shell, "what lies at %p is free already\n", (void *)address);
    } else if (!is_block) {
        shell_fail(shell, "%p is no block of this heap\n", (void *)address);
    } else if (found.start != (char *)address) {
        shell_fail(shell, "%p is in the middle of a block of %zu bytes at %p\n", (void *)address, found.bytes,
                   (void *)found.start);
    } else {
        return found;
    }
    found.start = NULL;
    return found;
}

/* ---- commands ---- */

void shell_alloc(struct shell *shell) {
    struct request request = {shell->platform, NULL, 0};
    struct shell_block *block = place_for_one(shell);
    const char *name = shell->word_count > 2 ? shell->words[2] : "";
    if (!shell_size(shell, shell->words[1], &request.bytes)) return;
    if (name[0] && !shell_name_is_right(shell, name)) return;
    if (!block) {
        shell_fail(shell, "all %u numbers are taken: free a block first\n", SHELL_BLOCKS_MAX);
        return;
    }
    if (!attempt(shell, step_alloc, &request)) return;
    if (!request.memory) {
        shell_fail(shell, "there is no memory for %zu bytes\n", request.bytes);
        return;
    }
    if (!shell->has_origin) shell->origin = round_down((uintptr_t)request.memory, UNIT_BYTES);
    shell->has_origin = true;
    struct shell_label before = shell_label(shell, request.memory);
    size_t bytes = usable(request.memory);
    forget_within(shell, request.memory, bytes);
    *block = (struct shell_block){
        .number = ++shell->last_number, .memory = request.memory, .asked_bytes = request.bytes, .live = true};
    shell_name_block(block, name);
    note_bytes(shell, request.bytes);
    say_called(shell, block);
    shell_say(shell, "%zu bytes at %p, a block of %zu", request.bytes, request.memory, bytes);
    shell_say(shell, before.text[0] ? ", where %s was\n" : "%s\n", before.text);
}

bool shell_give_back(struct shell *shell, const struct shell_found *found) {
    struct request request = {shell->platform, found->start, 0};
    if (!attempt(shell, step_free, &request)) return false;
    struct shell_block *block = shell_block_at(shell, found->start);
    shell->frees++;
    if (block && block->live) shell->bytes -= block->asked_bytes;
    if (block) block->live = false;
    return true;
}

void shell_free(struct shell *shell) {
    struct shell_found found = live_at(shell, shell->words[1]);
    if (!found.start || !shell_give_back(shell, &found)) return;
    shell_say(shell, "freed %zu bytes at %p\n", found.bytes, (void *)found.start);
}

void shell_realloc(struct shell *shell) {
    struct shell_found found = live_at(shell, shell->words[1]);
    struct request request = {shell->platform, found.start, 0};
    if (!found.start || !shell_size(shell, shell->words[2], &request.bytes)) return;
    if (request.bytes == 0) {
        shell_free(shell);
        return;
    }
    struct shell_block *block = shell_block_at(shell, found.start);
    if (!attempt(shell, step_realloc, &request)) return;
    if (!request.memory) {
        shell_fail(shell, "there is no memory for %zu bytes; the block is as it was\n", request.bytes);
        return;
    }
    size_t bytes = usable(request.memory);
    shell->resizes++;
    if (block) {
        shell->bytes -= block->asked_bytes;
        note_bytes(shell, request.bytes);
        block->live = false;
        forget_within(shell, request.memory, bytes);
        block->memory = request.memory;
        block->asked_bytes = request.bytes;
        block->live = true;
        say_called(shell, block);
    }
    shell_say(shell, "%zu bytes at %p, a block of %zu, ", request.bytes, request.memory, bytes);
    shell_say(shell, found.start == request.memory ? "where it was%s\n" : "moved from %s\n",
              found.start == request.memory ? "" : shell_address(shell, (uintptr_t)found.start).text);
}
