"""JSON objects in texts that others wrote."""

from __future__ import annotations

import pytest

from mlinfra.operations.json_objects import json_object


@pytest.mark.parametrize("text", ['{"loss": 0.1}', b'{"loss": 0.1}'])
def test_an_object_is_read_from_text_and_from_bytes(text: str | bytes) -> None:
    assert json_object(text) == {"loss": 0.1}


@pytest.mark.parametrize("text", ["", "{", "[1]", '"text"', "null", "7", b"\xff\xfe{"])
def test_anything_else_is_none(text: str | bytes) -> None:
    assert json_object(text) is None
