# Shared by the tests of options: a folder to work in, running a program, and reporting verdicts.
# The script that sources this has set lib, unless its programs are linked with the library.
# shellcheck shell=bash
# SPDX-License-Identifier: MIT
unset LD_PRELOAD HEAPALLOC
export LC_ALL=C
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0 # verdicts

# verdict yes|no WHAT
verdict() {
    if [[ $1 == yes ]]; then
        echo "ok - $2"
    else
        echo "not ok - $2"
        tail -n 20 "$work/err" "$work/out" | cut -c 1-600 | sed 's/^/#   /'
        failed=$((failed + 1))
    fi
}

# run OPTIONS PROGRAM...: under the library with these options; its streams to files, its exit code to $code.
# shellcheck disable=SC2034 # code is the caller's
run() {
    local options=$1
    shift
    code=0
    timeout 60 env ${options:+"HEAPALLOC=$options"} ${lib:+"LD_PRELOAD=$lib"} "$@" >"$work/out" 2>"$work/err" || code=$?
}

is() { [[ $1 == "$2" ]] && echo yes || echo no; }
says() { grep -qE -- "$1" "$work/err" && echo yes || echo no; }
silent() { [[ ! -s $work/err ]] && echo yes || echo no; }
