#!/usr/bin/env bash
# Runs a program under heapalloc, or shows what heapalloc does to real programs here.
#
#   ci/try.sh PROGRAM ARGS...   runs PROGRAM with its own input, output, folder and exit status
#   ci/try.sh                   runs python3, sqlite3 and g++ on glibc's malloc and on heapalloc in
#                               turn and prints time, peak RSS and page faults side by side
#
# Installs what a build needs and builds when that was not done yet; all it says is on stderr.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
lib=$(dirname "$here")/build/libheapalloc.so

case ${1:-} in
    -h | --help)
        sed -n '2,/^set -/{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
        exit
        ;;
esac

"$here/build.sh" -q -t heapalloc release </dev/null >&2
if [[ $lib == *[\ :]* ]]; then
    echo "try: LD_PRELOAD cannot name $lib: a blank or a colon ends a name there" >&2
    exit 1
fi
if (($# == 0)); then
    exec "$here/compare.sh" "$lib"
fi
if ! type -P -- "$1" >/dev/null; then
    echo "try: $1 is not a program on this machine; install it first" >&2
    exit 127
fi
# In front of what the caller preloads. This shell itself started before and stays on glibc's.
export LD_PRELOAD=$lib${LD_PRELOAD:+:$LD_PRELOAD}
exec -- "$@"
