/* A library preloaded together with an allocator: records which object provides malloc in each process.
 *
 * At the start of every process it appends "PROGRAM PAGE_BYTES OBJECT" to the file named by WITNESS_FILE: the
 * base name of the executable, the size of a page, and the path of the object that a call of malloc reaches. It reads
 * the latter from the slot through which its own calls would go: the address `&malloc` may be a
 * stub in an executable that is not position independent. Must be linked with -z now, so that the
 * slot is bound when the constructor runs. It allocates nothing and calls nothing that does. */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LINE_BYTES = 2 * PATH_MAX + 26 };

void *witness_calls_malloc(size_t size_bytes);

/* Never run: its call is why the linker makes the slot. */
void *witness_calls_malloc(size_t size_bytes) {
    return malloc(size_bytes);
}

static ElfW(Addr) dynamic_entry(ElfW(Sxword) tag) {
    for (const ElfW(Dyn) *entry = _DYNAMIC; entry->d_tag != DT_NULL; entry++)
        if (entry->d_tag == tag) return entry->d_un.d_ptr;
    return 0;
}

static void *address_of_malloc(void) {
    Dl_info self;
    const ElfW(Rela) *slots = (const ElfW(Rela) *)dynamic_entry(DT_JMPREL);
    const ElfW(Sym) *symbols = (const ElfW(Sym) *)dynamic_entry(DT_SYMTAB);
    const char *names = (const char *)dynamic_entry(DT_STRTAB);
    size_t slot_count = dynamic_entry(DT_PLTRELSZ) / sizeof *slots;
    if (!dladdr((void *)_DYNAMIC, &self)) return NULL;
    for (size_t i = 0; i < slot_count; i++)
        if (strcmp(names + symbols[ELF64_R_SYM(slots[i].r_info)].st_name, "malloc") == 0)
            return *(void **)((char *)self.dli_fbase + slots[i].r_offset);
    return NULL;
}

static size_t append(char *line, size_t used, const char *text) {
    size_t length = strlen(text);
    if (used + length >= LINE_BYTES) return used;
    memcpy(line + used, text, length);
    return used + length;
}

static size_t append_number(char *line, size_t used, unsigned long number) {
    char digits[24];
    size_t at = sizeof digits;
    digits[--at] = '\0';
    do digits[--at] = (char)('0' + number % 10);
    while (number /= 10);
    return append(line, used, digits + at);
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Raw system calls: open and write may be wrapped by the program under test. */
static void append_to_file(const char *path, const char *line, size_t length) {
    long fd = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0) return;
    (void)!syscall(SYS_write, (int)fd, line, length);
    syscall(SYS_close, (int)fd);
}

__attribute__((constructor)) static void testify(void) {
    int saved_errno = errno;
    const char *path = getenv("WITNESS_FILE");
    char program[PATH_MAX] = "";
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    Dl_info object;
    if (path && length > 0 && dladdr(address_of_malloc(), &object) && object.dli_fname) {
        char line[LINE_BYTES];
        size_t used = append(line, 0, base_name(program));
        used = append(line, used, " ");
        used = append_number(line, used, getauxval(AT_PAGESZ));
        used = append(line, used, " ");
        used = append(line, used, object.dli_fname);
        used = append(line, used, "\n");
        append_to_file(path, line, used);
    }
    errno = saved_errno;
}
