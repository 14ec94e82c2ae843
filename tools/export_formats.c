/* What the formats of other programs share. */
/* SPDX-License-Identifier: MIT */
#include "export_formats.h"

void export_put_name(FILE *out, const char *name) {
    for (; *name; name++) putc(*name == ';' ? ',' : (unsigned char)*name < ' ' ? '?' : *name, out);
}
