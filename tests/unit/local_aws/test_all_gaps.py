"""What holds for every gap."""

from __future__ import annotations

import pytest

from mlinfra.local_aws.gaps import Gap, gaps


def name_of(gap: object) -> str:
    return str(getattr(gap, "__name__", gap)).rpartition(".")[2]


@pytest.mark.parametrize("gap", gaps(), ids=name_of)
def test_moto_still_has_it(gap: Gap) -> None:
    assert gap.is_open(), "moto has closed it: remove the gap"


@pytest.mark.parametrize("gap", gaps(), ids=name_of)
def test_it_names_what_it_follows(gap: Gap) -> None:
    assert "2026-" in str(gap.__doc__), "say which page of the API reference it follows, and when it was read"
