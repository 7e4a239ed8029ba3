"""Pages of a list and their tokens."""

from __future__ import annotations

import pytest

from mlinfra.local_aws.mechanisms.api_model import ApiError
from mlinfra.local_aws.mechanisms.pages import page, requested_page


def test_each_token_continues_after_the_previous_page() -> None:
    first, token = page("abcde", token=None, size=3)
    assert first == ["a", "b", "c"]
    assert page("abcde", token=token, size=3) == (["d", "e"], None)


def test_a_last_page_that_is_full_has_no_token() -> None:
    assert page("abc", token=None, size=3) == (["a", "b", "c"], None)


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("none!", id="not Base64"),
        pytest.param("bm9uZQ==", id="not a number"),
        pytest.param("NA==", id="after the last item"),
    ],
)
def test_an_invalid_token_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match=f"{token} is not a valid page token"):
        page("abc", token=token, size=3)


def test_a_requested_page_uses_the_named_members_and_error_code() -> None:
    request = {"Limit": 1, "Start": "none!"}
    with pytest.raises(ApiError) as caught:
        requested_page(request, "abc", default_size=10, token="Start", size="Limit", code="BadRequest")  # noqa: S106
    assert caught.value.code == "BadRequest"
    assert requested_page({"Limit": 1}, "abc", default_size=10, size="Limit")[0] == ["a"]
    assert requested_page({}, "abc", default_size=2)[0] == ["a", "b"]
