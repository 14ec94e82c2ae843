#!/usr/bin/env bash
# Tells which sources have no SPDX line, or adds it behind the comment that a file begins with.
#
#   ci/license.sh                    the files that lack it in the folders that are checked; exit 1 if there is any
#   ci/license.sh FOLDER...          the same in these folders
#   ci/license.sh --add FOLDER...    adds it there
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=ci/answers.sh
. "$here/answers.sh"
# The folders that ci/house.sh checks.
checked=(lib shim include kernel tools bench ci docs tests)
line='SPDX-License-Identifier: MIT'

add=no
names=()
for word; do
    case $word in
        -h | --help) print_help ;;
        --add) add=yes ;;
        -*) wrong_argument "there is no option $word" ;;
        *)
            [[ -e $word ]] || wrong_argument "there is no $word"
            names+=("$(realpath -- "$word")")
            ;;
    esac
done
[[ $add == no || ${#names[@]} != 0 ]] || wrong_argument "--add wants a folder"
cd "$(dirname "$here")"
((${#names[@]})) || names=("${checked[@]}")

# Copies a file, and adds the line after its head: the first comment, or a script's docstring.
with_line() {
    awk -v line="$line" -v file="$1" '
        BEGIN { style = file ~ /\.(c|h|S|cc|cpp)$/ ? "c" : file ~ /\.py$/ ? "python" : "shell" }
        function put() {
            done = 1
            print style == "c" ? "/* " line " */" : "# " line
        }
        style == "shell" && !done && !/^#/ { put() }
        style == "c" && !done && slashes && !/^\/\// { put() }
        { print }
        style == "c" && NR == 1 && /^\/\// { slashes = 1 }
        style == "c" && !done && !slashes && /\*\// { put() }
        style == "python" && !done && /"""/ { quotes += gsub(/"""/, "&"); if (quotes == 2) put() }' "$1"
}

rc=0
while read -r file; do
    ! grep -q "$line" "$file" || continue
    if [[ $add == yes ]]; then
        with_line "$file" >"$file.new"
        cat "$file.new" >"$file"
        rm "$file.new"
    else
        echo "$file has no line '$line'"
        rc=1
    fi
done < <(find "${names[@]}" -type f \( -regex '.*\.\(c\|h\|S\|cc\|cpp\|sh\|py\|awk\|cmake\)' -o -name CMakeLists.txt \))
exit "$rc"
