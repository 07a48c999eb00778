"""Weights become slots: sums, shares, bounds, wrong weights. No privileges."""

import os
import random
import sys
import unittest

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "data", "testbed"))
# pylint: disable=wrong-import-position
from airlock_testbed import weights as tool  # noqa: E402
from airlock_testbed.errors import InputError  # noqa: E402


class Slots(unittest.TestCase):
    """apportion() and parse()."""

    def test_by_hand(self):
        """Largest remainders; the smallest weight has a slot of its own."""
        self.assertEqual(tool.apportion([2, 2, 1, 1]),
                         [333, 333, 167, 167])
        self.assertEqual(tool.apportion([1, 1, 1]), [334, 333, 333])
        self.assertEqual(tool.apportion([2, 0, 1e-6, 0.3]),
                         [869, 0, 1, 130])
        self.assertEqual(tool.apportion([0, 0, 2]), [0, 0, 1000])

    def test_any_weights(self):
        """All slots are given, by weight to within one but for the minimum."""
        rng = random.Random("weights")
        for _ in range(2000):
            weights = [rng.choice((0, rng.uniform(0, 2), rng.uniform(0, 1e-5)))
                       for _ in range(rng.randrange(1, 40))]
            if sum(weights) == 0:
                continue
            counts = tool.apportion(weights)
            self.assertEqual(sum(counts), tool.SLOTS)
            forced = sum(0 < tool.SLOTS * w / sum(weights) < 1
                         for w in weights)
            for weight, count in zip(weights, counts):
                self.assertEqual(count > 0, weight > 0)
                exact = tool.SLOTS * weight / sum(weights)
                self.assertLessEqual(abs(count - exact), 1 + forced)

    def test_wrong(self):
        """Nothing is set that would serve nobody, or is no weight."""
        for weights in ([0, 0], [-1, 1], [2.5, 1], [float("nan"), 1]):
            with self.assertRaises(InputError):
                tool.apportion(weights)
        with self.assertRaises(InputError):
            tool.parse("a=1,b")
        self.assertEqual(tool.parse("a=1,b=0.5"), {"a": 1, "b": 0.5})


if __name__ == "__main__":
    unittest.main()
