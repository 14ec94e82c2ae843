#!/usr/bin/env bash
# Installs into a folder that has other files in it, uninstalls, and expects only those to be left; then again with
# nothing left to remove, and from a build that was never installed. Usage: uninstall.sh BUILD
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(dirname "$0")
# shellcheck source=tests/install/common.sh
source "$here/common.sh"
build=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
script=$here/../../tools/packaging/uninstall.cmake

uninstall() { cmake -D MANIFEST="$work/manifest.txt" -P "$script" 2>&1; }

mkdir -p "$work/prefix/lib" "$work/prefix/include/other"
touch "$work/prefix/lib/libother.so" "$work/prefix/include/other/heapalloc.h"
(cd "$work" && find prefix -type f | sort) >"$work/before"
cmake --install "$build" --prefix "$work/prefix" >"$work/installed"
# The manifest of this very run, whichever other test installs from the same build meanwhile.
sed -nE 's/^-- (Installing|Up-to-date): //p' "$work/installed" >"$work/manifest.txt"
[[ $(wc -l <"$work/manifest.txt") -ge 10 ]] || fail "hardly anything was installed: $(cat "$work/installed")"
uninstall >/dev/null || fail "uninstalling failed"
(cd "$work" && find prefix -type f -o -type l | sort) >"$work/after"
cmp -s "$work/before" "$work/after" || fail "left or gone: $(diff "$work/before" "$work/after")"
[[ -z $(find "$work/prefix" -type d -name heapalloc) ]] || fail "empty folders of ours stay"
[[ $(uninstall) == *'0 files removed'* ]] || fail "a second time it says: $(uninstall)"
rm "$work/manifest.txt"
if said=$(uninstall); then fail "without a manifest it succeeds"; fi
[[ $said == *'nothing was installed'* ]] || fail "without a manifest it says: $said"
said=$(cmake --build "$build" --target help)
[[ $said == *uninstall* ]] || fail "the build has no target uninstall"
finish
