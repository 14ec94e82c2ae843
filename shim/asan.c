/* The default options of a shared AddressSanitizer that is loaded behind this library. */
/* SPDX-License-Identifier: MIT */
#include "shim.h"

/* Switch off its check of the link order: it ends a program in which another library comes first, because its malloc
 * might not be in use, but ours leaves malloc to it (next.h). The program's function and ASAN_OPTIONS override this. */
EXPORT const char *__asan_default_options(void);
const char *__asan_default_options(void) {
    return "verify_asan_link_order=0";
}
