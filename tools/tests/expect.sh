# Shared by the tests of the tools' commands: a folder to work in, and reporting verdicts.
# shellcheck shell=bash
# SPDX-License-Identifier: MIT
unset LD_PRELOAD HEAPALLOC
export LC_ALL=C
work=$(mktemp -d)
processes=() # ended with the script
trap 'kill "${processes[@]}" 2>/dev/null || true; rm -rf "$work"' EXIT
failed=0 # verdicts

# verdict yes|no WHAT [WHY]: with what the last command said, in $work/said.
verdict() {
    [[ $1 == yes ]] && echo "ok - $2" && return
    echo "not ok - $2${3:+: $3}"
    sed 's/^/#   /' "$work/said" | cut -c 1-300 | head -n 30
    failed=$((failed + 1))
}

# expect CODE PATTERN WHAT COMMAND...: the exit code, and a line of either stream.
expect() {
    local expected=$1 pattern=$2 what=$3 code=0 good=no
    shift 3
    timeout 100 "$@" >"$work/said" 2>&1 </dev/null || code=$?
    [[ $code != "$expected" ]] || ! grep -qaE -- "$pattern" "$work/said" || good=yes
    verdict $good "$what" "exit code $code"
}

# start WHAT [RUN OPTION...]: starts $sleeper by $tool, and waits for its address; sets `process` and `address`.
# shellcheck disable=SC2034,SC2154 # the script sets the programs, and uses the address
start() {
    local what=$1
    shift
    rm -f "$work/address"
    "$tool" run "$@" "$sleeper" "$what" >"$work/address" &
    process=$!
    processes+=("$process")
    for ((i = 0; i < 300; i++)); do
        [[ -s $work/address ]] && break
        sleep 0.1
    done
    address=$(cat "$work/address")
}
