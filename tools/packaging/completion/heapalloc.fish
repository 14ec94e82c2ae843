# Completion of heapalloc(1) for fish. Commands and options come from `--help`, so they are never out of date.
# SPDX-License-Identifier: MIT

function __heapalloc_commands
    set -l program (commandline -opc)[1]
    $program --help 2>/dev/null | string replace -rf '^  ([a-z][a-z-]*) +(.*)' '$1\t$2'
end

function __heapalloc_options
    set -l words (commandline -opc)
    begin
        echo --help
        $words[1] $words[2] --help 2>/dev/null | string match -ra -- '--[a-z][a-z-]*'
    end | sort -u
end

# Which word is completed: the first, a later one, or one of another program's after `--`.
function __heapalloc_is_at
    set -l words (commandline -opc)
    set -l place later
    test (count $words) -eq 1; and set place first
    contains -- -- $words; and set place behind
    test $place = $argv[1]
end

function __heapalloc_behind
    set -l words (commandline -opc)
    set -l at (contains -i -- -- $words)
    complete -C (string join ' ' -- $words[(math $at + 1)..] (commandline -ct))
end

complete -c heapalloc -n '__heapalloc_is_at first' -f -a '(__heapalloc_commands)'
complete -c heapalloc -n '__heapalloc_is_at first' -f -a '--help --version'
complete -c heapalloc -n '__heapalloc_is_at later; and string match -q -- "-*" (commandline -ct)' \
    -f -a '(__heapalloc_options)'
complete -c heapalloc -n '__heapalloc_is_at behind' -f -a '(__heapalloc_behind)'
