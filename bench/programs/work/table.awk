# Work for gawk: aggregate a table by several keys and keep its lines. Input: the CSV file.
# SPDX-License-Identifier: MIT
BEGIN { FS = "," }
FNR > 1 {
    sum[$3] += $4
    count[$3, substr($2, 1, 2)]++
    names[$3] = length(names[$3]) < 5000 ? names[$3] " " $2 : $2
    line[FNR] = $0
}
END {
    n = asorti(count, order)
    for (i = 1; i <= n; i++) text = text substr(order[i], 1, 1)
    for (i in line) { gsub(/a/, "b", line[i]); bytes += length(line[i]) }
    exit !(length(text) > 10 && bytes > 1000)
}
