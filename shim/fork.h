/* Fork handlers: what the library does around a fork. */
/* SPDX-License-Identifier: MIT */
#pragma once

/* Have this function called in children too, after the heap is usable there. There can be one. */
void fork_call_in_child(void (*function)(void));
