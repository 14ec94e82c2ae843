#!/usr/bin/env bash
# Checks the static library: it defines the malloc family and heapalloc_*, and no other name that could clash with a
# program's. Usage: check_static.sh LIBRARY
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(dirname "$0")
# shellcheck source=tests/install/common.sh
source "$here/common.sh"

defined=$(nm -g --defined-only "$1" | awk 'NF == 3 {print $3}' | sort -u)
# In a static program there is no next pthread_create, __register_atfork or dlopen to call, and prctl is libc's:
# shim/CMakeLists.txt.
wanted=$(entries "$here/symbols.txt" |
    grep -vxE 'pthread_create|thrd_create|__register_atfork|madvise|prctl|dlm?open|__asan_default_options')
for name in $defined; do
    [[ $name == heapalloc_* ]] || grep -qx -- "$name" <<<"$wanted" ||
        fail "$name is visible and not on the list"
done
for name in $wanted; do
    grep -qx -- "$name" <<<"$defined" || fail "$name is on the list and not defined"
done
finish
