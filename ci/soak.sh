#!/usr/bin/env bash
# Runs real programs and the tests of threads and forks on a library again and again, and compares their output.
#
#   ci/soak.sh MINUTES [default|hardened]
#
# Beside them one process goes on for all that time: threads, forks and blocks of changing sizes, with the verifier
# and the process's memory, addresses and mappings looked at after each round (tests/threads/soak_test.c).
#
# Needs build/ (ci/build.sh). Prints the number of rounds after each. Ends at the first failure, with its output and
# exit 1.
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
# shellcheck source=ci/answers.sh
. "$here/answers.sh"

minutes='' library=$root/build/libheapalloc.so more_mappings=32
for word; do
    case $word in
        -h | --help) print_help ;;
        default) library=$root/build/libheapalloc.so ;;
        hardened) library=$root/build/libheapalloc-hardened.so more_mappings=2100 ;; # its holes are mappings
        [1-9] | [1-9][0-9] | [1-9][0-9][0-9]) minutes=$word ;;
        *) wrong_argument "neither minutes (1 to 999) nor a library (default, hardened): '$word'" ;;
    esac
done
[[ $minutes ]] || wrong_argument "for how many minutes?"
[[ -e $library ]] || { echo "soak: $library is not there: ci/build.sh builds it" >&2 && exit 1; }

# Runs a command under the library; if it fails, or takes longer than ten minutes, the script ends.
soak() {
    local said
    said=$(LD_PRELOAD=$library timeout 600 "$@" 2>&1) && return
    printf 'soak: failed: %s\n%s\n' "$*" "$said"
    exit 1
}

cases() { sed -n 's/^CASE(\([a-z0-9_]*\)).*/\1/p' "$root/tests/$1"; }

long_run=$(mktemp)
LD_PRELOAD=$library "$root/build/tests/threads/threads_soak" process_under_changing_load_gets_no_larger \
    $((minutes * 60)) "$more_mappings" >"$long_run" 2>&1 &
long_pid=$!
trap 'kill "$long_pid" 2>/dev/null || true; rm -f "$long_run"' EXIT

end=$((SECONDS + minutes * 60)) round=0
while ((SECONDS < end)) && kill -0 "$long_pid" 2>/dev/null; do
    for name in cross_free churn fork fork_stdio atfork tsd; do
        for case in $(cases "threads/${name}_test.c"); do
            soak "$root/build/tests/threads/threads_$name" "$case"
            ((SECONDS < end)) || break 2
        done
    done
    soak python3 -c 'import json; d={str(i): [i] * 5 for i in range(50000)}; assert json.loads(json.dumps(d)) == d'
    soak git -C "$root" log --stat -n 100
    # shellcheck disable=SC2016
    soak perl -e 'my %h; $h{$_ % 5000} .= "x$_" for 1 .. 300000; exit(keys(%h) != 5000)'
    round=$((round + 1))
    printf 'soak: %d rounds, %d of %d seconds\n' "$round" "$SECONDS" "$end"
done
wait "$long_pid" || { echo "soak: failed: the process that goes on" && cat "$long_run" && exit 1; }
tail -n 1 "$long_run"
