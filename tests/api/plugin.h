/* The functions of the plugin, which links the allocator, for the program, which does not. */
/* SPDX-License-Identifier: MIT */
#pragma once

struct plugin {
    void (*work)(unsigned seed);      /* a load on the malloc that the plugin's references were bound to */
    const char *(*malloc_home)(void); /* the file that malloc is from */
};
