"""Requests to two versions of the model, before the new one gets any traffic: errors, orders that differ, time."""

from __future__ import annotations

import base64
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

MAX_MILLISECONDS = 100
"""The longest time of an answer, as `max_latency_ms` of the endpoint, in milliseconds."""


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
    def is_slow(self) -> bool:
        """True if more than 5 of 100 answers of the new version take longer than the alarm of the endpoint allows."""
        return 100 * sum(each > MAX_MILLISECONDS for each in self.milliseconds) > 5 * len(self.milliseconds)


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
        if captured:
            text = captured["data"].encode()
            yield base64.b64decode(text) if captured["encoding"] == "BASE64" else text
