#!/usr/bin/env bash
# Tests that pools and arenas are told by their names from outside of a process, and from its core file, as the library
# itself tells of them.
#
#   tools/tests/named.sh PROGRAM NAMER GDB_SCRIPT     NAMER: namer.c, linked with the library
# SPDX-License-Identifier: MIT
set -euo pipefail
tool=$(realpath -e "${1:?usage: named.sh PROGRAM NAMER GDB_SCRIPT}")
namer=$(realpath -e "$2")
script=$(realpath -e "$3")
libraries=$(dirname "$tool")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tools/tests/expect.sh
. "$here/expect.sh"
cd "$work"

# hold LIBRARY [ARGUMENT]: starts the namer, and waits for its statistics in `own`.
hold() {
    local library=$1
    shift
    : >own
    # Preloaded, it would be a second library beside the one that the program is linked with.
    [[ $library == default ]] || ln -sf "$libraries/libheapalloc-$library.so" libheapalloc.so.0
    LD_LIBRARY_PATH=$work "$namer" "$@" >own &
    process=$!
    processes+=("$process")
    for ((i = 0; i < 600; i++)); do
        [[ ! -s own ]] || break
        sleep 0.1
    done
}

# same.py FILE ROWS [without KIND]: the rows by name in FILE are those of `own`, and so many.
cat >same.py <<'PYTHON'
import json, sys
def rows(path):
    data = json.load(open(path))
    named = data.get("heap", data)["named"]
    return sorted(tuple(row.items()) for row in named if row["kind"] not in sys.argv[4:])
own, read = rows("own"), rows(sys.argv[1])
for row in set(own) ^ set(read):
    print("own" if row in own else "read", dict(row))
sys.exit(own != read or len(read) != int(sys.argv[2]) or print("the same rows"))
PYTHON
same=(python3 -B same.py)

for library in default hardened fast; do
    hold "$library"
    known=()
    rows=9
    # The fast library marks no free blocks: from outside those of its pools count as handed out.
    [[ $library != fast ]] || known=(without pool) rows=5
    "$tool" stats --json "$process" >process.json
    expect 0 '^the same rows$' "stats of a process has the library's own rows ($library)" \
        "${same[@]}" process.json "$rows" "${known[@]}"
    gdb -batch -nx -p "$process" -ex "generate-core-file core.$library" >/dev/null 2>&1
    "$tool" stats --json "core.$library" >core.json
    expect 0 '^the same rows$' "stats of a core file too ($library)" "${same[@]}" core.json "$rows" "${known[@]}"
    expect 0 '^  arena +2 +[0-9.]+ KiB +[0-9.]+ KiB  request$' "as text ($library)" "$tool" stats "$process"
    expect 0 '^  pool +1 .*  plain "nodes"[?]$' "a name cannot command a terminal ($library)" "$tool" stats "$process"
    expect 0 '^arena request \(2\)$' "gdb: heap info ($library)" \
        gdb -batch -nx "$namer" "core.$library" -ex "source $script" -ex "heap info"
    "$tool" report -p "$process" -o page.html >said
    python3 -B -c 'import re, sys
print(re.search(r"<script[^>]*id=\"data\">(.*?)</script>", open("page.html").read(), re.S)[1])' >page.json
    expect 0 '^the same rows$' "a report's page too ($library)" "${same[@]}" page.json "$rows" "${known[@]}"
    echo stats >line
    expect 0 '^  collected +1 .*  nodes$' "the explorer too ($library)" bash -c "$tool explore $process <line"
    kill "$process"
done
rm libheapalloc.so.0
mv own before.json
hold default many
"$tool" stats --json "$process" >process.json
expect 0 '^the same rows$' "more names than rows are summed up as others" "${same[@]}" process.json 25
expect 0 '^  others +2[0-9] ' "in text too" "$tool" stats "$process"
expect 0 '^ +[+]1 +0 +1  named\[arena arena [0-9]+\]\.count$' "diff: statistics, by name" \
    "$tool" diff -n 999 before.json own
expect 0 '^ +-1 +1 +0  named\[pool plain \\"nodes\\"\\u000a\]\.count$' "diff: statistics, a name that is gone" \
    "$tool" diff -n 999 before.json own
kill "$process"
# What comes and goes while it is read is told of or not, but is no damage.
hold default passing
well=yes
for ((i = 0; i < 40; i++)); do
    "$tool" stats "$process" >said 2>&1 && "$tool" report -p "$process" -o page.html >said 2>&1 || well=no
done
verdict $well "pools and arenas may come and go meanwhile"
kill "$process"
exit "$((failed > 0))"
