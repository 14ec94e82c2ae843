# shellcheck shell=bash disable=SC2034
# Compilers and linkers on a large generated file; their output is compared byte by byte.
# SPDX-License-Identifier: MIT
packages="g++ clang binutils python3 gdb"

prepare() {
    python3 "$SOURCES/large.py" 50 >large.cpp
    g++ -g -O0 "$SOURCES/debuggee.cpp" -o debuggee
}

processes_gxx="*g++* cc1plus *as"
program_gxx() {
    g++ -std=c++17 -O2 -Wall -c "$INPUT/large.cpp" -o large.o
    sha256sum large.o
}

processes_clangxx="clang*"
program_clangxx() {
    clang++ -std=c++17 -O1 -Wall -c "$INPUT/large.cpp" -o large.o
    sha256sum large.o
}

processes_ld="*ld.bfd *ld.gold *objdump *strip *nm"
program_ld() {
    local archive first last
    archive=$(g++ -print-file-name=libstdc++.a)
    first=$(g++ -print-file-name=crtbeginS.o)
    last=$(g++ -print-file-name=crtendS.o)
    for linker in ld.bfd ld.gold; do
        "$linker" -shared --build-id -o "$linker.so" "$first" --whole-archive "$archive" "$last"
        sha256sum "$linker.so"
        nm -C "$linker.so" | sha256sum
        objdump -dC --stop-address=0xa8000 "$linker.so" | sha256sum
        strip "$linker.so"
        sha256sum "$linker.so"
    done
}

# Builds a program and runs it, all of it on the library.
processes_run="*g++* cc1plus *ld* hello"
program_run() {
    printf '%s\n' '#include <iostream>' '#include <map>' \
        'int main() { std::map<int, std::string> m{{1, "one"}};' 'std::cout << m[1] << "\n"; }' \
        >hello.cpp
    g++ -flto -O2 hello.cpp -o hello
    ./hello
}

processes_gdb="gdb debuggee"
program_gdb() {
    gdb -nx -batch -ex 'info functions sum_' -ex 'info line sum_of_squares' \
        -ex 'ptype struct node' "$INPUT/debuggee"
    gdb -nx -batch -ex 'set startup-with-shell off' -ex 'break sum_of_squares' -ex run -ex bt \
        -ex 'print values' -ex 'print *first' -ex finish -ex continue "$INPUT/debuggee" 2>&1 |
        sed -E 's/0x[0-9a-f]+/0x/g; s/(process|LWP) [0-9]+/\1/g'
}
