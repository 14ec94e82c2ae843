#!/usr/bin/env bash
# Checks a built shared library from outside: symbols and their versions, needed libraries, TLS,
# segments.
# Usage: check_library.sh LIBRARY SONAME
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(dirname "$0")
# shellcheck source=tests/install/common.sh
source "$here/common.sh"
library=$1
soname=$2

exported=$(nm -D --defined-only --with-symbol-versions "$library" | awk '{print $NF}')
wanted=$(entries "$here/symbols.txt")

# The loader replaces libc's malloc@GLIBC_2.2.5 by our malloc only if ours has no version, or that one.
check_names() {
    local symbol name version
    for symbol in $exported; do
        name=${symbol%%@*}
        version=${symbol#"$name"}
        case $name in
        HEAPALLOC_[0-9]* | HEAPALLOC_ROOM_[0-9]* | HEAPALLOC_LAST_[0-9]*) ;;
        heapalloc_*)
            [[ $version == @@HEAPALLOC_* ]] ||
                fail "$symbol of our own interface has no version of ours"
            ;;
        *)
            grep -qx -- "$name" <<<"$wanted" || fail "$symbol is exported and not on the list"
            [[ -z $version || $version == @@GLIBC_* ]] ||
                fail "$symbol cannot replace libc's: it has a version of its own"
            ;;
        esac
    done
    for name in $wanted; do
        grep -qx -- "$name\(@@GLIBC_.*\)\?" <<<"$exported" ||
            fail "$name is on the list and not exported"
    done
}

check_dynamic() {
    local dynamic needed
    dynamic=$(readelf -Wd "$library")
    grep -qF "Library soname: [$soname]" <<<"$dynamic" || fail "the soname is not $soname"
    while read -r needed; do
        [[ $needed == libc.so.6 || $needed == ld-linux* ]] || fail "it needs $needed"
    done < <(sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' <<<"$dynamic")
    grep -q 'FLAGS_1.*NODELETE' <<<"$dynamic" || fail "it can be unloaded, under running threads"
    grep -q 'FLAGS_1.*NOW' <<<"$dynamic" ||
        fail "its symbols are bound lazily, in the middle of a malloc"
    grep -q 'STATIC_TLS' <<<"$dynamic" || fail "its TLS is not initial-exec"
    ! grep -qE 'TEXTREL|RPATH|RUNPATH' <<<"$dynamic" || fail "text relocations, or a search path"
}

# Many processes have wrappers of these, which allocate; __tls_get_addr itself does so too.
check_called() {
    local called name
    called=$(nm -D --undefined-only "$library" | awk '{print $NF}' | sed 's/@.*//')
    for name in __tls_get_addr open open64 openat read readlink getenv secure_getenv sysconf \
        syscall mmap mmap64 munmap mremap madvise mprotect sbrk getrandom \
        pthread_mutex_lock pthread_once \
        printf snprintf vsnprintf fprintf dprintf malloc_info backtrace dl_iterate_phdr; do
        ! grep -qx -- "$name" <<<"$called" || fail "it calls $name"
    done
}

# dlopen finds its caller by the return address, so a function in front of it must jump.
check_jumps() {
    local name code
    for name in dlopen dlmopen; do
        code=$(objdump -d --no-show-raw-insn --disassemble="$name" "$library")
        grep -qE '\sjmp +\*%r|\sbr\s+x' <<<"$code" || fail "$name does not leave by a jump"
        ! grep -qE '\scall +\*%r|\sblr\s+x' <<<"$code" || fail "$name calls what it should jump to"
    done
}

address_of() { nm "$library" | awk -v name="$1" '$3 == name { print $1 }'; }

# The kernel maps files in steps of 64 KiB, so what few processes run must not lie among what most of them run.
check_order() {
    local name address rare
    rare=$(address_of reader_walk)
    [[ $rare ]] || fail "reader_walk has no address: the check no longer sees the order"
    for name in cache_flush heap_resize units_give malloc realloc calloc _Znwm; do
        address=$(address_of "$name")
        [[ ! $address || $address > $rare ]] || fail "$name lies before code that few processes run"
    done
}

check_segments() {
    local segments tls_bytes
    segments=$(readelf -Wl "$library")
    tls_bytes=$(awk '$1 == "TLS" {print $6}' <<<"$segments")
    ((${tls_bytes:-0} <= 20)) || # two pointers to a heap, and how long a fork was waited for
        fail "$((tls_bytes)) bytes of TLS in every thread, where 20 are allowed"
    ((${tls_bytes:-0} > 0)) || fail "no TLS at all: the check no longer sees it"
    ! grep -qE '^ *(LOAD|GNU_STACK) .* (RWE|WE|R?W E) ' <<<"$segments" ||
        fail "memory both writable and executable"
    grep -q GNU_STACK <<<"$segments" || fail "it asks for an executable stack by saying nothing"
}

check_names
check_dynamic
check_called
check_jumps
check_order
check_segments
finish
