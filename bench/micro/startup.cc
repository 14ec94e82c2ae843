/* A short process from spawn to end: what an allocator adds to every command of a script. */
/* SPDX-License-Identifier: MIT */
#include "pattern.h"
#include <spawn.h>
#include <sys/wait.h>

extern char **environ;

static void startup(benchmark::State &state) {
    char path[] = "/bin/true";
    char *arguments[] = {path, nullptr};
    for (auto _ : state) {
        pid_t child;
        int status = 0;
        if (posix_spawn(&child, path, nullptr, nullptr, arguments, environ) != 0 ||
            waitpid(child, &status, 0) != child || status != 0) {
            state.SkipWithError("/bin/true did not run");
            break;
        }
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(startup)->UseRealTime()->Unit(benchmark::kMicrosecond);
