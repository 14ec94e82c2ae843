// The program whose instructions tests/options/profile_cost.sh counts: it allocates 110 MB in a million blocks, one in
// 280 instructions, which is more often than most programs do.
// SPDX-License-Identifier: MIT
#include <cstdio>
#include <map>
#include <string>
#include <vector>

enum { ROUNDS = 450000, KEYS = 20000, KEYS_KEPT = 10000, LISTS = 1000, LIST_MAX = 100 };

static unsigned state = 1;

static unsigned number() {
    state = state * 1664525 + 1013904223;
    return state >> 8;
}

int main() {
    std::map<unsigned, std::string> texts;
    std::vector<std::vector<int>> lists(LISTS);
    for (int i = 0; i < ROUNDS; i++) {
        texts[number() % KEYS] = std::string(40 + number() % 210, 'x');
        std::vector<int> &list = lists[number() % LISTS];
        if (list.size() > LIST_MAX) list = std::vector<int>();
        for (int j = 0; j < 8; j++) list.push_back(j);
        if (texts.size() > KEYS_KEPT) texts.erase(texts.begin());
    }
    printf("%zu\n", texts.size());
}
