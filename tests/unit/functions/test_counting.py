from __future__ import annotations

import pytest

from mlinfra.functions.counting import counted


@pytest.mark.parametrize(
    ("number", "expected"), [(0, "0 nodes"), (1, "1 node"), (2, "2 nodes"), (20_000, "20,000 nodes")]
)
def test_a_noun_is_singular_for_one_only(number: int, expected: str) -> None:
    assert counted(number, "node") == expected
