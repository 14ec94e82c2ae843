#!/usr/bin/env bash
# Checks the models of ownership and of the lock with spin, and that each deliberately broken variant is caught.
#
# usage: run.sh [--long]      one line per run; exit 0 if all are as expected
# --long adds runs that visit every state of bigger worlds (minutes, up to 8 GiB).
#
# covers  no error in any state, and every line of the model was executed
# holds   no error in any state
# moves   no run in which no operation ever ends (so a free never waits for a lock)
# caught  spin finds an error: a check that is violated, a deadlock, or a run that never moves
# With NO_ADOPTION, because adopting and returning a block is one step, without a word that another heap reads.
#
# Broken variants run with -DHARM_ONLY where possible: then spin must find the damage, not just the broken rule (who may
# touch what). A few run with the rules, to test those too.
# SPDX-License-Identifier: MIT
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/heapalloc-model.XXXXXX")
trap 'rm -rf "$work"' EXIT
jobs=2
memory_mib=900                               # each of the two at a time

# verdict, model, heaps, slabs, blocks, definitions; of a lock: verdict, model, threads, -, rounds
runs='
covers ownership 3 2 2 MIDWAY OPS=4
covers ownership 2 2 2
holds  ownership 2 1 3
holds  ownership 3 1 2
holds  ownership 3 1 2 FORK
holds  ownership 3 1 2 FORK HEAPLESS
holds  ownership 3 1 1 FORK SHARES
moves  ownership 2 2 2 NO_ADOPTION
moves  ownership 3 1 2 NO_ADOPTION
caught ownership 2 2 2 HARM_ONLY BROKEN_UNOWN_STORE
caught ownership 2 2 2 HARM_ONLY BROKEN_UNOWN_FLAG_ONLY
caught ownership 2 2 2 HARM_ONLY BROKEN_UNOWN_OWNER_LATE
caught ownership 2 2 2 HARM_ONLY BROKEN_CLAIM_STORE
caught ownership 2 2 2 HARM_ONLY BROKEN_CLAIM_FULL_STORE
caught ownership 2 2 2 HARM_ONLY BROKEN_CLAIM_UNMARKED
caught ownership 2 2 2 HARM_ONLY BROKEN_CLAIM_UNLOCKED
caught ownership 2 2 2 HARM_ONLY BROKEN_PUSH_STORE
caught ownership 2 2 2 HARM_ONLY BROKEN_COLLECT_TWO_STEPS
caught ownership 2 2 2 HARM_ONLY BROKEN_COLLECT_NO_COUNT
caught ownership 2 2 2 HARM_ONLY BROKEN_POP_UNLOCKED
caught ownership 2 2 2 HARM_ONLY BROKEN_LINK_UNLOCKED
caught ownership 2 2 2 HARM_ONLY BROKEN_ABANDONED_STUBBORN
caught ownership 2 2 2 HARM_ONLY BROKEN_ABANDONED_KEEPS_OWNER
caught ownership 2 2 2 HARM_ONLY BROKEN_END_FORGETS_BIN
caught ownership 2 1 3 HARM_ONLY BROKEN_RELEASE_UNCOLLECTED
caught ownership 2 2 2 HARM_ONLY BROKEN_RELEASE_CURRENT
caught ownership 2 2 2 BROKEN_UNOWN_OWNER_LATE
caught ownership 2 2 2 BROKEN_CLAIM_STORE
caught ownership 2 2 2 BROKEN_POP_UNLOCKED
caught ownership 3 1 2 FORK BROKEN_FORK_UNLOCKED
caught ownership 3 1 2 FORK BROKEN_FORK_KEEPS_ADOPTED
caught ownership 3 1 2 FORK BROKEN_FORK_TRUSTS_LISTS
caught ownership 3 1 2 FORK HEAPLESS BROKEN_FORK_HEAPLESS_PUSHES
caught ownership 3 1 2 FORK SHARES BROKEN_FORK_SHARES_AT_ONCE
caught ownership 3 1 2 FORK SHARES BROKEN_FORK_SWEEP_HURRIES
caught ownership 2 1 3 MOVES BROKEN_FREE_WAITS
holds  lock 2 1 2
holds  lock 3 1 1
caught lock 2 1 2 BROKEN_GIVE_STORES
caught lock 2 1 2 BROKEN_GIVE_WAKES_NOBODY
caught lock 2 1 2 BROKEN_TAKE_FORGETS_OTHERS
caught lock 2 1 2 BROKEN_WAIT_UNCHECKED
caught lock 2 1 2 BROKEN_FREEZE_WAKES_NOBODY
caught lock 3 1 1 BROKEN_FROZEN_WAKES_NOBODY
caught lock 2 1 2 BROKEN_BORROWED_GOES_FREE
caught lock 2 1 2 BROKEN_FROZEN_IS_TAKEN
'
long_runs='
holds  lock 3 1 2
covers ownership 2 2 2 LINK_LAST
covers ownership 3 2 2 MIDWAY OPS=5
holds  ownership 3 1 3
holds  ownership 2 2 3
holds  ownership 3 1 2 FORK SHARES
'

