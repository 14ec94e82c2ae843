"""Medians, ratios and their noise: when two measurements differ, and when that is a tie.

Rounds are interleaved, so the n-th measurement of one allocator is compared with the n-th of another: what slowed the
machine down in that round slowed both. The interval around the median of such ratios is the distribution-free one of
the sign test, made of two of the sorted ratios themselves (Conover, Practical Nonparametric Statistics, 3.2); with few
rounds it is simply least to greatest. Two allocators tie when it holds 1, or when they differ by less than two runs of
the same allocator did.
"""
# SPDX-License-Identifier: MIT
import math
import statistics

CONFIDENCE = 0.90


def geometric_mean(values):
    values = list(values)
    return math.exp(sum(math.log(v) for v in values) / len(values))


def _rank(count):
    """How many of `count` sorted values may be cut at each end with CONFIDENCE still reached."""
    rank, tail = 0, 0.5**count
    while rank + 1 < count / 2 and 1 - 2 * (tail + math.comb(count, rank + 1) * 0.5**count) >= CONFIDENCE:
        rank += 1
        tail += math.comb(count, rank) * 0.5**count
    return rank


def interval(values):
    """(low, median, high) of a list of measurements."""
    ordered = sorted(values)
    rank = _rank(len(ordered))
    return ordered[rank], statistics.median(ordered), ordered[len(ordered) - 1 - rank]


def paired_ratio(values, base):
    """(low, median, high) of values[i] / base[i]."""
    return interval([v / b for v, b in zip(values, base) if b > 0])


def noise_of(first, second):
    """The relative difference between two series of the same thing: 0.02 is two per cent."""
    low, middle, high = paired_ratio(first, second)
    return max(abs(middle - 1), (high - low) / 4)


def verdict(ratio, noise=0.0):
    """-1 for less, 0 for a tie, 1 for more, of a (low, median, high) ratio."""
    low, middle, high = ratio
    if low <= 1 <= high or abs(middle - 1) <= noise:
        return 0
    return -1 if middle < 1 else 1
