/* What a shared AddressSanitizer asks a program that it finds itself loaded in. */
/* SPDX-License-Identifier: MIT */
#include "shim.h"

/* It ends a program in which another library comes first, because its malloc might not be the one in use. Ours steps
 * aside for it (next.h). What the program itself answers goes before this, and ASAN_OPTIONS before both. */
EXPORT const char *__asan_default_options(void);
const char *__asan_default_options(void) {
    return "verify_asan_link_order=0";
}
