/* Prints with whose rights it runs, in which mode, and whose malloc it uses. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

int main(void) {
    Dl_info object = {0};
    void *(*volatile allocate)(size_t) = malloc;
    char *block = allocate(1000);
    if (!block || !dladdr((void *)allocate, &object) || !object.dli_fname) return 1;
    memset(block, 1, 1000);
    printf("rights of %s, %s, malloc by %s\n", geteuid() == 0 ? "root" : "a user",
           getauxval(AT_SECURE) ? "secure" : "not secure", object.dli_fname);
    free(block);
    return 0;
}
