#!/usr/bin/env bash
# Compares the libraries' binary interface with the recorded one, tools/packaging/abi/.
#
#   ci/abi.sh            a line "ok" or "not ok" for each library
#   ci/abi.sh --record   records what is built now, there and in debian/libheapalloc0.symbols
#
# A changed or removed function needs a new soname, or before 1.0 a new minor version. An added one is only recorded.
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2317 # check calls the functions
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
# shellcheck source=ci/answers.sh
. "$here/answers.sh"
record=no
case ${1-} in
    -h | --help) print_help ;;
    --record) record=yes ;;
    '') ;;
    *) wrong_argument "there is no '$1'" ;;
esac
(($# <= 1)) || wrong_argument "one argument at most"

recorded=$root/tools/packaging/abi/heapalloc.$(uname -m).abi
symbols=$root/debian/libheapalloc0.symbols
version=$(version_of "$root")
major=${version%%.*}
next=$(awk -F. '{ print $1 "." $2 + 1 }' <<<"$version")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The entry that the symbols file should have for one library; a symbol keeps the version in which it first appeared.
symbols_of() {
    echo "$1.so.$major libheapalloc$major #MINVER#, libheapalloc$major (<< $next~)"
    echo "* Build-Depends-Package: libheapalloc-dev"
    nm -D --defined-only --with-symbol-versions "$root/build/$1.so" |
        awk -v library="$1.so.$major" -v version="$version" -v known="$symbols" '
            BEGIN {
                while ((getline line < known) > 0) {
                    n = split(line, part, " ")
                    if (line !~ /^[ *]/) at = part[1]
                    else if (n == 2) since[at, part[1]] = part[2]
                }
            }
            {
                name = $NF
                sub(/@@/, "@", name)
                if (name ~ /^HEAPALLOC_/) name = name "@" name
                if (name !~ /@/) name = name "@Base"
                print " " name " " ((library, name) in since ? since[library, name] : version)
            }' | LC_ALL=C sort
}

abi_of() {
    abidw --headers-dir "$root/include/heapalloc" --drop-private-types --no-corpus-path --no-comp-dir-path \
        --no-show-locs --short-locs "$root/build/$1.so"
}

same_abi() {
    abi_of "$1" >"$work/$1.abi"
    # Each build has a soname of its own, but is otherwise the same library.
    sed -i "s/ soname='[^']*'/ soname='libheapalloc.so.$major'/" "$work/$1.abi"
    local rc=0
    abidiff --no-show-locs "$recorded" "$work/$1.abi" >"$work/said" 2>&1 || rc=$?
    ((rc == 0)) && return
    cat "$work/said"
    ((rc & 8)) || echo "if this is meant: ci/abi.sh --record"
    return 1
}

same_symbols() {
    for library in libheapalloc libheapalloc-fast libheapalloc-hardened; do symbols_of "$library"; done >"$work/symbols"
    diff "$symbols" "$work/symbols" || { echo "if this is meant: ci/abi.sh --record"; return 1; }
}

check() {
    if "${@:2}" >"$work/log" 2>&1; then
        echo "ok - $1"
    else
        echo "not ok - $1"
        head -n 40 "$work/log" | sed 's/^/#   /'
        wrong=1
    fi
}

"$here/install.sh" --set abi
"$here/build.sh" -q -t heapalloc -t heapalloc_fast -t heapalloc_hardened release
wrong=0
if [[ $record == yes ]]; then
    mkdir -p "$(dirname "$recorded")"
    abi_of libheapalloc >"$recorded"
    for library in libheapalloc libheapalloc-fast libheapalloc-hardened; do symbols_of "$library"; done >"$work/symbols"
    cp "$work/symbols" "$symbols"
fi
[[ -e $recorded ]] || { echo "abi: nothing is recorded for $(uname -m); ci/abi.sh --record does it" >&2; exit 1; }
for library in libheapalloc libheapalloc-fast libheapalloc-hardened; do
    check "abi_$library" same_abi "$library"
done
check abi_symbols same_symbols
exit "$wrong"
