/* Purging, in a world that nobody lends its memory: there is nobody to give it back to. Linked
 * instead of lib/span/purge.c, which takes an extent out of the index while it asks the world: here
 * the first such extent is all of the RAM, and another core would find none. */
#include <stdint.h>

uint32_t purge_before(uint32_t before_ms, uint32_t extents_max);
void purge_excess(void);

uint32_t purge_before(uint32_t before_ms, uint32_t extents_max) {
    (void)before_ms, (void)extents_max;
    return 0;
}

void purge_excess(void) {
}
