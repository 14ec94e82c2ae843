# shellcheck shell=bash
# The answers that all scripts of this folder share: --help, and errors about unknown arguments.
# SPDX-License-Identifier: MIT

# The script that was called: the outermost one.
asked=${BASH_SOURCE[-1]}

# Prints the script's head comment without its marks, and ends the script.
print_help() {
    sed -n '2,/^[^#]/{/SPDX/d;/^#/s/^# \{0,1\}//p}' "$asked"
    exit 0
}

# Ends the script because of a wrong argument, before it has done anything.
wrong_argument() {
    local script
    script=$(basename "$asked")
    printf '%s: %s (ci/%s --help tells more)\n' "${script%.sh}" "$*" "$script" >&2
    exit 2
}

# For a script that takes no arguments: answers --help, and refuses anything else.
no_arguments() {
    case ${1-} in
        -h | --help) print_help ;;
    esac
    (($# == 0)) || wrong_argument "it takes no arguments, not '$1'"
}

# need_value OPTION [VALUE]: refuses an option without a value, which is the last argument.
need_value() {
    [[ -n ${2-} ]] || wrong_argument "$1 wants a value"
}

# version_of ROOT: the version that the header of this tree has.
version_of() {
    sed -nE 's/^#define HEAPALLOC_VERSION_(MAJOR|MINOR|PATCH) ([0-9]+)$/\2/p' "$1/include/heapalloc/heapalloc.h" |
        paste -sd.
}

# need_number LEAST OPTION [VALUE]
need_number() {
    [[ ${3-} =~ ^[0-9]{1,6}$ ]] && ((10#$3 >= $1)) && return
    wrong_argument "$2 wants a number from $1 on, not '${3-}'"
}
