/* Work: a store of records that grows to some MB, is read at random, and with `shrink` falls and grows again.
 *
 *   grow MB [shrink] [TIMES]
 *
 * Records have 32 to 300 bytes, most of them are small; every 16th has a text that grows by realloc, every 2048th an
 * array. TIMES processes do the same one after another, because a small program ends too soon to be measured. */
/* SPDX-License-Identifier: MIT */
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

extern char **environ;

struct record {
    struct record *next; /* of the same bucket */
    uint32_t key;
    uint32_t bytes; /* of text */
    char *text;     /* NULL, or a block of its own */
    char name[];
};

struct store {
    struct record **buckets;
    uint32_t mask;
    uint32_t count;
    size_t bytes;
    uint64_t random;
};

static uint32_t draw(struct store *store) {
    store->random = store->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(store->random >> 33);
}

static void *need(void *block) {
    if (block) return block;
    fputs("grow: no memory\n", stderr);
    exit(1);
}

static uint32_t bucket_of(const struct store *store, uint32_t key) {
    return key & store->mask;
}

static void rehash(struct store *store) {
    uint32_t old = store->mask + 1;
    struct record **from = store->buckets;
    store->mask = old * 2 - 1;
    store->buckets = need(calloc(old * 2, sizeof(*from)));
    for (uint32_t i = 0; i < old; i++) {
        for (struct record *r = from[i], *next; r; r = next) {
            next = r->next;
            struct record **at = &store->buckets[bucket_of(store, r->key)];
            r->next = *at;
            *at = r;
        }
    }
    free(from);
}

/* A text comes in pieces of unknown number, as from a socket. */
static void fill_text(struct store *store, struct record *r, uint32_t pieces) {
    for (uint32_t i = 0, room = 0; i < pieces; i++) {
        uint32_t bytes = 20 + draw(store) % 60;
        if (r->bytes + bytes > room) r->text = need(realloc(r->text, room = room ? room * 3 / 2 + bytes : 64 + bytes));
        memset(r->text + r->bytes, 'a' + (int)(i % 26), bytes);
        r->bytes += bytes;
    }
    store->bytes += r->bytes;
}

static void add(struct store *store, uint32_t key) {
    uint32_t name = draw(store) % 8 ? 8 + draw(store) % 56 : 64 + draw(store) % 212;
    struct record *r = need(malloc(sizeof(*r) + name));
    *r = (struct record){.key = key};
    memset(r->name, (int)(key & 0x7f), name);
    store->bytes += sizeof(*r) + name;
    if (key % 2048 == 0)
        fill_text(store, r, 900);
    else if (key % 16 == 0)
        fill_text(store, r, 1 + draw(store) % 20);
    if (store->count++ > store->mask) rehash(store);
    struct record **at = &store->buckets[bucket_of(store, key)];
    r->next = *at;
    *at = r;
}

static uint64_t look(struct store *store, uint32_t keys, uint32_t times) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < times; i++) {
        uint32_t key = draw(store) % keys;
        struct record *r = store->buckets[bucket_of(store, key)];
        while (r && r->key != key) r = r->next;
        if (r) sum += (uint64_t)r->name[0] + r->bytes;
    }
    return sum;
}

/* Remove three of four records, whole runs of keys and single ones. */
static void shrink(struct store *store) {
    for (uint32_t i = 0; i <= store->mask; i++) {
        for (struct record **at = &store->buckets[i], *r; (r = *at);) {
            if (r->key % 4 == 0 && r->key / 4096 % 8) {
                at = &r->next;
                continue;
            }
            *at = r->next;
            store->bytes -= 96;
            store->count--;
            free(r->text);
            free(r);
        }
    }
}

static uint64_t run(size_t bytes, bool falls) {
    struct store store = {.mask = 1023, .random = 1};
    uint32_t key = 0;
    store.buckets = need(calloc(store.mask + 1, sizeof(*store.buckets)));
    while (store.bytes < bytes) add(&store, key++);
    uint64_t sum = look(&store, key, key / 8);
    if (!falls) return sum;
    shrink(&store);
    sum += look(&store, key, key / 16);
    store.bytes = bytes / 3;
    while (store.bytes < bytes) add(&store, key++);
    return sum + look(&store, key, key / 16);
}

static int run_times(char *self, char *megabytes, char *falls, int times) {
    char *command[] = {self, megabytes, falls, NULL};
    for (int i = 0; i < times; i++) {
        pid_t child;
        int status = 1;
        if (posix_spawn(&child, self, NULL, NULL, command, environ)) return 1;
        if (waitpid(child, &status, 0) != child || status) return 1;
    }
    return 0;
}

int main(int argc, char **argv) {
    if (argc < 2) return 2;
    bool falls = argc > 2 && strcmp(argv[2], "shrink") == 0;
    int times = argc > 2 ? atoi(argv[argc - 1]) : 0;
    if (times > 0) return run_times(argv[0], argv[1], falls ? argv[2] : NULL, times);
    printf("%llu\n", (unsigned long long)run((size_t)atol(argv[1]) * 1000000, falls));
    return 0;
}
