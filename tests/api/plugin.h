/* What the plugin that links the allocator offers to the program that does not. */
/* SPDX-License-Identifier: MIT */
#pragma once

struct plugin {
    void (*work)(unsigned seed);      /* a load on the malloc that the plugin's references were bound to */
    const char *(*malloc_home)(void); /* the file that malloc is from */
};
