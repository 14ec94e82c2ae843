#!/usr/bin/env bash
# Formats C and C++ by .clang-format, at most 120 columns.
#
#   ci/format.sh [FOLDER|FILE...]           formats the files; without a name those of the folders that are checked
#   ci/format.sh --check [FOLDER|FILE...]   changes nothing; names the files that differ, exit 1 if there is any
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=ci/answers.sh
. "$here/answers.sh"
# The folders that ci/house.sh checks.
checked=(lib shim include kernel tools bench docs tests)

check=no
names=()
for word; do
    case $word in
        -h | --help) print_help ;;
        --check) check=yes ;;
        -*) wrong_argument "there is no option $word" ;;
        *)
            [[ -e $word ]] || wrong_argument "there is no $word"
            names+=("$(realpath -- "$word")")
            ;;
    esac
done
cd "$(dirname "$here")"
((${#names[@]})) || names=("${checked[@]}")
"$here/install.sh" clang-format
mapfile -t files < <(find "${names[@]}" -type f -regex '.*\.\(c\|h\|cc\|cpp\)')
((${#files[@]})) || exit 0
if [[ $check == no ]]; then
    exec clang-format -i "${files[@]}"
fi
# Once for all files: a process for each took four times as long.
differing=$(clang-format --dry-run --ferror-limit=1 "${files[@]}" 2>&1 |
    sed -nE 's/^(.*):[0-9]+:[0-9]+: .*\[-Wclang-format-violations\]$/\1/p' | sort -u)
[[ -n $differing ]] || exit 0
while read -r file; do echo "$file differs: ci/format.sh $file"; done <<<"$differing"
exit 1