# Install missing packages: with the tree's own script if it is there, else with apt-get.
need() {
    local missing=()
    for tool in "$@"; do
        command -v "$tool" >/dev/null || missing+=("$tool")
    done
    ((${#missing[@]})) || return 0
    echo "installing ${missing[*]}"
    if [[ -x $here/../../ci/install.sh ]]; then
        "$here/../../ci/install.sh" "${missing[@]}"
    else
        local root=()
        ((EUID == 0)) || root=(sudo)
        "${root[@]}" apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
    fi
}

# A variant that is not run would prove nothing.
all_variants_run() {
    local written listed
    written=$(grep -ohE 'BROKEN_[A-Z_]+' "$here"/*.pml | sort -u)
    listed=$(grep -oE 'BROKEN_[A-Z_]+' <<<"$runs" | sort -u)
    [[ $written == "$listed" ]] || {
        echo "FAIL  broken variants in the model and in run.sh differ:"
        diff <(echo "$written") <(echo "$listed") || true
        return 1
    }
}

# search DIR VERDICT MODEL HEAPS SLABS BLOCKS DEFINITIONS...: spin's report in DIR/out
search() {
    local dir=$1 verdict=$2 model=$3 heaps=$4 slabs=$5 blocks=$6
    shift 6
    local mode=(-O1 -DSAFETY) option=() compiler=gcc
    if [[ $verdict == moves || " $* " == *" MOVES "* ]]; then
        mode=(-O1 -DNP) option=(-l)
    fi
    [[ $verdict != caught ]] || compiler=tcc # a short search: compiling is what takes the time
    mkdir "$dir" && cd "$dir" || return 1
    spin -a -DHEAPS="$heaps" -DSLABS="$slabs" -DBLOCKS="$blocks" "${@/#/-D}" \
        "$here/$model.pml" >spin.log 2>&1 || return 1       # spin writes pan.c even on errors
    "$compiler" -w "${mode[@]}" -DCOLLAPSE -DMEMLIM="$memory_mib" -o pan pan.c >gcc.log 2>&1 || return 1
    ./pan "${option[@]}" -m"$depth" >out 2>&1 || true
}

# What spin found, or why its search is incomplete; empty if it visited every state and found no error.
finding() {
    local out=$1
    grep -E -m1 '^pan:1: |^pan: .*(bound|memory)|^error: max search depth' "$out" && return
    grep -qE ' errors: 0$' "$out" || echo "no report: $(tail -n 1 "$out")"
}

# Lines of the model that no state executed, except the end of the endless process.
unreached() {
    grep -E '^\s.*, state [0-9]+, ' "$1" | grep -vE '"-end-"' || true
}

judge() {
    local out=$1 verdict=$2 found
    [[ -s $out ]] || { echo "spin or gcc failed"; return 1; }
    found=$(finding "$out")
    case $verdict in
    caught)
        echo "${found:-NOT CAUGHT}" | sed 's/^pan:1: //; s/ (at depth.*//'
        [[ $found == pan:1:* ]] ;;
    *)
        [[ -z $found ]] || { echo "$found"; return 1; }
        sed -nE 's/^ *([0-9]+) states, stored.*/\1 states/p' "$out"
        [[ $verdict != covers || -z $(unreached "$out") ]] || { unreached "$out"; return 1; } ;;
    esac
}

run_one() {
    local dir=$1 result=ok says
    shift
    (search "$dir" "$@") || true
    says=$(judge "$dir/out" "$1" 2>/dev/null) || result=FAIL
    printf '%-4s  %-6s %-9s %s heaps %s slabs %s blocks  %-36s %s\n' \
        "$result" "$1" "$2" "$3" "$4" "$5" "${*:6}" "$says"
    rm -rf "$dir"
    [[ $result == ok ]]
}

depth=3000000
all_variants_run
need spin gcc tcc
if [[ ${1:-} == --long ]]; then
    runs+=$long_runs memory_mib=8000 jobs=1 depth=10000000
fi

failed=0 started=0
while read -r -a run; do
    ((${#run[@]})) || continue
    if ((started >= jobs)); then
        wait -n || failed=1
    fi
    run_one "$work/$started" "${run[@]}" &
    ((++started))
done <<<"$runs"
for ((left = started < jobs ? started : jobs; left > 0; left--)); do
    wait -n || failed=1
done
((failed == 0)) && echo "all $started runs are as they should be"
exit "$failed"
