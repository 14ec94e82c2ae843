// Every operator new and delete of C++17: alignment, wrong sizes, nothrow, and the exceptions of
// absurd sizes.
/* SPDX-License-Identifier: MIT */
#include "expect.h"
#include <malloc.h>
#include <memory>
#include <new>
#include <thread>
#include <vector>

struct operators {
    void *(*take)(size_t);
    void (*give)(void *, size_t);
    size_t alignment;
};

static const std::align_val_t wide{256};

// Each form of new with the matching form of delete.
static const operators pairs[] = {
    {[](size_t n) { return operator new(n); }, [](void *p, size_t) { operator delete(p); }, 16},
    {[](size_t n) { return operator new(n); }, [](void *p, size_t n) { operator delete(p, n); }, 16},
    {[](size_t n) { return operator new[](n); }, [](void *p, size_t) { operator delete[](p); }, 16},
    {[](size_t n) { return operator new[](n); }, [](void *p, size_t n) { operator delete[](p, n); }, 16},
    {[](size_t n) { return operator new(n, std::nothrow); }, [](void *p, size_t) { operator delete(p, std::nothrow); },
     16},
    {[](size_t n) { return operator new[](n, std::nothrow); },
     [](void *p, size_t) { operator delete[](p, std::nothrow); }, 16},
    {[](size_t n) { return operator new(n, wide); }, [](void *p, size_t) { operator delete(p, wide); }, 256},
    {[](size_t n) { return operator new(n, wide); }, [](void *p, size_t n) { operator delete(p, n, wide); }, 256},
    {[](size_t n) { return operator new[](n, wide); }, [](void *p, size_t) { operator delete[](p, wide); }, 256},
    {[](size_t n) { return operator new[](n, wide); }, [](void *p, size_t n) { operator delete[](p, n, wide); }, 256},
    {[](size_t n) { return operator new(n, wide, std::nothrow); },
     [](void *p, size_t) { operator delete(p, wide, std::nothrow); }, 256},
    {[](size_t n) { return operator new[](n, wide, std::nothrow); },
     [](void *p, size_t) { operator delete[](p, wide, std::nothrow); }, 256},
};

CASE(every_pair_gives_distinct_aligned_blocks) {
    for (const operators &o : pairs)
        for (size_t size = 0; size < 3 << 20; size = size * 2 + 1) {
            unsigned char *held[8];
            for (unsigned i = 0; i < 8; i++) {
                expect_at(&o - pairs, size, i);
                held[i] = static_cast<unsigned char *>(o.take(size));
                expect(held[i] != nullptr && is_aligned(held[i], o.alignment));
                expect(malloc_usable_size(held[i]) >= size);
                memset(held[i], static_cast<int>(i) + 1, size);
            }
            for (unsigned i = 0; i < 8; i++) {
                expect(size == 0 || (held[i][0] == i + 1 && held[i][size - 1] == i + 1));
                o.give(held[i], size);
            }
        }
    for (const operators &o : pairs) o.give(nullptr, 0);
}

// Every form of delete frees blocks of every form of new; the standard forbids it, but programs do it, and malloc
// allows it.
CASE(every_pair_mixes_with_every_other) {
    for (const operators &from : pairs)
        for (const operators &to : pairs)
            for (size_t size = 1; size < 1 << 20; size = size * 5 + 1) {
                void *block = from.take(size);
                memset(block, 1, size);
                // An alignment that the address does not have is a misuse.
                (is_aligned(block, to.alignment) ? to : from).give(block, size);
            }
    for (const operators &o : pairs) {
        o.give(malloc(100), 100);
        free(o.take(100));
    }
}

static void expect_bad_alloc(void *(*take)(size_t), size_t size) {
    bool thrown = false;
    try {
        expect(take(size) == nullptr);
    } catch (const std::bad_alloc &) {
        thrown = true;
    }
    expect(thrown);
}

CASE(absurd_sizes_throw_bad_alloc_or_give_null) {
    const size_t absurd[] = {SIZE_MAX,     SIZE_MAX - 15,    SIZE_MAX - 255,  SIZE_MAX - 256,  SIZE_MAX - 4096,
                             SIZE_MAX / 2, SIZE_MAX / 2 + 1, size_t(1) << 62, size_t(1) << 50, SIZE_MAX / 2 - 4096};
    for (size_t size : absurd)
        for (unsigned i = 0; i < 12; i++) {
            bool is_nothrow = i == 4 || i == 5 || i >= 10;
            expect_at(i, size, 0);
            if (is_nothrow)
                expect(pairs[i].take(hide_size(size)) == nullptr);
            else
                expect_bad_alloc(pairs[i].take, hide_size(size));
        }
    bool thrown = false;
    try {
        expect(new uint64_t[hide_size(SIZE_MAX / 8)] == nullptr);
    } catch (const std::bad_array_new_length &) {
        thrown = true;
    } catch (const std::bad_alloc &) {
        thrown = true;
    }
    expect(thrown);
}

CASE(alignments_up_to_a_mebibyte_hold) {
    for (size_t alignment = 1; alignment <= 1 << 20; alignment *= 2)
        for (size_t size = 1; size < 1 << 20; size = size * 3 + 1) {
            void *block = operator new(size, std::align_val_t(alignment));
            expect_at(alignment, size, 0);
            expect(is_aligned(block, alignment));
            memset(block, 1, size);
            operator delete(block, size, std::align_val_t(alignment));
        }
}

struct base {
    virtual ~base() = default;
    char small[24];
};

struct plain_base { // no virtual destructor: deleting through it passes the wrong size
    char small[24];
};

struct derived : plain_base {
    char large[5000];
};

struct real_derived : base {
    char large[5000];
};

static void expect_sound(size_t size) {
    std::vector<std::unique_ptr<unsigned char[]>> held;
    for (unsigned i = 0; i < 300; i++) {
        held.emplace_back(new unsigned char[size]);
        memset(held[i].get(), static_cast<int>(i), size);
    }
    for (unsigned i = 0; i < 300; i++) expect(held[i][0] == (i & 255) && held[i][size - 1] == (i & 255));
}

CASE(sizes_in_delete_that_may_be_right_do_no_harm) {
    for (unsigned i = 0; i < 2000; i++) {
        derived *object = new derived;
        memset(object->large, 1, sizeof object->large);
        operator delete(object, sizeof(plain_base));
        operator delete(operator new(24), hide_size(17));
        operator delete(operator new(100000), hide_size(1));
        operator delete[](operator new[](64), hide_size(0));
        operator delete(operator new(300, wide), hide_size(8), std::align_val_t(16));
        base *proper = new real_derived;
        delete proper;
    }
    for (size_t size : {24, 64, 304, 5000, 100000}) expect_sound(size);
}

CASE(blocks_pass_between_threads) {
    for (unsigned round = 0; round < 20; round++) {
        std::vector<std::unique_ptr<std::vector<int>>> passed(4000);
        std::thread taker([&] {
            for (unsigned i = 0; i < 4000; i++) passed[i] = std::make_unique<std::vector<int>>(i % 200, 7);
        });
        taker.join();
        std::thread giver([&] { passed.clear(); });
        giver.join();
    }
}

int main(int argc, char **argv) {
    return run_case(argc, argv);
}
