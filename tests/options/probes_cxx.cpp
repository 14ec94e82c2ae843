// The program that tests/options/probes.sh runs under heaptrack: a thousand blocks by operator new.
// SPDX-License-Identifier: MIT
#include <new>

int main() {
    for (unsigned i = 0; i < 1000; i++) ::operator delete(::operator new(i + 1));
}
