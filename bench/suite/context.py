"""The context of every part of the suite: the allocators, the built tools, the size of the run, the progress line."""
# SPDX-License-Identifier: MIT
import dataclasses
import os
import random

from suite.progress import Progress


@dataclasses.dataclass
class Context:
    allocators: list
    build_folder: str
    out_folder: str
    quick: bool
    progress: Progress
    warnings: list
    programs: list = dataclasses.field(default_factory=list)  # names of the whole programs; empty: all
    rounds: int = 0  # of the whole programs; 0: as the size of the run has it
    chance: random.Random = dataclasses.field(default_factory=lambda: random.Random(1))

    def in_turn(self, entrants):
        """The entrants in the order of one round, which varies, because the previous run affects the next one,
        such as pages that the machine must provide anew if the last process gave back fewer."""
        return self.chance.sample(entrants, len(entrants))

    def tool(self, name):
        """A program of the suite's own, built under the build folder."""
        for folder in ("bench", "."):
            path = os.path.join(self.build_folder, folder, name)
            if os.path.exists(path):
                return path
        raise FileNotFoundError(f"{name} is not built in {self.build_folder}/bench")

    def has_tool(self, name):
        try:
            return bool(self.tool(name))
        except FileNotFoundError:
            return False

    def warn(self, text):
        """A fact that the reader of the report must know; also printed at once."""
        self.warnings.append(text)
        self.progress.say(f"bench: {text}")

    def file(self, name):
        return os.path.join(self.out_folder, name)

    def choose(self, full, quick):
        return quick if self.quick else full

    def baseline(self):
        """The system's own allocator, to which every ratio is relative."""
        return next(a for a in self.allocators if a.path == "")
