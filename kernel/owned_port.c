/* The port functions that get memory from a world (port.h), for every world that owns its memory: they have none to
 * provide, the heap has all of it since heap_init(). Compile it together with your own port. */
/* SPDX-License-Identifier: MIT */
#include <heapalloc/port.h>

/* Nothing here tells when a second core begins. */
static const char not_alone;
const char *const port_alone = &not_alone;

void *port_home(void) {
    return NULL;
}

bool port_map(void *at, size_t bytes) {
    (void)at, (void)bytes;
    return false;
}

void *port_reserve(size_t bytes) {
    (void)bytes;
    return NULL;
}

bool port_commit(void *at, size_t bytes) {
    (void)at, (void)bytes;
    return false;
}

void port_unreserve(void *at, size_t bytes) {
    (void)at, (void)bytes;
}

bool port_purge(void *at, size_t bytes) {
    (void)at, (void)bytes;
    return false;
}

size_t port_resident(const void *at, size_t bytes) {
    (void)at;
    return bytes;
}

bool port_unmap(void *at, size_t bytes) {
    (void)at, (void)bytes;
    return false;
}

bool port_move(void *to, size_t to_bytes, void *from, size_t from_bytes, void **unmapped) {
    (void)to, (void)to_bytes, (void)from, (void)from_bytes;
    *unmapped = NULL;
    return false;
}

bool port_extend(void *at, size_t bytes, size_t new_bytes) {
    (void)at, (void)bytes, (void)new_bytes;
    return false;
}

enum port_huge port_collapse(void *at) {
    (void)at;
    return PORT_HUGE_REFUSED;
}

enum port_huge port_prefault(void *at) {
    (void)at;
    return PORT_HUGE_REFUSED;
}

bool port_populate(void *at, size_t bytes) {
    (void)at, (void)bytes;
    return false;
}

/* Nothing is purged, so no time is needed. */
uint64_t port_now_ms(void) {
    return 0;
}

/* Nobody forks. */
void port_expect_fork(void) {
}
