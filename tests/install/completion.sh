#!/usr/bin/env bash
# Compares the completions of bash, zsh and fish (those that are installed) with `--help`.
# Usage: completion.sh PROGRAM
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/install/common.sh
source "$here/common.sh"
program=$(realpath "$1")
files=$here/../../tools/packaging/completion
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/home"
HOME=$work/home
PATH=${program%/*}:$PATH
export HOME PATH
cd "$work/home"
touch a_file

commands=$("$program" --help | sed -nE 's/^  ([a-z][a-z-]*) .*/\1/p' | sort)
[[ -n $commands ]] || fail "--help names no command"

# The words that bash offers for the last argument.
bash_offers() {
    # shellcheck disable=SC2016 # for the inner shell
    bash -c 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
        _heapalloc "$1" "${!#}" "${@: -2:1}"; printf "%s\n" "${COMPREPLY[@]}"' bash "$files/heapalloc.bash" "$@" | sort
}

fish_offers() {
    # shellcheck disable=SC2016
    fish --no-config -c 'source $argv[1]; complete -C "$argv[2]"' "$files/heapalloc.fish" "$1" 2>&1 | cut -f1 | sort
}

# The words that the functions of the zsh file offer; zsh's own completion needs a terminal.
zsh_offers() {
    # shellcheck disable=SC2016
    zsh -f -c 'words=("${@:2}"); CURRENT=$#words
        _describe() { local -a list; list=("${(@P)4}"); shift 4
            for name; do list+=("${(@P)name}"); done; print -l -- "${(@)list%%:*}"; }
        _files() { print -l -- *(N); }
        _normal() { [[ $words == "cat a_" && $CURRENT == 2 ]] && _files; }
        source $1' zsh "$files/_heapalloc" "$@" | sort
}

# check SHELL: compares the words that FUNCTION offers at each place.
check() {
    local shell=$1 command options offered
    offered=$("${shell}_at" heapalloc '')
    for command in $commands; do
        grep -qx -- "$command" <<<"$offered" || fail "$shell does not offer $command but: $offered"
        options=$( { "$program" "$command" --help | grep -oE -- '--[a-z][a-z-]*'; echo --help; } | sort -u)
        offered_options=$("${shell}_at" heapalloc "$command" --)
        [[ $offered_options == "$options" ]] || fail "$shell offers for $command --: $offered_options, not $options"
        grep -qx a_file <<<"$("${shell}_at" heapalloc "$command" a_)" || fail "$shell offers no files behind $command"
    done
    while read -r command; do
        [[ -z $command || $command == --* ]] || grep -qx -- "$command" <<<"$commands" ||
            fail "$shell offers $command, which is no command"
    done <<<"$offered"
    grep -q a_file <<<"$("${shell}_at" heapalloc explore -- cat a_)" || fail "$shell does not complete behind --"
}

bash_at() { bash_offers "$@"; }
zsh_at() { zsh_offers "$@"; }
fish_at() { fish_offers "$*"; }
check bash
for shell in zsh fish; do
    if command -v "$shell" >/dev/null; then check "$shell"; else echo "$shell is not installed: not asked"; fi
done
finish
