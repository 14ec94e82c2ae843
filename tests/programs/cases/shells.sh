# shellcheck shell=bash disable=SC2034
# Scripts: arrays, substitutions, here documents, subshells, pipes and traps.
# SPDX-License-Identifier: MIT
packages="bash dash"

processes_bash="bash"
program_bash() {
    bash -s <<'SCRIPT'
declare -A count
for ((i = 0; i < 20000; i++)); do
    key=k$((i * 7919 % 1013))
    count[$key]=$((${count[$key]:-0} + i))
done
for key in "${!count[@]}"; do echo "$key ${count[$key]}"; done | sort | sha256sum
text=$(printf 'word%d ' {1..5000})
words=($text)
echo "${#words[@]} ${#text} ${words[@]: -1}"
echo "${text//word1/WORD}" | sha256sum
for i in {1..40}; do
    echo "$( (echo "$i"; cat <<END
here $i ${words[i]^^}
END
) | tr '\n' ' ')"
done
trap 'echo leaving' EXIT
f() { local depth=$1; ((depth == 0)) && echo deep || f $((depth - 1)); }
f 300
SCRIPT
}

processes_dash="dash"
program_dash() {
    dash -s <<'SCRIPT'
i=0
while [ $i -lt 3000 ]; do
    i=$((i + 1))
    line="$line $i"
done
set -- $line
echo "$# ${line%% 1500 *}" | sha256sum
for j in 1 2 3 4 5 6 7 8 9; do (echo "sub $j" | sed "s/sub/SUB/") & wait $!; done
SCRIPT
}
