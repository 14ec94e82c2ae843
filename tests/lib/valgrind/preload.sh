#!/usr/bin/env bash
# Real programs under valgrind with the library preloaded: same output, and no report.
#
#   preload.sh LIBRARY
# SPDX-License-Identifier: MIT
set -euo pipefail
library=$1
wrong=0

# compare OPTION COMMAND...: prints the same under valgrind with OPTION as without valgrind and the library.
compare() {
    local option=$1 plain watched code=0
    shift
    plain=$("$@" 2>&1)
    watched=$(LD_PRELOAD=$library valgrind -q --error-exitcode=9 "$option" "$@" 2>&1) || code=$?
    [[ $code == 0 && $plain == "$watched" ]] && return
    printf '%s, %s: exit code %s\n%s\n' "$*" "$option" "$code" "$watched"
    wrong=1
}

# By default valgrind replaces our malloc by its own; with the second option ours is used.
for option in --leak-check=no --soname-synonyms=somalloc=nouserintercepts; do
    compare "$option" /bin/ls /
    compare "$option" /usr/bin/sort "$0"
    compare "$option" /usr/bin/awk 'BEGIN { for (i = 0; i < 20000; i++) a[i] = i i; print length(a) }'
done
exit "$wrong"
