from __future__ import annotations

import pytest

from mlinfra.operations.review.patterns import is_like


@pytest.mark.parametrize(
    ("pattern", "text", "covers"),
    [
        ("s3:get*", "s3:getobject", True),
        ("s3:*object", "s3:getobject", True),
        ("s3:?etobject", "s3:getobject", True),
        ("s3:?etobject", "s3:*etobject", False),
        ("s3:get", "s3:getobject", False),
        ("", "", True),
    ],
)
def test_a_pattern_covers_what_it_matches(pattern: str, text: str, *, covers: bool) -> None:
    assert is_like(pattern, text) is covers
