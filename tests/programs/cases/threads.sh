# shellcheck shell=bash disable=SC2034
# Programs of many threads, ours and stress-ng's.
# SPDX-License-Identifier: MIT
packages="g++ stress-ng"

prepare() {
    g++ -std=c++17 -O2 -Wall -Wextra -Werror -pthread "$SOURCES/threads.cpp" -o threads
    gcc -std=gnu11 -O2 -Wall -Wextra -Werror -pthread "$SOURCES/sixty_four.c" -o sixty_four
}

processes_cxx="threads"
program_cxx() { "$INPUT/threads"; }

processes_sixty_four="sixty_four"
program_sixty_four() {
    for _ in {1..5}; do "$INPUT/sixty_four"; done
}

# --verify checks the contents of every block; a process of it that dies is a failure. Number and
# size of the blocks are bounded: by default it fills the machine's memory. The limit is for safety.
processes_stress_ng="stress-ng"
program_stress_ng() {
    ulimit -v 6000000
    stress-ng --malloc 2 --malloc-pthreads 3 --malloc-bytes 256K --malloc-max 256 \
        --malloc-ops 30000 --malloc-touch --verify --oomable --temp-path . 2>&1 |
        grep -oE 'successful run completed|fail.*|error.*|abort.*|killed.*|unsuccessful.*'
}
