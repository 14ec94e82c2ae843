#!/usr/bin/env bash
# Builds and runs the consumer through pkg-config: shared, static, and wholly static.
# Usage: with_pkg_config.sh PREFIX CC CXX
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(dirname "$0")
# shellcheck source=tests/install/common.sh
source "$here/common.sh"
# shellcheck source=tests/install/consume.sh
source "$here/consume.sh"
prefix=$1 cc=$2 cxx=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name heapalloc.pc)")
export PKG_CONFIG_PATH
version=$(pkg-config --modversion heapalloc)
[[ -n $version ]] || fail "no version"
# The prefix is chosen when installing, not when configuring: the file must find its own location.
said=$(pkg-config --variable=includedir heapalloc)
[[ -f $said/heapalloc/heapalloc.h ]] || fail "includedir is $said, and the header is not there"
read -ra compile < <(pkg-config --cflags heapalloc)
read -ra shared < <(pkg-config --libs heapalloc)
read -ra static < <(pkg-config --static --libs heapalloc)

"$cc" -Wall -Wextra -Werror "${compile[@]}" "$here/consumer/consumer.c" \
    -o "$work/c_shared" "${shared[@]}"
"$cxx" -Wall -Wextra -Werror "${compile[@]}" "$here/consumer/consumer.cpp" \
    -o "$work/cxx_shared" "${shared[@]}"
"$cc" "${compile[@]}" "$here/consumer/consumer.c" -o "$work/c_static" \
    -Wl,-Bstatic "${static[@]}" -Wl,-Bdynamic
"$cxx" "${compile[@]}" "$here/consumer/consumer.cpp" -o "$work/cxx_static" \
    -Wl,-Bstatic "${static[@]}" -Wl,-Bdynamic
"$cc" -static "${compile[@]}" "$here/consumer/consumer.c" -o "$work/c_wholly_static" "${static[@]}"
"$cxx" -static "${compile[@]}" "$here/consumer/consumer.cpp" \
    -o "$work/cxx_wholly_static" "${static[@]}"

# The README's example.
"$cc" -Wall -Wextra -Werror "${compile[@]}" "$here/../../docs/example/words.c" -o "$work/words" "${shared[@]}"
said=$(LD_LIBRARY_PATH=$(pkg-config --variable=libdir heapalloc) "$work/words" two words) ||
    fail "the example ended with $?"
[[ $said == two*words*"heapalloc $version"*whole ]] || fail "the example says: $said"

expect_consumer "$work/c_shared" shared "$prefix"
expect_consumer "$work/cxx_shared" shared "$prefix"
for name in c_static cxx_static c_wholly_static cxx_wholly_static; do
    expect_consumer "$work/$name" static "$prefix"
done
finish
