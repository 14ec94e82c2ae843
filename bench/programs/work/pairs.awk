# Work for gawk: pairs of words in arrays of arrays, and strings that grow. Input: the text file.
# SPDX-License-Identifier: MIT
{
    for (i = 1; i < NF; i++) {
        pair[$i][$(i + 1)]++
        if (FNR % 4 == 0) list[$i] = length(list[$i]) < 2000 ? list[$i] " " FNR : FNR
    }
    if (FNR % 2) kept[FNR] = toupper($0)
}
END {
    for (word in pair) {
        best = ""
        for (next_word in pair[word]) if (best == "" || pair[word][next_word] > pair[word][best]) best = next_word
        text = text word " " best "\n"
        if (length(pair[word]) > 100) delete pair[word]
    }
    for (line in kept) {
        if (line % 3 != 0) continue
        split(kept[line], words, " ")
        bytes += length(words[1])
        delete kept[line]
    }
    exit !(length(text) > 1000 && bytes > 100)
}
