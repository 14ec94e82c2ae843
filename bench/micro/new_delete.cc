/* C++ programs: objects through new and delete, and the standard containers that use them. */
/* SPDX-License-Identifier: MIT */
#include "pattern.h"
#include <list>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

namespace {
struct Node {
    Node *left = nullptr, *right = nullptr;
    uint64_t value[4] = {};
};
} // namespace

static void new_delete_pair(benchmark::State &state) {
    for (auto _ : state) {
        Node *node = new Node;
        benchmark::DoNotOptimize(node);
        delete node;
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(new_delete_pair);

static Node *build(int depth) {
    Node *node = new Node;
    if (depth > 0) {
        node->left = build(depth - 1);
        node->right = build(depth - 1);
    }
    return node;
}

static void drop(Node *node) {
    if (node) {
        drop(node->left);
        drop(node->right);
        delete node;
    }
}

static void binary_tree(benchmark::State &state) {
    int depth = static_cast<int>(state.range(0));
    for (auto _ : state) drop(build(depth));
    state.SetItemsProcessed(state.iterations() * ((2 << depth) - 1));
}
BENCHMARK(binary_tree)->Arg(8)->Arg(16);

/* Strings long enough not to live inside the std::string itself. */
static void string_map(benchmark::State &state) {
    constexpr int KEYS = 1000;
    for (auto _ : state) {
        std::unordered_map<std::string, std::string> map;
        for (int i = 0; i < KEYS; i++)
            map.emplace("key number " + std::to_string(i * 7919), std::string(20 + i % 100, 'v'));
        benchmark::DoNotOptimize(map);
    }
    state.SetItemsProcessed(state.iterations() * KEYS);
}
BENCHMARK(string_map);

static void list_queue(benchmark::State &state) {
    std::list<std::unique_ptr<Node>> queue;
    for (int i = 0; i < 1000; i++) queue.push_back(std::make_unique<Node>());
    for (auto _ : state) {
        queue.push_back(std::make_unique<Node>());
        queue.pop_front();
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(list_queue);

static void ordered_map(benchmark::State &state) {
    std::map<uint32_t, Node> map;
    Random random;
    for (int i = 0; i < 1000; i++) map[random.next()];
    for (auto _ : state) {
        map[random.next()];
        map.erase(map.begin());
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(ordered_map);
