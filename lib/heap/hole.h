/* Holes between the slabs of the hardened build: units that are not mapped, so that a write that runs on from slab to
 * slab faults. */
/* SPDX-License-Identifier: MIT */
#pragma once

/* Leave a hole after each eighth slab; to be called when one was taken, without a lock. */
void hole_leave(void);
