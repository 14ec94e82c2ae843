/* heapalloc.hpp with the standard's containers, and the texts of an arena. */
/* SPDX-License-Identifier: MIT */
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <heapalloc/heapalloc.hpp>
#include <list>
#include <map>
#include <stdexcept>
#include <string>
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

int main() {
    containers_use_an_arena();
    nodes_use_a_pool();
    objects_live_in_an_arena();
    limits_throw();
    texts_are_copied();
    std::puts("ok");
}
