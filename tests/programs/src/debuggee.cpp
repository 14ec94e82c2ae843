// A program for the debugger to stop in: a struct, a vector, a list on the heap.
/* SPDX-License-Identifier: MIT */
#include <cstdio>
#include <string>
#include <vector>

struct node {
    int value;
    std::string name;
    node *next;
};

static int sum_of_squares(const std::vector<int> &values, const node *first) {
    int sum = 0;
    for (int value : values) sum += value * value;
    for (const node *at = first; at; at = at->next) sum += at->value + static_cast<int>(at->name.size());
    return sum;
}

int main() {
    std::vector<int> values;
    node *first = nullptr;
    for (int i = 0; i < 20; i++) {
        values.push_back(i);
        first = new node{i, "node number " + std::to_string(i), first};
    }
    std::printf("sum %d\n", sum_of_squares(values, first));
    while (first) {
        node *next = first->next;
        delete first;
        first = next;
    }
    return 0;
}
