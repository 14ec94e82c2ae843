# shellcheck shell=bash disable=SC2034
# Packers, calculators and a compiler: large buffers, long numbers, trees.
# SPDX-License-Identifier: MIT
packages="zstd bzip2 bc tcl mawk gcc"

prepare() {
    seq 1 40000 >lines
    awk 'BEGIN { for (i = 0; i < 12; i++)
        printf "struct s%d { int a; struct s%d *next; };\nint f%d(struct s%d *p, int n) {\nint sum = 0;\n" \
               "for (; p; p = p->next) for (int i = 0; i < n; i++) sum += p->a * i ^ %d;\nreturn sum;\n}\n",
               i, i, i, i, i }' >functions.c
}

processes_zstd="zstd"
program_zstd() {
    zstd -q -T2 -12 -c "$INPUT/lines" >packed
    zstd -q -19 -c "$INPUT/lines" | zstd -q -d -c | sha256sum
    zstd -q -d -c <packed | sha256sum
}

processes_xz="xz"
program_xz() {
    xz -T2 -c --block-size=100KiB "$INPUT/lines" >packed
    xz -d -c <packed | sha256sum
}

processes_bzip2="bzip2"
program_bzip2() {
    bzip2 -c "$INPUT/lines" | bzip2 -d -c | sha256sum
}

processes_bc="bc"
program_bc() {
    bc -lq <<'BC' | sha256sum
scale = 200
4 * a(1)
e(1)
define f(n) { if (n < 2) return 1; return n * f(n - 1) }
f(300)
for (i = 1; i < 2000; i++) x[i] = x[i - 1] + i ^ 3 / 7
x[1999]
BC
}

processes_tcl="tclsh*"
program_tcl() {
    tclsh8.6 <<'TCL'
set x 1
for {set i 0} {$i < 20000} {incr i} {
    set x [expr {$x * 16807 % 2147483647}]
    dict lappend table [expr {$x % 500}] "v$x"
    lappend words [format %x $x]
}
puts "[dict size $table] [llength [dict get $table 17]] [lrange [lsort $words] 0 3]"
puts [string length [regsub -all {([a-f])(\d)} [join $words ,] {\2\1}]]
puts [expr {3 ** 700 % 1000000007}]
TCL
}

processes_mawk="mawk"
program_mawk() {
    mawk '{ key = $1 * 7919 % 1013; text[key] = text[key] "," $1 }
        END { for (k = 0; k < 1013; k++) { n += split(text[k], parts, ","); gsub(/1/, "one", text[k])
                                           total += length(text[k]) } print n, total }' "$INPUT/lines"
}

# The compiler proper: natively gcc knows where it is.
processes_cc1="cc1"
program_cc1() {
    local cc1
    cc1=$(type -P cc1 || gcc -print-prog-name=cc1)
    "$cc1" -quiet -O1 "$INPUT/functions.c" -o functions.s
    sha256sum functions.s
    "$cc1" -quiet -O2 -fno-tree-vectorize "$INPUT/functions.c" -o functions.s
    sha256sum functions.s
}
