#!/usr/bin/env bash
# Builds and installs from a copy of the sources as a user without root, as the README says, and uses the result; then
# configures for an unsupported libc and expects one sentence. Usage: from_source.sh SOURCE CC
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/install/common.sh
source "$here/common.sh"
source_dir=$1 cc=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CC=$cc

# Runs as nobody if we are root.
as_user=()
if ((EUID == 0)); then
    as_user=(setpriv --reuid=65534 --regid=65534 --clear-groups env HOME="$work/home")
fi

quietly() {
    "${as_user[@]}" "$@" >"$work/said.txt" 2>&1 || { cat "$work/said.txt"; exit 1; }
}

mkdir "$work/home" "$work/source" "$work/other"
tar -C "$source_dir" --exclude='./build*' --exclude=./.git --exclude=./bench/results -cf - . |
    tar -C "$work/source" -xf -
((EUID != 0)) || chown -R 65534:65534 "$work"
chmod 755 "$work"
cd "$work/source"
quietly cmake -B build -DHEAPALLOC_UNITY=ON
quietly cmake --build build --parallel 2
quietly cmake --install build --prefix "$work/home/.local"

installed=$work/home/.local
headers=$(cd "$installed/include" && find . -type f | sort | sed 's,^\./heapalloc/,,' | paste -sd" ")
[[ $headers == "arena_inline.h collected.h collected.hpp heapalloc.h heapalloc.hpp map.h pool_inline.h walk.h" ]] ||
    fail "these headers are installed: $headers"
library=$(find "$installed" -name libheapalloc.so)
[[ $(basename "$(readlink -f "$library")") == libheapalloc.so.0.* ]] || fail "$library is $(readlink -f "$library")"
maps=$("${as_user[@]}" env LD_PRELOAD="$library" cat /proc/self/maps)
[[ $maps == *libheapalloc.so.0.* ]] || fail "cat has no heapalloc preloaded"
version=$("$installed/bin/heapalloc" --version)
[[ $(pkg-config --modversion "$(find "$installed" -name heapalloc.pc)") == "$version" ]] ||
    fail "the program is version $version, the package is not"

# A compiler whose libc does not identify as glibc.
touch "$work/other/features.h"
printf '#!/bin/sh\nexec %s -isystem %s "$@"\n' "$cc" "$work/other" >"$work/other/cc"
chmod +x "$work/other/cc"
if said=$("${as_user[@]}" env CC="$work/other/cc" cmake -B "$work/home/other" 2>&1); then
    fail "another libc is taken for glibc"
fi
grep -q 'heapalloc: it needs glibc' <<<"$said" || fail "of another libc it says: $said"
finish
