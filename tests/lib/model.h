/* The model: what the heap must hold, kept apart from it, and random operations compared with it. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "contents.h"
#include <stdbool.h>

/* How much is held at a time: about so many blocks, not much above so many bytes, none above so large. */
struct mix {
    size_t blocks;
    size_t bytes;
    size_t size;
};

/* One actor's blocks. `order` also knows them by address, so that an overlap is seen at once. */
struct model {
    struct held *blocks;
    size_t count;
    size_t bytes;
    struct mix mix;
    size_t wish; /* how many to hold just now: it swings between a tenth and all of mix.blocks */
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

/* Let a block go to another actor, or take one over. False: there is none; there is no room. */
bool model_hand_out(struct model *model, struct held *block);
bool model_take_over(struct model *model, struct held block);

/* A number below `bound`. */
uint64_t model_below(struct model *model, uint64_t bound);

/* What a step does when something is wrong; says the step's number and ends the program. */
_Noreturn void model_wrong(const struct model *model, const char *what, const void *at, size_t size);
