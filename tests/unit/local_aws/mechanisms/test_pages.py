"""Pages of a list and their tokens."""

from __future__ import annotations

import pytest

from mlinfra.local_aws.mechanisms.pages import page


def test_each_token_continues_after_the_previous_page() -> None:
    first, token = page("abcde", token=None, size=3)
    assert first == ["a", "b", "c"]
    assert page("abcde", token=token, size=3) == (["d", "e"], None)


def test_a_last_page_that_is_full_has_no_token() -> None:
    assert page("abc", token=None, size=3) == (["a", "b", "c"], None)


@pytest.mark.parametrize("token", ["none!", "bm9uZQ=="])
def test_an_invalid_token_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match=r"none|invalid"):
        page("abc", token=token, size=3)
