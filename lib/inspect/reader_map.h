/* Reads a heap by its map: is the map of this version, and does what it says hold together? */
/* SPDX-License-Identifier: MIT */
#pragma once
#include "inspect/reader.h"

/* NULL, or what is wrong with a map, in words: nothing that it says leads out of a record. */
const char *reader_look_at_map(const struct heapalloc_map *map);
