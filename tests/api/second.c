/* A second allocator, behind the library or linked by the program: nothing may reach it, so each function ends the
 * process. Its own function tells that it is loaded. */
/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdlib.h>

int second_is_loaded(void);
int second_is_loaded(void) {
    return 1;
}

void *malloc(size_t size) {
    (void)size;
    abort();
}
void *calloc(size_t count, size_t size) {
    (void)count, (void)size;
    abort();
}
void *realloc(void *p, size_t size) {
    (void)p, (void)size;
    abort();
}
void free(void *p) {
    (void)p;
    abort();
}
void *memalign(size_t align, size_t size);
void *memalign(size_t align, size_t size) {
    (void)align, (void)size;
    abort();
}
int posix_memalign(void **p, size_t align, size_t size) {
    (void)p, (void)align, (void)size;
    abort();
}
void *aligned_alloc(size_t align, size_t size) {
    (void)align, (void)size;
    abort();
}
size_t malloc_usable_size(void *p);
size_t malloc_usable_size(void *p) {
    (void)p;
    abort();
}
