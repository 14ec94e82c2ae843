# Reads two files of figures, a line for each round; prints medians, their range, and which of them differ.
#   awk -v title=TEXT -v name=NAME -f ci/compare.awk GLIBC OTHER
# Columns: CPU time and wall time in seconds, peak memory in KiB, page faults. Line n of both files is the same round.
#
# The rounds decide what is a difference: by chance so many rounds would agree in at most one of sixteen cases (all of
# five, eight of nine), and the medians differ by 1 %. Without one nothing is claimed to be equal.
# SPDX-License-Identifier: MIT
BEGIN {
    split("CPU time in s,wall time in s,peak memory in MiB,page faults", titles, ",")
    split("less CPU time,less wall time,less memory,fewer page faults", gains, ",")
    split("more CPU time,more wall time,more memory,more page faults", losses, ",")
    split("%.3f %.3f %.1f %d", formats, " ")
    split("1 1 1024 1", units, " ")
}

function sort(side, column,    i, k, swap) {
    for (i = 1; i <= rounds; i++) sorted[i] = value[side, column, i]
    for (i = 2; i <= rounds; i++)
        for (k = i; k > 1 && sorted[k - 1] > sorted[k]; k--) {
            swap = sorted[k]; sorted[k] = sorted[k - 1]; sorted[k - 1] = swap
        }
    least[side, column] = sorted[1]
    most[side, column] = sorted[rounds]
    median[side, column] = (sorted[int((rounds + 1) / 2)] + sorted[int(rounds / 2) + 1]) / 2
}

# The probability that at least `agreeing` of `rounds` coin tosses agree.
function chance(agreeing,    i, k, ways, sum) {
    for (i = agreeing; i <= rounds; i++) {
        ways = 1
        for (k = 1; k <= i; k++) ways = ways * (rounds - k + 1) / k
        sum += ways
    }
    return 2 * sum / 2 ^ rounds
}

function percent(column) {
    gap = median[2, column] / median[1, column] - 1
    if (gap < 0) gap = -gap
    return sprintf(gap < 0.095 ? "%.1f %%" : "%.0f %%", 100 * gap)
}

function verdict(column,    i, below, above, agreeing, said) {
    for (i = 1; i <= rounds; i++) {
        below += value[2, column, i] < value[1, column, i]
        above += value[2, column, i] > value[1, column, i]
    }
    if (column <= 2 && median[1, column] < 0.01) return "too short a run to tell"
    if (median[1, column] == 0) return median[2, column] == 0 ? "none on either" : "some, where glibc has none"
    said = percent(column) " " (median[2, column] < median[1, column] ? gains[column] : losses[column])
    agreeing = median[2, column] < median[1, column] ? below : above
    if (gap < 0.01) return "within 1 %"
    if (chance(agreeing) <= 1 / 16) { clear[column] = said; return said }
    if (least[2, column] > most[1, column] || most[2, column] < least[1, column]) { clear[column] = said; return said }
    if (2 * agreeing <= rounds) return "no clear difference"
    return said " in " agreeing " of " rounds " rounds: not certain"
}

function range(side, column,    f) {
    f = formats[column]
    return sprintf(f " (" f " to " f ")", median[side, column] / units[column], least[side, column] / units[column],
        most[side, column] / units[column])
}

FNR == 1 { side++ }
{ if (FNR > rounds) rounds = FNR; for (c = 1; c <= 4; c++) value[side, c, FNR] = $c + 0 }

END {
    printf "%-20s %-28s %-28s %s\n", title, "glibc", name, name " has"
    for (c = 1; c <= 4; c++) {
        sort(1, c); sort(2, c)
        printf "  %-18s %-28s %-28s %s\n", titles[c], range(1, c), range(2, c), verdict(c)
    }
    for (c = 1; c <= 4; c++) if (c != 2 && c in clear) said = said (said ? ", " : "") clear[c]
    print "  => " (said ? name ": " said : "no clear difference in CPU time, memory or page faults") "."
}
