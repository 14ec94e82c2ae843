# Completion of heapalloc(1) for bash. Commands and options come from `--help`, so they are never out of date.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2207

_heapalloc_commands() {
    "$1" --help 2>/dev/null | sed -nE 's/^  ([a-z][a-z-]*) .*/\1/p'
}

# _heapalloc_options PROGRAM [COMMAND]
_heapalloc_options() {
    { echo --help; "$@" --help 2>/dev/null | grep -oE -- "--[a-z][a-z-]*"; } | sort -u
}

_heapalloc() {
    local program=$1 word=${COMP_WORDS[COMP_CWORD]} i
    COMPREPLY=()
    # Behind -- stands another program's command line.
    for ((i = 1; i < COMP_CWORD; i++)); do
        [[ ${COMP_WORDS[i]} == -- ]] || continue
        if ((i + 1 == COMP_CWORD)); then
            COMPREPLY=($(compgen -c -- "$word"))
        else
            COMPREPLY=($(compgen -f -- "$word"))
        fi
        return
    done
    if ((COMP_CWORD == 1)); then
        COMPREPLY=($(compgen -W "$(_heapalloc_commands "$program") --help --version" -- "$word"))
    elif [[ $word == -* ]]; then
        COMPREPLY=($(compgen -W "$(_heapalloc_options "$program" "${COMP_WORDS[1]}")" -- "$word"))
    else
        COMPREPLY=($(compgen -f -- "$word"))
    fi
}

complete -F _heapalloc heapalloc
