"""Tests the suite's statistics: ties and differences are recognised, percentiles and marks are right."""
# SPDX-License-Identifier: MIT
import os
import random
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from counts import callgrind  # noqa: E402
from latency import part as latency  # noqa: E402
from startup import elf  # noqa: E402
from suite import stats  # noqa: E402


class Stats(unittest.TestCase):
    def rounds(self, factor, spread, count=5):
        """Two series whose rounds are slowed together by up to a half, and separately by `spread`."""
        chance = random.Random(1)
        common = [1 + chance.random() / 2 for _ in range(count)]
        noisy = lambda: 1 + spread * (2 * chance.random() - 1)  # noqa: E731
        return [c * factor * noisy() for c in common], [c * noisy() for c in common]

    def test_common_slowness_cancels(self):
        ratio = stats.paired_ratio(*self.rounds(0.95, 0.001))
        self.assertEqual(stats.verdict(ratio), -1)
        self.assertAlmostEqual(ratio[1], 0.95, places=2)

    def test_difference_below_the_noise_is_a_tie(self):
        self.assertEqual(stats.verdict(stats.paired_ratio(*self.rounds(0.99, 0.05))), 0)

    def test_difference_below_what_the_same_thing_differs_is_a_tie(self):
        self.assertEqual(stats.verdict((1.01, 1.02, 1.03), noise=0.03), 0)
        self.assertEqual(stats.verdict((1.01, 1.02, 1.03), noise=0.01), 1)

    def test_few_rounds_show_their_whole_range(self):
        self.assertEqual(stats.interval([3, 1, 2]), (1, 2, 3))

    def test_many_rounds_lose_their_outliers(self):
        low, middle, high = stats.interval([0.01, *range(10, 29), 1000])
        self.assertTrue(10 < low < middle < high < 28)

    def test_geometric_mean_of_inverse_ratios_is_one(self):
        self.assertAlmostEqual(stats.geometric_mean([2, 0.5, 4, 0.25]), 1)


class Readers(unittest.TestCase):
    def test_percentiles_count_how_often(self):
        found = latency.percentiles([(10, 989), (20, 10), (7000, 1)])
        self.assertEqual((found["p50"], found["p99"], found["p99.9"], found["max"]), (10, 20, 20, 7000))

    def test_only_marked_dumps_are_read(self):
        text = ("desc: Trigger: Client Request: counted\nsummary: 12\ntotals: 12\n"
                "desc: Trigger: Program termination\nsummary: 99\n")
        with tempfile.NamedTemporaryFile("w", suffix=".out") as file:
            file.write(text)
            file.flush()
            self.assertEqual(list(callgrind._read_dumps(file.name)), [("counted", 12)])

    def test_a_file_that_is_no_library_is_refused(self):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("not ELF")
            file.flush()
            self.assertRaises(ValueError, elf.tls_bytes, file.name)


if __name__ == "__main__":
    unittest.main()
