"""Requests to two versions of the model, before the new one gets any traffic: errors, orders that differ, time."""

from __future__ import annotations

import json
import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ranker.model import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ranker.model import Ranker


@dataclass
class Replay:
    """The result."""

    requests: int = 0
    differ: int = 0
    errors: list[str] = field(default_factory=list)
    """Why the new version refuses requests that the present one answers."""
    milliseconds: list[float] = field(default_factory=list)
    """The time of each answer of the new version."""

    @property
    def slow_milliseconds(self) -> float:
        """The time within which 95 of 100 answers are given."""
        return sorted(self.milliseconds)[int(0.95 * (len(self.milliseconds) - 1))] if self.milliseconds else 0.0


def replay(present: Ranker, new: Ranker, requests: Sequence[bytes]) -> Replay:
    """Send `requests` to both versions."""
    found = Replay()
    for body in requests:
        try:
            expected = present.answer(body)["order"]
        except InvalidRequestError:
            continue  # the caller's error, in every version
        found.requests += 1
        begun = time.perf_counter()
        try:
            order = new.answer(body)["order"]
        except InvalidRequestError as error:
            found.errors.append(str(error))
            continue
        found.milliseconds.append(1000 * (time.perf_counter() - begun))
        found.differ += order != expected
    return found


def made_requests(count: int) -> list[bytes]:
    """Requests as the shop sends them, always the same."""
    chance = random.Random(1)  # noqa: S311  reproducible data, not a secret
    return [
        json.dumps(
            {
                "items": [
                    {"id": each, "popularity": chance.random(), "fit": chance.random(), "price": chance.random()}
                    for each in range(10)
                ]
            }
        ).encode()
        for _ in range(count)
    ]


def captured_requests(file: Path) -> Iterator[bytes]:
    """The requests of a file that SageMaker's data capture has written: one JSON object a line.

    Source: SageMaker developer guide, "Capture data", read 2026-11-30.
    """
    for line in file.read_text().splitlines():
        captured = json.loads(line)["captureData"].get("endpointInput")
        if captured and captured["encoding"] == "JSON":
            yield captured["data"].encode()
