/* A game's frames: each allocates draw commands, contacts, texts and lists, and frees them all.
 *
 *   game [ROUNDS]      malloc and free, then an arena that is reset at the end of a frame: CPU time of each */
/* SPDX-License-Identifier: MIT */
#include "arenas.h"

enum { FRAMES = 200, ENTITIES = 1500, TEXTS = 100, CELLS = 256 };

struct command {
    struct command *next;
    uint32_t mesh, material;
    float matrix[12];
};

struct contact {
    struct contact *next;
    uint32_t one, other;
    float at[3], normal[3];
};

struct visible {
    struct visible *next;
    uint32_t entity;
};

struct frame {
    struct command *commands;
    struct contact *contacts;
    struct visible *cells[CELLS];
    char *texts[TEXTS];
};

static uint64_t state;
static float matrices[CELLS][12];

static void see(struct frame *frame, uint32_t entity) {
    struct visible *new = take(sizeof(*new));
    *new = (struct visible){frame->cells[entity % CELLS], entity};
    frame->cells[entity % CELLS] = new;
}

static void show(struct frame *frame, uint32_t entity) {
    struct command *new = take(sizeof(*new));
    new->next = frame->commands;
    new->mesh = entity;
    new->material = entity % 7;
    memcpy(new->matrix, matrices[entity % CELLS], sizeof(new->matrix));
    frame->commands = new;
}

static void touch(struct frame *frame, uint32_t one, uint32_t other) {
    struct contact *new = take(sizeof(*new));
    *new = (struct contact){.next = frame->contacts, .one = one, .other = other, .at = {(float)one, 0, (float)other}};
    frame->contacts = new;
}

static char *caption(uint32_t number) {
    char buffer[40], *to = buffer + sizeof(buffer);
    *--to = 0;
    do *--to = (char)('0' + number % 10);
    while (number /= 10);
    to -= 8;
    memcpy(to, "points: ", 8);
    size_t bytes = (size_t)(buffer + sizeof(buffer) - to);
    return memcpy(take(bytes), to, bytes);
}

static uint64_t look_at(const struct frame *frame) {
    uint64_t sum = 0;
    for (const struct command *c = frame->commands; c; c = c->next) sum += c->mesh * 3u + c->material;
    for (const struct contact *c = frame->contacts; c; c = c->next) sum = sum * 5 + c->one + c->other;
    for (int i = 0; i < CELLS; i++)
        for (const struct visible *v = frame->cells[i]; v; v = v->next) sum += v->entity;
    for (int i = 0; i < TEXTS; i++) sum += (uint64_t)frame->texts[i][8];
    return sum;
}

/* The frees that a program without an arena has to do. */
static void drop(struct frame *frame) {
    for (struct command *c = frame->commands, *next; c; c = next) next = c->next, free(c);
    for (struct contact *c = frame->contacts, *next; c; c = next) next = c->next, free(c);
    for (int i = 0; i < CELLS; i++)
        for (struct visible *v = frame->cells[i], *next; v; v = next) next = v->next, free(v);
    for (int i = 0; i < TEXTS; i++) free(frame->texts[i]);
    free(frame);
}

static uint64_t run_frame(void) {
    struct frame *frame = take(sizeof(*frame));
    *frame = (struct frame){0};
    for (uint32_t entity = 0; entity < ENTITIES; entity++) {
        uint64_t random = draw(&state);
        see(frame, entity);
        if (random & 3) show(frame, entity);
        if (random % 3 == 0) touch(frame, entity, (uint32_t)(random >> 20) % ENTITIES);
    }
    for (int i = 0; i < TEXTS; i++) frame->texts[i] = caption((uint32_t)(draw(&state) % 100000));
    uint64_t sum = look_at(frame);
    if (arena)
        heapalloc_arena_reset(arena);
    else
        drop(frame);
    return sum;
}

static uint64_t run_frames(void) {
    uint64_t sum = 0;
    state = 362436069;
    for (int i = 0; i < FRAMES; i++) sum = sum * 3 + run_frame();
    return sum;
}

int main(int argc, char **argv) {
    return compare("game", run_frames, argc > 1 ? atoi(argv[1]) : 15);
}
