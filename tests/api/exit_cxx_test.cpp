// Static and thread-local C++ objects allocate in their constructors and destructors, before and
// after main.
/* SPDX-License-Identifier: MIT */
#include "expect.h"
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

struct hoarder {
    std::map<int, std::string> texts;
    std::vector<std::unique_ptr<char[]>> blocks;

    hoarder() {
        for (int i = 0; i < 500; i++) texts[i] = std::string(static_cast<size_t>(i), 'x');
    }

    ~hoarder() {
        for (int i = 0; i < 500; i++) {
            expect(texts[i].size() == static_cast<size_t>(i));
            blocks.emplace_back(new char[static_cast<size_t>(i) * 37 + 1]);
            texts.erase(i);
        }
    }
};

// Constructed first, destroyed last: the process ends with 0 only if everything before it went
// well.
struct last_word {
    hoarder mine;
    bool armed = false;
    ~last_word() {
        if (armed) _exit(0);
    }
};

static last_word last;
static hoarder before_main;
static thread_local hoarder of_thread;

CASE(static_objects_allocate_in_destructors) {
    static hoarder of_function;
    expect(of_function.texts.size() == 500 && before_main.texts.size() == 500);
    last.armed = true;
    exit(5);
}

CASE(thread_local_objects_allocate_in_destructors) {
    for (int round = 0; round < 20; round++) {
        std::vector<std::thread> threads;
        for (int i = 0; i < 4; i++) threads.emplace_back([] { expect(of_thread.texts.size() == 500); });
        for (auto &thread : threads) thread.join();
    }
    expect(of_thread.texts.size() == 500);
    last.armed = true;
    exit(5);
}

int main(int argc, char **argv) {
    return run_case(argc, argv);
}
