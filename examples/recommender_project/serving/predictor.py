"""Answers of the endpoint: the best items for users."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from training.model import TwoTower

if TYPE_CHECKING:
    from pathlib import Path

_MOST = 100


class InvalidRequestError(ValueError):
    """A request that cannot be answered; its text is for the caller."""


class Predictor:
    """The model of one version, as training has written it."""

    def __init__(self, folder: Path) -> None:
        """Load the model from `folder`."""
        self._model = TwoTower.load(folder)

    def answer(self, body: bytes) -> dict[str, list[int]]:
        """The items for a request such as `{"user": 7, "count": 10, "without": [3, 4]}`.

        Raises:
            InvalidRequestError: if the request is not valid.
        """
        request = _parsed(body)
        user, count, without = request.get("user"), request.get("count", 10), request.get("without", [])
        users, items = len(self._model.users), len(self._model.items)
        if not _is_number(user) or not 0 <= user < users:
            message = f"user must be a whole number from 0 to {users - 1}, got {user!r}."
            raise InvalidRequestError(message)
        if not _is_number(count) or not 1 <= count <= _MOST:
            message = f"count must be a whole number from 1 to {_MOST}, got {count!r}."
            raise InvalidRequestError(message)
        if not isinstance(without, list) or not all(_is_number(each) and 0 <= each < items for each in without):
            message = f"without must be a list of items from 0 to {items - 1}."
            raise InvalidRequestError(message)
        return {"items": self._model.recommend(user, count, without=without)}


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        request = json.loads(body)
    except ValueError:
        request = None
    if not isinstance(request, dict):
        message = 'The request must be a JSON object, such as {"user": 7}.'
        raise InvalidRequestError(message)
    return request


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
