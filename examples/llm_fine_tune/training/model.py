"""A small language model, and a low-rank adapter that is the only part that is trained.

The model predicts a character from the one before: its frozen weights are those of general text. The adapter adds the
product of two narrow matrices to them, which is the method of LoRA (Hu et al., 2021, arXiv:2106.09685) for one layer.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from training.text import ALPHABET, END

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Matrix = list[list[float]]

_SIZE = len(ALPHABET)
_SPREAD = 0.1
_INDEX = {character: index for index, character in enumerate(ALPHABET)}


@dataclass(frozen=True)
class Adapter:
    """The trained matrices: `down` has a row for each character and `up` a row for each rank."""

    down: Matrix
    up: Matrix

    @classmethod
    def new(cls, *, rank: int) -> Adapter:
        """An adapter that does not change the model yet: its second matrix is zero."""
        chance = random.Random(0)  # noqa: S311  reproducible, not a secret
        down = [[chance.gauss(0, _SPREAD) for _ in range(rank)] for _ in range(_SIZE)]
        return cls(down, [[0.0] * _SIZE for _ in range(rank)])

    @classmethod
    def of_values(cls, values: Sequence[float], *, rank: int) -> Adapter:
        """The adapter with these values, as `values` returned them.

        Raises:
            ValueError: if their number is not that of an adapter of this rank.
        """
        if len(values) != 2 * rank * _SIZE:
            message = f"an adapter of rank {rank} has {2 * rank * _SIZE} values, got {len(values)}."
            raise ValueError(message)
        split = rank * _SIZE
        down = [list(values[at : at + rank]) for at in range(0, split, rank)]
        return cls(down, [list(values[at : at + _SIZE]) for at in range(split, 2 * split, _SIZE)])

    def values(self) -> list[float]:
        """All values, row by row."""
        return [value for matrix in (self.down, self.up) for row in matrix for value in row]

    def after(self, gradients: Sequence[float], rate: float) -> Adapter:
        """The adapter after one step of gradient descent."""
        values = [value - rate * gradient for value, gradient in zip(self.values(), gradients)]
        return self.of_values(values, rank=len(self.up))


@dataclass
class LanguageModel:
    """The frozen weights, a row for each character, and the adapter."""

    weights: Matrix
    adapter: Adapter

    @classmethod
    def of_lines(cls, lines: Sequence[str], *, rank: int) -> LanguageModel:
        """The model of general text, with a new adapter.

        Args:
            lines: the general text.
            rank: the rank of the adapter.
        """
        counts = Counter(pair for line in lines for pair in _pairs(line))
        totals = Counter(before for before, _ in counts.elements())
        weights = [
            [math.log((counts[before, after] + 1) / (totals[before] + _SIZE)) for after in range(_SIZE)]
            for before in range(_SIZE)
        ]
        return cls(weights, Adapter.new(rank=rank))

    def chances(self, before: int) -> list[float]:
        """The probability of each character after another one."""
        row = list(self.weights[before])
        for factor, up in zip(self.adapter.down[before], self.adapter.up):
            for index, value in enumerate(up):
                row[index] += factor * value
        highest = max(row)
        powers = [math.exp(each - highest) for each in row]
        total = sum(powers)
        return [each / total for each in powers]

    def gradients(self, lines: Sequence[str]) -> tuple[float, list[float]]:
        """The mean loss of the characters of `lines`, and the gradients of the adapter's values."""
        rank = len(self.adapter.up)
        down, up = [[0.0] * rank for _ in range(_SIZE)], [[0.0] * _SIZE for _ in range(rank)]
        pairs = Counter(pair for line in lines for pair in _pairs(line))
        count = sum(pairs.values())
        loss = 0.0
        for before in {each for each, _ in pairs}:
            chances = self.chances(before)
            seen = [pairs[before, after] for after in range(_SIZE)]
            loss -= sum(times * math.log(chance) for times, chance in zip(seen, chances) if times)
            slopes = [(sum(seen) * chance - times) / count for chance, times in zip(chances, seen)]
            for index in range(rank):
                factor, row = self.adapter.down[before][index], self.adapter.up[index]
                down[before][index] += sum(slope * value for slope, value in zip(slopes, row))
                for after, slope in enumerate(slopes):
                    up[index][after] += factor * slope
        return loss / count, Adapter(down, up).values()

    def perplexity(self, lines: Sequence[str]) -> float:
        """The perplexity of a text: 1 if every character is expected, and the size of the alphabet by chance."""
        return math.exp(self.gradients(lines)[0])


def _pairs(line: str) -> Iterator[tuple[int, int]]:
    """Each character with the one before it; a line begins and ends with the character of an end."""
    codes = [_INDEX[each] for each in f"{END}{line}{END}"]
    return zip(codes, codes[1:])  # noqa: RUF007  Python 3.9 has no pairwise
