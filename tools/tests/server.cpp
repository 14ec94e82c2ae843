/* A program with eight threads that serve requests and keep what they answered, in C++; `fork`: in two processes.
 *
 *   server [fork|wait]     wait: prints "ready" when all is served, and ends when its input does */
/* SPDX-License-Identifier: MIT */
#include <cstdio>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

constexpr int threads = 8, requests = 3000;

template <typename Key, typename Value> class Cache {
  public:
    void keep(Key key, Value value) {
        std::lock_guard<std::mutex> hold(lock);
        answers[std::move(key)] = std::move(value);
    }

  private:
    std::mutex lock;
    std::map<Key, Value> answers;
};

struct Server {
    Cache<std::string, std::vector<char>> kept;

    __attribute__((noinline)) std::vector<char> answer(const std::string &request) {
        std::vector<char> page(request.begin(), request.end());
        page.resize(512 + request.size() * 8);
        return page;
    }

    __attribute__((noinline)) void serve(int thread) {
        for (int i = 0; i < requests; i++) {
            std::string request = "GET /a/page/with/a/long/name/" + std::to_string(thread) + "/" + std::to_string(i);
            std::vector<char> page = answer(request);
            if (i % 2) kept.keep(request, std::move(page));
        }
    }
};

Server server;

void serve_all() {
    std::vector<std::thread> workers;
    for (int i = 0; i < threads; i++) workers.emplace_back(&Server::serve, &server, i);
    for (std::thread &worker : workers) worker.join();
}

} // namespace

int main(int argc, char **argv) {
    const char *way = argc > 1 ? argv[1] : "";
    pid_t child = std::strcmp(way, "fork") == 0 ? fork() : -1;
    serve_all();
    if (std::strcmp(way, "wait") == 0) {
        std::puts("ready");
        std::fflush(stdout);
        while (std::getchar() != EOF) continue;
    }
    if (child > 0) waitpid(child, nullptr, 0);
    return 0;
}
