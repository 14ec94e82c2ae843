#!/usr/bin/env bash
# Checks that every equation of a struct comment in lib/ has its proof, and every proof its equation and its test.
#
#   names.sh ROOT          `verify: NAME` in a comment <=> verify_NAME() in lib/inspect, run by verify_heap(), and
#                          broken on purpose in tests/lib/verify_test.c
#   names.sh --self-test   plants one fault of each kind
# SPDX-License-Identifier: MIT
set -euo pipefail

named() { grep -rhoE 'verify: [a-z0-9_]+' "$1/lib" --include='*.h' --include='*.c' | sed 's/.*: //' | sort -u; }
proved() { grep -rhoE '^(COLD )?bool verify_[a-z0-9_]+\(void\) \{' "$1/lib/inspect" |
    sed 's/^.*bool verify_//; s/(.*//' | sort -u; }
run() { grep -hoE 'PART\([a-z0-9_]+\)' "$1/lib/inspect/verify.c" | sed 's/PART(//; s/)//' | grep -vx name | sort -u; }
tested() { grep -hoE '(BREAKS\(|expect_broken\(verify_)[a-z0-9_]+' "$1/tests/lib/verify_test.c" |
    sed 's/BREAKS(//; s/expect_broken(verify_//' | grep -vx name | sort -u; }

# compare WHAT LIST WHAT LIST: prints the entries of the first list that the second lacks.
missing() {
    local left
    left=$(comm -23 <(printf '%s\n' "$2") <(printf '%s\n' "$4"))
    [[ -z $left ]] && return
    printf '%s, but not %s: %s\n' "$1" "$3" "${left//$'\n'/ }"
    return 1
}

check() {
    local named proved run tested bad=0
    named=$(named "$1") proved=$(proved "$1") run=$(run "$1") tested=$(tested "$1")
    missing 'named in a comment' "$named" 'proved in lib/inspect' "$proved" || bad=1
    missing 'proved' "$proved" 'named in a comment' "$named" || bad=1
    missing 'proved' "$proved" 'run by verify_heap()' "$run" || bad=1
    missing 'proved' "$proved" 'broken in verify_test.c' "$tested" || bad=1
    return "$bad"
}

plant() {
    mkdir -p "$1/lib/inspect" "$1/lib/span" "$1/tests/lib"
    echo ' * equation    verify: one' >"$1/lib/span/a.h"
    echo 'bool verify_one(void) {' >"$1/lib/inspect/verify_a.c"
    echo 'PART(one),' >"$1/lib/inspect/verify.c"
    echo 'BREAKS(one, x, 1);' >"$1/tests/lib/verify_test.c"
}

self_test() {
    tree=$(mktemp -d)
    trap 'rm -rf "$tree"' EXIT
    plant "$tree"
    check "$tree" || { echo 'a good tree is called bad'; exit 1; }
    for file in lib/span/a.h lib/inspect/verify_a.c lib/inspect/verify.c tests/lib/verify_test.c; do
        plant "$tree"
        sed -i 's/one/two/' "$tree/$file"
        if check "$tree" >/dev/null; then
            echo "a wrong name in $file goes unnoticed"
            exit 1
        fi
    done
}

case ${1:-} in
    --self-test) self_test ;;
    *) check "${1:?which tree}" ;;
esac
