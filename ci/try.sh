#!/usr/bin/env bash
# Runs a program under heapalloc, or shows what heapalloc does to real programs here.
#
#   ci/try.sh PROGRAM ARGS...   runs PROGRAM with its own input, output, folder and exit status
#   ci/try.sh                   runs python3, sqlite3 and g++ on glibc's malloc and on heapalloc in
#                               turn and prints time, peak RSS and page faults side by side
#
# Installs what a build needs and builds when that was not done yet; all it says is on stderr.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
lib=$(dirname "$here")/build/libheapalloc.so

case ${1:-} in
    -h | --help)
        sed -n '2,/^set -/{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
        exit
        ;;
esac

"$here/build.sh" -q -t heapalloc release </dev/null >&2
if [[ $lib == *[\ :]* ]]; then
    echo "try: LD_PRELOAD cannot name $lib: a blank or a colon ends a name there" >&2
    exit 1
fi
if (($# == 0)); then
    exec "$here/compare.sh" "$lib"
fi

# Why PROGRAM cannot be run, in one line.
explain_missing() {
    case $1 in
        */*)
            if [[ -d $1 ]]; then echo "$1 is a folder"
            elif [[ -e $1 ]]; then echo "$1 is not executable; chmod +x it, or name its interpreter"
            else echo "there is no $1"; fi
            ;;
        *)
            if [[ -n $(type -t -- "$1") ]]; then echo "$1 is a word of the shell; try: bash -c '$1 ...'"
            else echo "$1 is not a program on this machine; install it first"; fi
            ;;
    esac
}

# What nobody can be preloaded under runs all the same, but its user should know.
warn_unreached() {
    local path=$1
    if [[ -u $path || -g $path ]]; then
        echo "try: $path is setuid or setgid: the loader preloads nothing, it runs on glibc's malloc" >&2
    elif [[ $(head -c 4 "$path" 2>/dev/null | tr -d '\0') == $'\x7fELF' ]] &&
        ! readelf -Wl "$path" 2>/dev/null | grep -q INTERP; then
        echo "try: $path is linked statically: nothing can be preloaded, link build/libheapalloc.a" >&2
    fi
}

if ! path=$(type -P -- "$1"); then
    echo "try: $(explain_missing "$1")" >&2
    exit 127
fi
warn_unreached "$path"
# In front of what the caller preloads. This shell itself started before and stays on glibc's.
export LD_PRELOAD=$lib${LD_PRELOAD:+:$LD_PRELOAD}
exec -- "$@"
