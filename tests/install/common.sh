# Shared by the checks of this folder: reporting faults, and reading lists.
# shellcheck shell=bash
# SPDX-License-Identifier: MIT
failures=0

fail() {
    printf 'WRONG: %s\n' "$*"
    failures=$((failures + 1))
}

# The entries of a list file, without its comments.
entries() {
    grep -v '^#' "$1"
}

finish() {
    if ((failures > 0)); then
        printf '%d wrong\n' "$failures"
        exit 1
    fi
    echo "all as it should be"
}
