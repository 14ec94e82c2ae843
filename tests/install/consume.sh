# Judges a built consumer: whether it runs, and whether it has the library inside or loads it, as requested.
# shellcheck shell=bash
# SPDX-License-Identifier: MIT

# expect_consumer PROGRAM shared|static PREFIX
expect_consumer() {
    local program=$1 kind=$2 library_path needed
    library_path=$(dirname "$(find "$3" -name 'libheapalloc.so.0' | head -n 1)")
    needed=$(readelf -Wd "$program" 2>/dev/null |
        sed -n 's/.*(NEEDED).*\[\(libheapalloc.*\)\]/\1/p')
    case $kind in
    shared)
        [[ $needed == libheapalloc.so.0 ]] ||
            fail "$program does not need libheapalloc.so.0 but '$needed'"
        ;;
    static)
        [[ -z $needed ]] || fail "$program needs $needed"
        grep -qE ' [TW] malloc$' <<<"$(nm "$program")" || fail "$program has no malloc of its own"
        ;;
    esac
    if [[ $kind == shared ]]; then
        LD_LIBRARY_PATH=$library_path "$program" || fail "$program ended with $?"
    else
        "$program" || fail "$program ended with $?"
    fi
}
