/* RTLD_DEEPBIND binds no library past the preloaded malloc, and dlopen still sees its true caller. */
/* SPDX-License-Identifier: MIT */
#include "deep.h"
#include "expect.h"
#include <dlfcn.h>
#include <pthread.h>

static const char *outer_path;

static void *handle_of(void *handle) {
    if (handle == NULL) fprintf(stderr, "%s\n", dlerror());
    expect(handle != NULL);
    return handle;
}

static const struct deep *deep_in(void *handle, int mark) {
    const struct deep *deep = dlsym(handle, "deep");
    expect(deep != NULL && deep->marked() == mark);
    return deep;
}

/* Blocks of every kind go from one to the other, are resized and freed there. */
static void exchange(const struct deep *deep) {
    for (size_t size = 1; size < 8u << 20; size = size * 2 + 5) {
        expect_at(size, 0, 0);
        char *theirs = deep->take(size), *ours = hide(malloc(size));
        expect(theirs != NULL && ours != NULL);
        memset(theirs, 1, size);
        memset(ours, 2, size);
        theirs = realloc(theirs, 2 * size);
        ours = deep->resize(ours, 2 * size);
        expect(theirs != NULL && theirs[size - 1] == 1 && ours != NULL && ours[size - 1] == 2);
        free(theirs);
        deep->give(ours);
    }
    expect(deep->take == malloc && deep->give == free);
}

CASE(deeply_bound_library_shares_malloc) {
    for (int round = 0; round < 20; round++) {
        void *handle = handle_of(dlopen(outer_path, RTLD_NOW | RTLD_DEEPBIND));
        exchange(deep_in(handle, 1));
        expect(dlclose(handle) == 0);
    }
}

CASE(base_name_space_shares_malloc) {
    exchange(deep_in(handle_of(dlmopen(LM_ID_BASE, outer_path, RTLD_LAZY | RTLD_DEEPBIND)), 1));
}

/* A namespace of its own has a malloc of its own, as without the preloaded library. */
CASE(other_name_space_is_left_alone) {
    const struct deep *deep = deep_in(handle_of(dlmopen(LM_ID_NEWLM, outer_path, RTLD_NOW | RTLD_DEEPBIND)), 1);
    expect(deep->take != malloc);
    deep->give(deep->take(100));
}

/* Only the caller's RUNPATH with its $ORIGIN leads to inner.so, neither this program nor the system's search path. */
CASE(search_path_is_the_callers) {
    static const char *const names[] = {"libapi_deep_inner.so", "$ORIGIN/deep_inner/libapi_deep_inner.so"};
    static const int modes[] = {RTLD_NOW, RTLD_NOW | RTLD_DEEPBIND, RTLD_LAZY | RTLD_GLOBAL};
    const struct deep *outer = deep_in(handle_of(dlopen(outer_path, RTLD_NOW | RTLD_DEEPBIND)), 1);
    expect(dlopen(names[0], RTLD_NOW) == NULL);
    for (unsigned name = 0; name < 2; name++)
        for (unsigned mode = 0; mode < 3; mode++) {
            expect_at(name, mode, 0);
            void *handle = handle_of(outer->open(names[name], modes[mode]));
            exchange(deep_in(handle, 2));
            expect(dlclose(handle) == 0);
        }
}

static void *open_first(void *unused) {
    exchange(deep_in(handle_of(dlopen(outer_path, RTLD_NOW | RTLD_DEEPBIND)), 1));
    return unused;
}

CASE(first_calls_come_from_many_threads) {
    pthread_t threads[8];
    for (unsigned i = 0; i < 8; i++) expect(pthread_create(&threads[i], NULL, open_first, NULL) == 0);
    for (unsigned i = 0; i < 8; i++) expect(pthread_join(threads[i], NULL) == 0);
}

/* Other uses of dlopen: the program itself, a failure with its reason, a query whether a library is loaded. */
CASE(other_uses_are_as_ever) {
    void *self = handle_of(dlopen(NULL, RTLD_NOW | RTLD_DEEPBIND));
    expect(dlsym(self, "malloc") == (void *)(uintptr_t)malloc);
    expect(dlopen("/nowhere/libnothing.so", RTLD_NOW | RTLD_DEEPBIND) == NULL);
    expect(strstr(dlerror(), "/nowhere/libnothing.so") != NULL && dlerror() == NULL);
    expect(dlopen(outer_path, RTLD_NOW | RTLD_NOLOAD | RTLD_DEEPBIND) == NULL);
    void *handle = handle_of(dlopen(outer_path, RTLD_NOW | RTLD_DEEPBIND));
    expect(dlopen(outer_path, RTLD_NOW | RTLD_NOLOAD | RTLD_DEEPBIND) == handle);
    expect(dlopen(outer_path, 0) == NULL && strstr(dlerror(), "invalid mode") != NULL);
}

/* Usage: deep_test CASE OUTER */
int main(int argc, char **argv) {
    expect(argc == 3);
    outer_path = argv[2];
    return run_case(argc, argv);
}
