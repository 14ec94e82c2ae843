/* Runs a program of another processor under its own name: FOLDER/bin/NAME, a link to this one, starts the emulator on
 * FOLDER/programs/NAME.
 *
 * An emulated program that starts another one by its name finds a relay too, because the emulator hands execve() to the
 * kernel, which cannot run the other processor's code. EMULATED_FOLDER, EMULATED_PAGES (bytes) and EMULATED_PRELOAD
 * come from emulated.sh. Must be static: LD_PRELOAD may name a library for the other processor, and the emulator, which
 * is not static, must not see it. */
/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EMULATOR "/usr/bin/qemu-aarch64"

static const char *setting(const char *name) {
    const char *value = getenv(name);
    return value ? value : "";
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

int main(int count, char **words) {
    char root[PATH_MAX], program[PATH_MAX], preload[3 * PATH_MAX];
    const char *folder = setting("EMULATED_FOLDER");
    char *head[] = {"qemu-aarch64", "-L",    root, "-p",     (char *)setting("EMULATED_PAGES"),
                    "-E",           preload, "-0", words[0], program};
    enum { HEAD_WORDS = sizeof head / sizeof head[0] };
    char **all = calloc((size_t)count + HEAD_WORDS, sizeof *all);
    if (!all) return 127;
    snprintf(root, sizeof root, "%s/system", folder);
    snprintf(program, sizeof program, "%s/programs/%s", folder, base_name(words[0]));
    snprintf(preload, sizeof preload, "LD_PRELOAD=%s", setting("EMULATED_PRELOAD"));
    memcpy(all, head, sizeof head);
    memcpy(all + HEAD_WORDS, words + 1, (size_t)count * sizeof *all); /* with the NULL behind them */
    unsetenv("LD_PRELOAD");
    execv(EMULATOR, all);
    perror(EMULATOR);
    return 127;
}
