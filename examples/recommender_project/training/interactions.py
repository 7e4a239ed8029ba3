"""The data: which user chose which item. Generated here; a team reads it from the data lake.

Each item has a topic, and each user prefers some topics. One interaction of each user is held out for the test.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

USERS = 120
ITEMS = 80
TOPICS = 8
_FAVOURITES = 2
_PER_USER = 12
_FAVOURITE_SHARE = 0.9
_SEED = 20261130


@dataclass(frozen=True)
class Interactions:
    """Pairs of user and item."""

    train: tuple[tuple[int, int], ...]
    test: tuple[tuple[int, int], ...]
    """One item of each user, which `train` does not contain for this user."""
    topics: tuple[int, ...]
    """The topic of each item."""


def load_interactions() -> Interactions:
    """The same interactions at each call."""
    chance = random.Random(_SEED)  # noqa: S311  reproducible data, not a secret
    topics = tuple(item % TOPICS for item in range(ITEMS))
    train: list[tuple[int, int]] = []
    test: list[tuple[int, int]] = []
    for user in range(USERS):
        favourites = chance.sample(range(TOPICS), _FAVOURITES)
        liked = [item for item in range(ITEMS) if topics[item] in favourites]
        chosen: set[int] = set()
        while len(chosen) < _PER_USER:
            chosen.add(chance.choice(liked) if chance.random() < _FAVOURITE_SHARE else chance.randrange(ITEMS))
        held_out = chance.choice([item for item in sorted(chosen) if item in liked])
        train += [(user, item) for item in sorted(chosen) if item != held_out]
        test.append((user, held_out))
    return Interactions(tuple(train), tuple(test), topics)
