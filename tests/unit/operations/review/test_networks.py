from __future__ import annotations

import pytest

from mlinfra.operations.review.networks import is_large, is_large_and_public


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0.0.0.0/0", (True, True)),
        ("::/0", (True, True)),
        ("52.0.0.0/8", (True, True)),
        ("52.0.0.0/9", (False, False)),
        ("2600::/16", (True, True)),
        ("2600:1f00::/24", (False, False)),
        ("10.0.0.0/8", (True, False)),
        ("10.0.0.0/7", (True, True)),
        ("0.0.0.0/1", (True, True)),
        ("fc00::/7", (True, False)),
        ("sg-1", (False, False)),
        (None, (False, False)),
    ],
)
def test_ranges_larger_than_a_company_are_large_and_private_ones_are_not_public(
    value: object, expected: tuple[bool, bool]
) -> None:
    assert (is_large(value), is_large_and_public(value)) == expected
