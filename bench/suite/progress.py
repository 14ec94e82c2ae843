"""One line on the terminal that shows what is running, how far the suite is and how long it will take."""
# SPDX-License-Identifier: MIT
import sys
import time


class Progress:
    """Counts steps of the whole suite. On a terminal the line is rewritten in place; elsewhere a line now and then."""

    def __init__(self, out=sys.stderr):
        self._out = out
        self._live = out.isatty()
        self._start = time.monotonic()
        self._weights = {}
        self._done = 0.0
        self._part = ""
        self._part_steps = 1
        self._part_step = 0
        self._last = 0.0

    def plan(self, weights):
        """`weights` is {part: expected seconds}, which shape the percentage."""
        self._weights = dict(weights)

    def begin(self, part, steps):
        self._part, self._part_steps, self._part_step = part, max(1, steps), 0
        self._show("", force=True)

    def step(self, what):
        self._part_step = min(self._part_step + 1, self._part_steps)
        self._show(what)

    def end(self):
        self._done += self._weights.get(self._part, 0)
        self._part_step = 0
        self._part = ""

    def say(self, text):
        """Prints a line that stays."""
        self._clear()
        print(text, file=self._out, flush=True)

    def fraction(self):
        total = sum(self._weights.values()) or 1
        here = self._weights.get(self._part, 0) * self._part_step / self._part_steps
        return min(1.0, (self._done + here) / total)

    def _clear(self):
        if self._live:
            self._out.write("\r\033[K")

    def _show(self, what, force=False):
        now = time.monotonic()
        if not force and now - self._last < (0.1 if self._live else 15):
            return
        self._last = now
        passed, fraction = now - self._start, self.fraction()
        left = f", {_minutes(passed / fraction - passed)} left" if fraction > 0.05 else ""
        text = f"{100 * fraction:3.0f} %  {self._part:<9} {what}"[:70]
        if self._live:
            self._out.write(f"\r\033[K{text:<70} {_minutes(passed)}{left}")
        else:
            self._out.write(f"{text.rstrip()}  ({_minutes(passed)}{left})\n")
        self._out.flush()

    def close(self):
        self._clear()
        self._out.flush()

    def seconds(self):
        return time.monotonic() - self._start


def _minutes(seconds):
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
