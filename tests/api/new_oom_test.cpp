// operator new when memory is really out: the new-handler loop, bad_alloc, nothrow, and exceptions
// thrown meanwhile.
/* SPDX-License-Identifier: MIT */
#include "expect.h"
#include <new>
#include <stdexcept>
#include <string>
#include <sys/resource.h>

static void restart_under_limit() {
    rlimit limit = {rlim_t(200) << 20, rlim_t(200) << 20}, now;
    expect(getrlimit(RLIMIT_AS, &now) == 0);
    if (now.rlim_cur == limit.rlim_cur) return;
    expect(setrlimit(RLIMIT_AS, &limit) == 0);
    execv("/proc/self/exe", expect_argv);
    expect(!"started again");
}

struct chain {
    chain *next;
};

static chain *all;

// Allocates all memory, first in MiB, then in ever smaller blocks.
static void exhaust() {
    for (size_t size = 1 << 20; size >= sizeof(chain); size /= 2)
        while (chain *block = static_cast<chain *>(malloc(size))) {
            block->next = all;
            all = block;
        }
}

static void release_all() {
    while (all != nullptr) {
        chain *block = all;
        all = block->next;
        free(block);
    }
}

static void *reserve;
static unsigned handler_calls;

static void give_reserve_then_throw() {
    if (++handler_calls == 3) {
        free(reserve);
    } else if (handler_calls > 3) {
        std::set_new_handler(nullptr);
        throw std::bad_alloc();
    }
}

// The handler is called until it helps: twice in vain, then it frees its reserve and the request
// succeeds.
CASE(new_handler_is_asked_until_it_helps) {
    restart_under_limit();
    reserve = malloc(20 << 20);
    exhaust();
    std::set_new_handler(give_reserve_then_throw);
    void *block = operator new(10 << 20);
    expect(block != nullptr && handler_calls == 3);
    memset(block, 1, 10 << 20);
    release_all();
    operator delete(block);
}

CASE(new_handler_may_throw) {
    restart_under_limit();
    for (unsigned form = 0; form < 4; form++) {
        exhaust();
        handler_calls = 3;
        std::set_new_handler(give_reserve_then_throw);
        bool thrown = false;
        try {
            if (form == 0)
                (void)operator new(hide_size(50 << 20));
            else if (form == 1)
                (void)operator new[](hide_size(50 << 20));
            else if (form == 2)
                (void)operator new(hide_size(50 << 20), std::align_val_t(128));
            else
                (void)operator new[](hide_size(50 << 20), std::align_val_t(128));
        } catch (const std::bad_alloc &) {
            thrown = true;
        }
        release_all();
        expect_at(form, handler_calls, 0);
        expect(thrown && handler_calls == 4 && std::get_new_handler() == nullptr);
    }
}

CASE(nothrow_asks_the_handler_and_gives_null) {
    restart_under_limit();
    for (unsigned form = 0; form < 4; form++) {
        exhaust();
        handler_calls = 3;
        std::set_new_handler(give_reserve_then_throw);
        void *block;
        if (form == 0)
            block = operator new(hide_size(50 << 20), std::nothrow);
        else if (form == 1)
            block = operator new[](hide_size(50 << 20), std::nothrow);
        else if (form == 2)
            block = operator new(hide_size(50 << 20), std::align_val_t(128), std::nothrow);
        else
            block = operator new[](hide_size(50 << 20), std::align_val_t(128), std::nothrow);
        release_all();
        expect_at(form, handler_calls, 0);
        expect(block == nullptr && handler_calls == 4);
    }
}

// Small sizes fail too, and the exception object itself needs memory that is not there.
CASE(small_sizes_throw_and_recover) {
    restart_under_limit();
    for (size_t size = 16; size <= 1 << 20; size *= 4) {
        exhaust();
        bool thrown = false;
        try {
            for (;;) {
                chain *block = static_cast<chain *>(operator new(size));
                block->next = all;
                all = block;
            }
        } catch (const std::bad_alloc &) {
            thrown = true;
        }
        release_all();
        expect(thrown);
        operator delete(operator new(size));
    }
}

// libstdc++ keeps a pool for this; taking exceptions from it and giving them back must not meet our
// free.
CASE(exceptions_are_thrown_while_memory_is_out) {
    restart_under_limit();
    exhaust();
    unsigned caught = 0;
    for (unsigned i = 0; i < 2000; i++) {
        try {
            throw i;
        } catch (unsigned value) {
            caught += value == i;
        }
        try {
            try {
                throw std::bad_alloc();
            } catch (const std::bad_alloc &) {
                throw;
            }
        } catch (const std::exception &) {
            caught++;
        }
    }
    release_all();
    expect(caught == 4000);
    bool thrown = false;
    try {
        throw std::runtime_error(std::string(1000, 'x'));
    } catch (const std::runtime_error &error) {
        thrown = strlen(error.what()) == 1000;
    }
    expect(thrown);
}

int main(int argc, char **argv) {
    return run_case(argc, argv);
}
