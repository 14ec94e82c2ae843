// A program that replaces only operator new(size_t) and operator delete(void *): by the standard
// every other form goes through the two, so a library that answers the other forms itself would be
// given pointers it never gave.
/* SPDX-License-Identifier: MIT */
#include "expect.h"
#include <memory>
#include <new>
#include <string>
#include <vector>

// gcc advises to replace the sized form too; not doing so is the point here.
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wsized-deallocation"
#endif

static const uint64_t mark = 0x6d61726b6d61726b;
static size_t taken_count, given_count;

// Puts a header before each block, as accounting programs do.
void *operator new(size_t size) {
    uint64_t *header = static_cast<uint64_t *>(malloc(size + 16));
    if (header == nullptr) throw std::bad_alloc();
    header[0] = mark;
    header[1] = size;
    taken_count++;
    return header + 2;
}

void operator delete(void *pointer) noexcept {
    if (pointer == nullptr) return;
    uint64_t *header = static_cast<uint64_t *>(pointer) - 2;
    expect(header[0] == mark);
    header[0] = 0;
    given_count++;
    free(header);
}

struct object {
    uint64_t values[9];
};

CASE(array_forms_reach_the_replacement) {
    object *objects = new object[hide_size(5)];
    expect(taken_count >= 1);
    size_t before = given_count;
    delete[] objects;
    expect(given_count == before + 1);
}

CASE(sized_forms_reach_the_replacement) {
    object *one = new object;
    size_t before = given_count;
    operator delete(hide(one), sizeof *one);
    expect(given_count == before + 1);
    operator delete[](operator new[](100), hide_size(100));
    expect(given_count == before + 2);
}

CASE(nothrow_forms_reach_the_replacement) {
    size_t before = taken_count;
    void *one = operator new(hide_size(30), std::nothrow);
    void *many = operator new[](hide_size(30), std::nothrow);
    expect(taken_count == before + 2);
    before = given_count;
    operator delete(one, std::nothrow);
    operator delete[](many, std::nothrow);
    expect(given_count == before + 2);
}

// The aligned forms are not built on the replaced two and stay with the library.
CASE(aligned_forms_stay_with_the_library) {
    void *one = operator new(100, std::align_val_t(128));
    void *many = operator new[](100, std::align_val_t(128));
    expect(is_aligned(one, 128) && is_aligned(many, 128));
    operator delete(one, 100, std::align_val_t(128));
    operator delete[](many, std::align_val_t(128));
}

CASE(containers_balance) {
    size_t open = taken_count - given_count;
    {
        std::vector<std::string> texts;
        for (size_t i = 0; i < 3000; i++) texts.push_back(std::string(i % 90, 'y'));
        std::vector<std::shared_ptr<object>> shared(500, std::make_shared<object>());
        std::unique_ptr<object[]> array(new object[40]);
        expect(taken_count > open + 2000);
    }
    expect(taken_count - given_count == open);
}

int main(int argc, char **argv) {
    return run_case(argc, argv);
}
