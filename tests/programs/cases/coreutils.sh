# shellcheck shell=bash disable=SC2034
# The small programs of every system: they start, do one thing and end.
# SPDX-License-Identifier: MIT
packages="coreutils xz-utils"

prepare() {
    awk 'BEGIN { x = 1; for (i = 0; i < 250000; i++) { x = (x * 16807) % 2147483647
                 printf "%d the quick brown line %d\n", x, x % 1000 } }' >lines
}

processes_true="true"
program_true() {
    /bin/true
    echo "status $?"
}

processes_ls="ls"
program_ls() {
    mkdir -p tree/{a,b,c}/{1,2,3}
    touch tree/{a,b,c}/{1,2,3}/file{0..99}
    ls -R tree
    ls -l --time-style=+ tree/a/1
}

processes_sort="sort"
program_sort() {
    sort --parallel=4 -S 40M "$INPUT/lines" | sha256sum
    sort --parallel=2 -S 4M -k 6n -k 1rn "$INPUT/lines" | sha256sum
    sort -u -k 6,6 "$INPUT/lines" | wc -l
}

processes_xz="xz"
program_xz() {
    xz -T2 -3 --block-size=2MiB -c "$INPUT/lines" >lines.xz
    sha256sum lines.xz
    xz -T2 -dc lines.xz | cmp - "$INPUT/lines"
    xz --robot --list lines.xz | tail -n 1
}

processes_text="comm join tr sed cut paste uniq"
program_text() {
    sed -n 1,60000p "$INPUT/lines" | cut -d ' ' -f 1,6 | sort -k 1,1 >left
    sed -n 30000,90000p "$INPUT/lines" | sort -k 1,1 >right
    join left right | sha256sum
    comm -12 <(cut -d ' ' -f 1 left) <(cut -d ' ' -f 1 right) | wc -l
    sed -E 's/([a-z]+) ([a-z]+)/\2 \1/g' right | tr '[:lower:]' '[:upper:]' | uniq -c | sha256sum
    paste -d, left right | sha256sum
}
