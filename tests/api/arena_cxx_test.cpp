/* heapalloc.hpp with the standard's containers, and the texts of an arena. */
/* SPDX-License-Identifier: MIT */
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <heapalloc/collected.hpp>
#include <heapalloc/heapalloc.hpp>
#include <list>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#define MUST(condition)                                                          \
    do {                                                                         \
        if (!(condition)) {                                                      \
            std::printf("not ok - %s:%d: %s\n", __FILE__, __LINE__, #condition); \
            std::exit(1);                                                        \
        }                                                                        \
    } while (0)

static int alive;
struct counted {
    explicit counted(int n) : number(n) {
        if (n < 0) throw std::runtime_error("no");
        alive++;
    }
    ~counted() { alive--; }
    int number;
};

static void containers_use_an_arena() {
    heapalloc::arena_resource resource;
    for (int round = 0; round < 3; round++) {
        {
            std::pmr::vector<std::pmr::string> words(&resource);
            std::pmr::map<int, std::pmr::string> tree(&resource);
            std::pmr::unordered_map<int, int> table(&resource);
            for (int i = 0; i < 10000; i++) {
                words.emplace_back("a string that is too long to be kept inside of itself");
                tree.emplace(i * 7919 % 10007, "another string that is rather long");
                table[i] = i;
            }
            MUST(words.size() == 10000 && tree.size() == 10000 && table.at(5000) == 5000);
            MUST(words[9999] == words[0]);
        }
        resource.release();
    }
    heapalloc::unique_arena arena = heapalloc::make_arena();
    std::vector<long, heapalloc::arena_allocator<long>> numbers{heapalloc::arena_allocator<long>(arena.get())};
    for (long i = 0; i < 100000; i++) numbers.push_back(i);
    MUST(numbers[99999] == 99999);
    auto moved = std::move(numbers);
    MUST(moved.size() == 100000 && moved.get_allocator() == heapalloc::arena_allocator<int>(arena.get()));
}

static void nodes_use_a_pool() {
    heapalloc::pool_resource resource(64);
    std::pmr::list<long> list(&resource);
    for (int round = 0; round < 5; round++) {
        for (long i = 0; i < 10000; i++) list.push_back(i);
        while (list.size() > 10) list.pop_front();
    }
    std::pmr::vector<long> large(10000, 1, &resource);
    MUST(large[9999] == 1 && list.size() == 10);
}

static void objects_live_in_an_arena() {
    heapalloc::unique_arena arena = heapalloc::make_arena();
    MUST(heapalloc::make_in<counted>(arena.get(), 3)->number == 3);
    heapalloc_arena_position mark = heapalloc_arena_mark(arena.get());
    for (int i = 0; i < 100; i++) heapalloc::make_in<counted>(arena.get(), i);
    MUST(alive == 101);
    bool thrown = false;
    try {
        heapalloc::make_in<counted>(arena.get(), -1);
    } catch (const std::runtime_error &) {
        thrown = true;
    }
    MUST(thrown && alive == 101);
    heapalloc_arena_rewind(arena.get(), mark);
    MUST(alive == 1);
    arena.reset();
    MUST(alive == 0);
}

static void limits_throw() {
    heapalloc_arena_options options = {};
    options.limit_bytes = 64 * 1024;
    heapalloc::unique_arena arena = heapalloc::make_arena(options);
    heapalloc::arena_resource resource(arena.get());
    bool thrown = false;
    try {
        std::pmr::vector<char> large(100000, 'x', &resource);
    } catch (const std::bad_alloc &) {
        thrown = true;
    }
    MUST(thrown);
    options.align_bytes = 3;
    try {
        heapalloc::make_arena(options);
        MUST(false);
    } catch (const std::bad_alloc &) {
    }
}

static void texts_are_copied() {
    heapalloc::unique_arena arena = heapalloc::make_arena();
    std::string wide(1000, 'w');
    MUST(std::strcmp(heapalloc_arena_strdup(arena.get(), wide.c_str()), wide.c_str()) == 0);
    MUST(std::memcmp(heapalloc_arena_memdup(arena.get(), wide.data(), 10), "wwwwwwwwww", 10) == 0);
    MUST(std::strcmp(heapalloc_arena_printf(arena.get(), "%d-%s", 42, "x"), "42-x") == 0);
    MUST(std::string(heapalloc_arena_printf(arena.get(), "<%s>", wide.c_str())) == "<" + wide + ">");
    MUST(!heapalloc_arena_strdup(arena.get(), nullptr) && !heapalloc_arena_memdup(arena.get(), nullptr, 1));
    MUST(heapalloc_arena_memdup(arena.get(), nullptr, 0) != nullptr);
}

/* Two threads that put what the other has got, under a resource that both have. */
static void threads_share_a_resource() {
    heapalloc_pool_options options = {};
    options.name = "nodes";
    options.object_bytes = 64;
    options.align_bytes = 64;
    options.flags = HEAPALLOC_POOL_SHARED;
    heapalloc::pool_resource resource(options);
    auto work = [&resource] {
        std::pmr::list<long> list(&resource);
        for (long i = 0; i < 20000; i++) {
            list.push_back(i);
            if (list.size() > 100) list.pop_front();
        }
    };
    std::thread one(work), two(work);
    one.join();
    two.join();
    void *aligned = resource.allocate(40, 64);
    MUST(reinterpret_cast<std::uintptr_t>(aligned) % 64 == 0);
    struct heapalloc_pool_stats stats;
    heapalloc_pool_stats(resource.pool(), &stats);
    MUST(stats.used_blocks == 1 && stats.free_blocks > 0);
    resource.deallocate(aligned, 40, 64);
    options.object_bytes = 0;
    bool thrown = false;
    try {
        heapalloc::pool_resource none(options);
    } catch (const std::bad_alloc &) {
        thrown = true;
    }
    MUST(thrown);
}

struct alignas(64) line {
    char bytes[64];
};
static void objects_live_in_a_pool() {
    heapalloc::object_pool<counted> pool;
    counted *first = pool.create(7);
    {
        auto second = pool.make_unique(8);
        MUST(alive == 2 && second->number == 8 && first->number == 7);
    }
    MUST(alive == 1);
    bool thrown = false;
    try {
        pool.create(-1);
    } catch (const std::runtime_error &) {
        thrown = true;
    }
    MUST(thrown && alive == 1);
    pool.destroy(first);
    pool.destroy(nullptr);
    MUST(alive == 0);
    heapalloc::object_pool<line> lines;
    MUST(reinterpret_cast<std::uintptr_t>(lines.create()) % 64 == 0);
}

struct pair {
    pair *other = nullptr;
    counted count{1};
};
static __attribute__((noinline)) void make_pairs(heapalloc_collected *collected) {
    for (int i = 0; i < 1000; i++) {
        pair *one = heapalloc::make_in<pair>(collected), *two = heapalloc::make_in<pair>(collected);
        one->other = two;
        two->other = one; /* a cycle, which a count of references would keep */
    }
}
static __attribute__((noinline)) heapalloc::collected_weak<pair> make_weak(heapalloc_collected *collected) {
    return {collected, heapalloc::make_in<pair>(collected)};
}
static pair *kept;
static void objects_are_collected() {
    {
        heapalloc::unique_collected collected = heapalloc::make_collected();
        heapalloc::collected_root root(collected.get(), kept);
        kept = heapalloc::make_in<pair>(collected.get());
        make_pairs(collected.get());
        auto weak = make_weak(collected.get());
        std::vector<pair *, heapalloc::collected_allocator<pair *>> list{
            heapalloc::collected_allocator<pair *>(collected.get())};
        for (int i = 0; i < 100; i++) list.push_back(heapalloc::make_in<pair>(collected.get()));
        MUST(alive == 2102);
        heapalloc_collected_collect(collected.get());
        MUST(alive >= 101 && alive < 300); /* a word on the stack may look like a pointer */
        for (pair *one : list) MUST(one->count.number == 1);
        MUST(kept->count.number == 1);
        auto other = std::move(weak);
        other = make_weak(collected.get());
        MUST(other && !weak);
    }
    MUST(alive == 0);
    heapalloc_collected_options wrong = {};
    wrong.flags = 64;
    bool thrown = false;
    try {
        heapalloc::make_collected(wrong);
    } catch (const std::bad_alloc &) {
        thrown = true;
    }
    MUST(thrown);
}

int main() {
    containers_use_an_arena();
    nodes_use_a_pool();
    objects_live_in_an_arena();
    limits_throw();
    texts_are_copied();
    threads_share_a_resource();
    objects_live_in_a_pool();
    objects_are_collected();
    std::puts("ok");
}
