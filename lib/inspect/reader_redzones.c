/* Reads a heap by its map: the blocks with red zones, which are found by the marks before them. */
/* SPDX-License-Identifier: MIT */
#include "heap/redzone_mark.h"
#include "inspect/reader_parts.h"

/* What is live at `address`, where the copy of a head says that a block of at most `room` bytes begins. */
static bool begins(const struct reader *reader, const void *head, uint64_t address, uint64_t room,
                   enum redzone_salt salt) {
    uint64_t bytes = reader_number(head, 0, 8), mark = reader_number(head, 8, 8);
    return bytes > 0 && bytes <= room && mark == redzone_mark(redzone_hash(address, bytes, reader->secret), salt);
}

void reader_redzones(struct reader *reader) {
    const uint64_t head_bytes = REDZONE_HEAD_BYTES, used = reader->redzones_used, from = reader->redzones_from;
    uint64_t first = 0, held = 0, step;
    for (uint64_t at = 0; at + head_bytes < used && !reader->stopped; at += step) {
        if (at + head_bytes > first + held) {
            first = at;
            held = used - at < reader->map.unit_bytes ? used - at : reader->map.unit_bytes;
            if (!reader_get(reader, from + at, reader->memory, held)) {
                reader->unreadable++;
                return reader_fault(reader, "has blocks with red zones that cannot be read", from + at);
            }
        }
        const void *head = reader->memory + (at - first);
        uint64_t address = from + at + head_bytes, bytes = reader_number(head, 0, 8), room = used - at - head_bytes;
        bool live = begins(reader, head, address, room, SALT_HEAD);
        bool known = live || begins(reader, head, address, room, SALT_FREED);
        if (known)
            reader_tell(reader, address, bytes, 0, live ? HEAPALLOC_BLOCK_LIVE : HEAPALLOC_BLOCK_FREE,
                        HEAPALLOC_BLOCK_MEDIUM);
        step = known ? redzone_whole(bytes) : REDZONE_ALIGN_BYTES;
    }
}

uint64_t reader_within(struct reader *reader, uint64_t *address, uint64_t bytes) {
    unsigned char head[REDZONE_HEAD_BYTES];
    for (size_t i = 0; i < sizeof redzone_places / sizeof redzone_places[0]; i++) {
        uint64_t place = redzone_places[i], at = *address + place;
        if (place >= bytes || !reader_get(reader, at - sizeof head, head, sizeof head)) continue;
        if (!begins(reader, head, at, bytes - place, SALT_HEAD)) continue;
        *address = at;
        return reader_number(head, 0, 8);
    }
    return bytes;
}
