// A C++ program of many threads: futures, maps, exceptions, thread-local data, aligned new.
/* SPDX-License-Identifier: MIT */
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

struct alignas(256) wide {
    std::uint64_t words[32];
};

class pool {
  public:
    explicit pool(unsigned count) {
        for (unsigned i = 0; i < count; i++) workers_.emplace_back([this] { work(); });
    }

    ~pool() {
        {
            std::lock_guard<std::mutex> guard(mutex_);
            closing_ = true;
        }
        ready_.notify_all();
        for (auto &worker : workers_) worker.join();
    }

    template <class F> auto submit(F job) {
        auto task = std::make_shared<std::packaged_task<decltype(job())()>>(std::move(job));
        auto result = task->get_future();
        {
            std::lock_guard<std::mutex> guard(mutex_);
            jobs_.emplace_back([task] { (*task)(); });
        }
        ready_.notify_one();
        return result;
    }

  private:
    void work() {
        for (;;) {
            std::unique_lock<std::mutex> lock(mutex_);
            ready_.wait(lock, [this] { return closing_ || !jobs_.empty(); });
            if (jobs_.empty()) return;
            auto job = std::move(jobs_.front());
            jobs_.pop_front();
            lock.unlock();
            job();
        }
    }

    std::mutex mutex_;
    std::condition_variable ready_;
    std::deque<std::function<void()>> jobs_;
    std::vector<std::thread> workers_;
    bool closing_ = false;
};

// Destroyed when its thread ends, after most of the thread's other state.
thread_local std::map<std::string, std::vector<int>> memory_of_thread;

std::uint64_t count_words(int job) {
    std::map<std::string, std::unique_ptr<std::vector<int>>> words;
    for (int i = 0; i < 400; i++) {
        auto &list = words["word" + std::to_string(i * job % 61) + std::string(i % 50, 'x')];
        if (!list) list = std::make_unique<std::vector<int>>();
        list->push_back(i);
    }
    memory_of_thread["job" + std::to_string(job % 40)].assign(job % 300, job);
    std::uint64_t sum = 0;
    for (const auto &word : words) sum += word.first.size() * word.second->size();
    return sum;
}

std::uint64_t fail_sometimes(int job) {
    std::vector<std::string> held(job % 100, std::string(job % 70, 'h'));
    if (job % 3 == 0) throw std::runtime_error("job " + std::to_string(job) + " fails as planned");
    return held.size();
}

std::uint64_t align(int job) {
    std::vector<std::unique_ptr<wide>> all;
    for (int i = 0; i < job % 60; i++) all.push_back(std::make_unique<wide>());
    for (const auto &one : all)
        if (reinterpret_cast<std::uintptr_t>(one.get()) % alignof(wide) != 0) std::abort();
    return all.size();
}

bool refuses_too_much() {
    try {
        volatile std::size_t much = PTRDIFF_MAX;
        std::unique_ptr<char[]> block(new char[much]);
        return false;
    } catch (const std::bad_alloc &) {
        return true;
    }
}

} // namespace

int main() {
    std::uint64_t words = 0;
    std::uint64_t held = 0;
    std::uint64_t aligned = 0;
    std::size_t failed = 0;
    for (int generation = 0; generation < 4; generation++) {
        pool workers(12);
        std::vector<std::future<std::uint64_t>> counts, holds, wides;
        for (int job = 0; job < 600; job++) {
            counts.push_back(workers.submit([job] { return count_words(job); }));
            holds.push_back(workers.submit([job] { return fail_sometimes(job); }));
            wides.push_back(workers.submit([job] { return align(job); }));
        }
        for (auto &count : counts) words += count.get();
        for (auto &one : wides) aligned += one.get();
        for (auto &hold : holds) {
            try {
                held += hold.get();
            } catch (const std::runtime_error &error) {
                failed += std::string(error.what()).size();
            }
        }
    }
    std::printf("words %ju held %ju aligned %ju failed %zu bad_alloc %d\n", words, held, aligned, failed,
                refuses_too_much());
    return 0;
}
