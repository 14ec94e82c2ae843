#!/usr/bin/env bash
# Checks every #include of the tree against the layer rule in ci/layers.txt.
#
#   ci/layers.sh [ROOT]        one line per include that breaks the rule; exit 1 if there is any
#   ci/layers.sh --self-test   plants good and bad includes in a made-up tree, checks the verdicts
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=ci/answers.sh
. "$here/answers.sh"

# Prints every include line of our sources as FILE:LINE:TEXT.
includes_of() {
    local folders=(include lib shim kernel tools bench tests) folder
    cd "$1"
    for folder in "${folders[@]}"; do
        [[ ! -d $folder ]] || find "$folder" -regex '.*\.\([chS]\|cpp\|hpp\)' -type f -print0
    done | xargs -0 -r grep -HnE '^[[:space:]]*#[[:space:]]*include([[:space:]"<]|$)' || true
}

# Reads the rule, then the includes; prints the offenders.
judge() {
    awk '
    function blame(why) { printf "%s:%s: %s: %s\n", file, line, what, why; bad = 1 }

    function in_list(list, item) { return index(" " list " ", " " item " ") > 0 }

    # A file of lib/ includes its own layer or one further left, and names the layer in the path.
    function judge_lib(layer, target) {
        if (!(layer in rank)) blame("ci/layers.txt has no layer " layer)
        else if (!(target in rank) || path !~ /\//) blame("name the layer: \"layer/file.h\"")
        else if (rank[target] > rank[layer]) blame("lib/" layer " may not know " target)
    }

    function judge_outside(folder, target) {
        if (path ~ /\// && target != folder && !in_list(allowed[folder], path))
            blame(folder "/ may know only <heapalloc/...>, itself and:" allowed[folder])
        if (path ~ /\.\./) blame("no ..")
    }

    function judge_tests(sub_folder, target) {
        if (path ~ /^\.\.\//) blame("no ..")
        if (target in allowed && target != "tests" && target != sub_folder)
            blame("tests/" sub_folder " may not know " target "/")
    }

    FNR == NR && /^#/ { next }
    FNR == NR && $1 == "include" { for (i = 1; i <= NF; i++) rank[$i] = i; next }
    FNR == NR && $1 == "freestanding" { for (i = 2; i <= NF; i++) free_of[$i] = 1; next }
    FNR == NR && $1 == "outside" { allowed[$2] = allowed[$2] substr($0, length($1 $2) + 2); next }
    FNR == NR { next }

    {
        seen++
        split($0, part, ":"); file = part[1]; line = part[2]
        what = substr($0, length(file line) + 3)
        sub(/^[ \t]*#[ \t]*include[ \t]*/, "", what)
        split(file, step, "/"); folder = step[1]
        if (!match(what, /^[<"][^">]+[">]/)) { blame("a computed include hides its layer"); next }
        quoted = substr(what, 1, 1) == "\""
        path = substr(what, 2, RLENGTH - 2); what = substr(what, 1, RLENGTH)
        target = path; sub(/\/.*/, "", target)

        if (target == "heapalloc" && !quoted) next
        if (!quoted) {
            if ((folder == "lib" || folder == "include") && file !~ /\.hpp$/ && !(path in free_of))
                blame(folder "/ is freestanding")
        } else if (folder == "include") blame("the API includes only <heapalloc/...>")
        else if (folder == "lib") judge_lib(step[2], target)
        else if (folder == "tests") judge_tests(step[2], target)
        else judge_outside(folder, target)
    }
    END {
        if (!seen) { print "no include found: is this the tree?"; bad = 1 }
        exit bad
    }
    ' "$here/layers.txt" -
}

# Plants one include in a file of an empty tree and compares the verdict with the expected one.
verdict_is() {
    local expected=$1 file=$2 include=$3 tree verdict=good
    tree=$(mktemp -d)
    mkdir -p "$tree/$(dirname "$file")"
    printf '/* planted */\n%s\n' "$include" >"$tree/$file"
    (includes_of "$tree") | judge >/dev/null || verdict=bad
    rm -rf "$tree"
    if [[ $verdict != "$expected" ]]; then
        echo "layers self-test: $include in $file is called $verdict, not $expected"
        return 1
    fi
}

# The script as a whole: it accepts a clean tree, and fails and names the place if a line is planted.
whole_script_holds() {
    local tree said rc=0
    tree=$(mktemp -d)
    mkdir -p "$tree/lib/span" "$tree/shim"
    echo '#include "span/unit.h"' >"$tree/lib/span/unit.c"
    echo '#include "heap/fast.h"' >"$tree/shim/api.c"
    "$here/layers.sh" "$tree" >/dev/null || { echo "layers self-test: a clean tree fails"; rc=1; }
    echo '#include "span/span.h"' >>"$tree/shim/api.c"
    if said=$("$here/layers.sh" "$tree") || [[ $said != shim/api.c:2:* ]]; then
        echo "layers self-test: a planted include is not told: $said"
        rc=1
    fi
    rm -rf "$tree"
    return "$rc"
}

self_test() {
    local wrong=0 expected file include
    whole_script_holds || wrong=1
    while read -r expected file include; do
        verdict_is "$expected" "$file" "$include" || wrong=$((wrong + 1))
    done <<'TABLE'
good lib/span/unit.c   #include "span/unit.h"
good lib/span/unit.c   #include "base/bits.h"
good lib/span/unit.c   #include <heapalloc/port.h>
good lib/span/unit.c   #  include <stdint.h>
bad  lib/span/unit.c   #include "slab/slab.h"
bad  lib/base/bits.h   #include "engine/index.h"
bad  lib/span/unit.c   #include "unit.h"
bad  lib/span/unit.c   #include "../slab/slab.h"
bad  lib/span/unit.c   #include "shim/port.h"
bad  lib/span/unit.c   #include <stdio.h>
bad  lib/span/unit.c   #include <sys/mman.h>
bad  lib/span/unit.c   #include UNIT_HEADER
bad  lib/extra/new.c   #include "base/bits.h"
good include/heapalloc/port.h #include <stddef.h>
bad  include/heapalloc/port.h #include <unistd.h>
bad  include/heapalloc/port.h #include "base/bits.h"
good shim/malloc.c     #include "heap/fast.h"
good shim/malloc.c     #include "port.h"
good shim/malloc.c     #include "shim/port.h"
good shim/malloc.c     #include <sys/mman.h>
bad  shim/malloc.c     #include "heap/heap.h"
good kernel/start.S    #include "layout.h"
bad  kernel/kmalloc.c  #include "span/span.h"
bad  kernel/kmalloc.c  #include "../lib/span/span.h"
bad  tools/run.c       #include "heap/fast.h"
bad  bench/larson.cpp  #include "slab/slab.h"
good tests/slab/slab_test.c #include "slab/slab.h"
good tests/slab/slab_test.c #include "fake/port.h"
good tests/shim/env_test.c  #include "shim/env.h"
bad  tests/slab/slab_test.c #include "shim/env.h"
TABLE
    ((wrong == 0))
}

case ${1:-} in
    -h | --help) print_help ;;
    --self-test) self_test ;;
    -*) wrong_argument "there is no option $1" ;;
    *)
        (($# < 2)) || wrong_argument "one folder at a time, not '$2' too"
        [[ -d ${1:-.} ]] || wrong_argument "there is no folder $1"
        includes_of "${1:-$(dirname "$here")}" | judge
        ;;
esac
