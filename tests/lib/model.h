/* The model: a separate record of what the heap must contain, and random operations compared with it. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "contents.h"
#include <stdbool.h>

/* How much is allocated at a time: about so many blocks, not much more than so many bytes, none larger than that. */
struct mix {
    size_t blocks;
    size_t bytes;
    size_t size;
};

/* One actor's blocks. `order` also has them by address, so that an overlap is detected at once. */
struct model {
    struct held *blocks;
    size_t count;
    size_t bytes;
    struct mix mix;
    size_t wish; /* the present target for blocks: it varies between a tenth and all of mix.blocks */
    struct order *order;
    uint64_t random;
    uint64_t steps;
};

void model_open(struct model *model, uint64_t seed, struct mix mix);

/* Free everything, and the model itself. */
void model_close(struct model *model);

/* One random operation through one of the family's entry points, compared with the model. */
void model_step(struct model *model);

/* Compare every block's contents. */
void model_compare(const struct model *model);

/* Hand a block to another actor, or take one over. False: there is none, or no room. */
bool model_hand_out(struct model *model, struct held *block);
bool model_take_over(struct model *model, struct held block);

/* A number below `bound`. */
uint64_t model_below(struct model *model, uint64_t bound);

/* Called when a step finds a fault: prints the step's number and ends the program. */
_Noreturn void model_wrong(const struct model *model, const char *what, const void *at, size_t size);
