"""Two-tower model: a vector for each user and each item, whose product says how well they fit.

The item tower adds the vector of the item's topic, so that an item without interactions has a meaningful vector. The
loss is the softmax over the items of a batch: each pair's own item against those of the other pairs.
"""

from __future__ import annotations

import json
import math
import random
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Vector = list[float]
Gradients = dict[str, Vector]
"""Gradients by row, such as `users/17`: a step changes few rows."""

MODEL_FILE = "two_tower.json"
_SPREAD = 0.1


@dataclass
class TwoTower:
    """The parameters of the model."""

    users: list[Vector]
    items: list[Vector]
    topics: list[Vector]
    topic_of: list[int]
    """The topic of each item."""

    @classmethod
    def new(cls, *, users: int, topic_of: Sequence[int], size: int, seed: int = 0) -> TwoTower:
        """An untrained model with vectors of `size` numbers."""
        chance = random.Random(seed)  # noqa: S311  reproducible parameters, not a secret

        def vectors(count: int) -> list[Vector]:
            return [[chance.gauss(0, _SPREAD) for _ in range(size)] for _ in range(count)]

        return cls(vectors(users), vectors(len(topic_of)), vectors(max(topic_of) + 1), list(topic_of))

    def item_vector(self, item: int) -> Vector:
        """The output of the item tower."""
        return [own + shared for own, shared in zip(self.items[item], self.topics[self.topic_of[item]])]

    def recommend(self, user: int, count: int, *, without: Sequence[int] = ()) -> list[int]:
        """The best items for a user, the best first, without those of `without`."""
        left_out = set(without)
        vector = self.users[user]
        fit = {
            item: _product(vector, self.item_vector(item)) for item in range(len(self.items)) if item not in left_out
        }
        return sorted(fit, key=lambda item: (-fit[item], item))[:count]

    def gradients(self, batch: Sequence[tuple[int, int]]) -> tuple[float, Gradients]:
        """The loss of a batch of users and items, and its gradients."""
        users = [self.users[user] for user, _ in batch]
        items = [self.item_vector(item) for _, item in batch]
        found: Gradients = {}
        loss = 0.0
        for row, (user, own) in enumerate(batch):
            # An item that is twice in a batch does not count against itself.
            columns = [column for column, (_, item) in enumerate(batch) if column == row or item != own]
            chances = _softmax([_product(users[row], items[column]) for column in columns])
            for column, chance in zip(columns, chances):
                is_own = column == row
                if is_own:
                    loss -= math.log(max(chance, 1e-12)) / len(batch)
                weight = (chance - is_own) / len(batch)
                item = batch[column][1]
                _add(found, f"users/{user}", items[column], weight)
                _add(found, f"items/{item}", users[row], weight)
                _add(found, f"topics/{self.topic_of[item]}", users[row], weight)
        return loss, found

    def apply(self, gradients: Mapping[str, Vector], rate: float) -> None:
        """One step of gradient descent."""
        for name, gradient in gradients.items():
            table, _, row = name.partition("/")
            vector = getattr(self, table)[int(row)]
            for position, value in enumerate(gradient):
                vector[position] -= rate * value

    def save(self, folder: Path) -> None:
        """Write the model to a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MODEL_FILE).write_text(json.dumps(asdict(self)))

    @classmethod
    def load(cls, folder: Path) -> TwoTower:
        """Read the model from a folder."""
        return cls(**json.loads((folder / MODEL_FILE).read_text()))


def _product(one: Vector, other: Vector) -> float:
    return sum(a * b for a, b in zip(one, other))


def _softmax(values: Sequence[float]) -> list[float]:
    highest = max(values)
    powers = [math.exp(value - highest) for value in values]
    total = sum(powers)
    return [power / total for power in powers]


def _add(gradients: Gradients, name: str, vector: Vector, weight: float) -> None:
    row = gradients.setdefault(name, [0.0] * len(vector))
    for position, value in enumerate(vector):
        row[position] += weight * value
