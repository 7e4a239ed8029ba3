"""The order of items by the probability of a click, which a logistic regression estimates.

Version 1 knows how popular an item is and how well it fits the user; version 2 also knows its price.
"""

from __future__ import annotations

import gzip
import json
import math
import random
import tarfile
from dataclasses import asdict, dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

FEATURES = {1: ("popularity", "fit"), 2: ("popularity", "fit", "price")}
"""The features of each version."""

MODEL_FILE = "ranker.json"
_CLICKS = 2_000
_STEPS = 150
_RATE = 1.0


class InvalidRequestError(ValueError):
    """A request that cannot be answered; its text is for the caller."""


@dataclass(frozen=True)
class Ranker:
    """The weights of a version."""

    version: int
    offset: float
    weights: dict[str, float]

    @classmethod
    def train(cls, version: int) -> Ranker:
        """The ranker that fits the clicks that `clicks` makes."""
        names = FEATURES[version]
        data = [([1.0, *(item[name] for name in names)], clicked) for item, clicked in clicks("train", _CLICKS)]
        weights = [0.0] * (1 + len(names))
        for _ in range(_STEPS):
            slopes = [0.0] * len(weights)
            for values, clicked in data:
                error = _chance(sum(w * v for w, v in zip(weights, values, strict=True))) - clicked
                for position, value in enumerate(values):
                    slopes[position] += error * value / len(data)
            weights = [w - _RATE * slope for w, slope in zip(weights, slopes, strict=True)]
        return cls(version, weights[0], dict(zip(names, weights[1:], strict=True)))

    def chance(self, item: Mapping[str, float]) -> float:
        """The probability that an item is clicked."""
        return _chance(self.offset + sum(weight * item[name] for name, weight in self.weights.items()))

    def answer(self, body: bytes) -> dict[str, Any]:
        """The ids of `{"items": [{"id": 7, "popularity": 0.9, "fit": 0.4, "price": 0.2}, ...]}`, the best first.

        Raises:
            InvalidRequestError: if the request is not valid.
        """
        items = _items(body)
        for item in items:
            for name in ("id", *self.weights):
                if not isinstance(item.get(name), int | float) or isinstance(item[name], bool):
                    message = f"each item needs a number as {name!r}, got {item.get(name)!r}."
                    raise InvalidRequestError(message)
        ordered = sorted(items, key=lambda item: (-self.chance(item), item["id"]))
        return {"order": [item["id"] for item in ordered], "version": self.version}

    def save(self, folder: Path) -> Path:
        """Write model.tar.gz, as SageMaker reads it, to `folder`. The same model has the same bytes."""
        folder.mkdir(parents=True, exist_ok=True)
        content = json.dumps(asdict(self)).encode()
        entry = tarfile.TarInfo(MODEL_FILE)
        entry.size = len(content)
        path = folder / "model.tar.gz"
        # With a fixed time, unlike `tarfile.open(path, "w:gz")`.
        with gzip.GzipFile(path, "wb", mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as archive:
            archive.addfile(entry, BytesIO(content))
        return path

    @classmethod
    def load(cls, folder: Path) -> Ranker:
        """The model of a folder: unpacked, as SageMaker leaves it in /opt/ml/model, or as model.tar.gz."""
        path = folder / MODEL_FILE
        if path.is_file():
            return cls(**json.loads(path.read_text()))
        with tarfile.open(folder / "model.tar.gz") as archive:
            member = archive.extractfile(MODEL_FILE)
            if member is None:
                message = f"{folder / 'model.tar.gz'} has no file {MODEL_FILE}"
                raise FileNotFoundError(message)
            return cls(**json.loads(member.read()))


def clicks(seed: str, count: int) -> list[tuple[dict[str, float], float]]:
    """Items that were shown, with 1.0 for a click and 0.0 for none. The same seed has the same clicks.

    Args:
        seed: names the data.
        count: the number of items.
    """
    chance = random.Random(seed)  # noqa: S311  reproducible data, not a secret
    shown = []
    for _ in range(count):
        item = {"popularity": chance.random(), "fit": chance.random(), "price": chance.random()}
        liked = _chance(2 * item["popularity"] + 3 * item["fit"] - 4 * item["price"] - 1)
        shown.append((item, float(chance.random() < liked)))
    return shown


def share_in_order(ranker: Ranker, shown: Sequence[tuple[Mapping[str, float], float]]) -> float:
    """The share of pairs of a clicked and an ignored item in which the clicked one is first: 0.5 is chance."""
    liked = [ranker.chance(item) for item, clicked in shown if clicked]
    ignored = [ranker.chance(item) for item, clicked in shown if not clicked]
    return sum(a > b for a in liked for b in ignored) / (len(liked) * len(ignored))


def _items(body: bytes) -> list[dict[str, Any]]:
    try:
        request = json.loads(body)
    except ValueError:
        request = None
    items = request.get("items") if isinstance(request, dict) else None
    if not isinstance(items, list) or not items or not all(isinstance(each, dict) for each in items):
        message = 'The request must be a JSON object with a list of items, such as {"items": [{"id": 7, "fit": 0.4}]}.'
        raise InvalidRequestError(message)
    return items


def _chance(value: float) -> float:
    return 1 / (1 + math.exp(-value))
