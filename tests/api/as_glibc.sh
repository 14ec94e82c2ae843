#!/usr/bin/env bash
# Compares what a program prints on glibc's malloc and on a preloaded one.
#
#   tests/api/as_glibc.sh LIB PROGRAM
# SPDX-License-Identifier: MIT
set -euo pipefail
unset LD_PRELOAD MALLOC_PERTURB_ GLIBC_TUNABLES
expected=$("$2")
got=$(LD_PRELOAD=$1 "$2")
diff <(echo "$expected") <(echo "$got") && echo "the same $(wc -l <<<"$got") lines"
