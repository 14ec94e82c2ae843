/* A process that allocates once, does nothing else, and prints its memory and faults.
 *
 * Prints RSS_KIB ANONYMOUS_KIB MINOR_FAULTS, read from /proc without stdio, which would allocate. */
/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char text[8192];

static void read_file(const char *path) {
    int fd = open(path, O_RDONLY);
    ssize_t length = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    close(fd);
    text[length > 0 ? length : 0] = 0;
}

static void print_word(const char *word, size_t length) {
    if (write(1, word, length) < 0 || write(1, " ", 1) < 0) _exit(1);
}

/* The number after `field` in /proc/self/status. */
static void print_status(const char *field) {
    const char *at = strstr(text, field);
    if (!at) _exit(1);
    at += strlen(field) + strspn(at + strlen(field), " \t");
    print_word(at, strspn(at, "0123456789"));
}

/* Field 10 of /proc/self/stat; the program's name, in parentheses, may contain spaces. */
static void print_minor_faults(void) {
    char *at = strrchr(text, ')');
    for (int i = 0; at && i < 8; i++) at = strchr(at + 1, ' ');
    if (!at) _exit(1);
    print_word(at + 1, strspn(at + 1, "0123456789"));
}

int main(void) {
    volatile char *block = malloc(64);
    if (!block) return 1;
    *block = 1;
    read_file("/proc/self/status");
    print_status("VmRSS:");
    print_status("RssAnon:");
    read_file("/proc/self/stat");
    print_minor_faults();
    free((void *)block);
    return 0;
}
