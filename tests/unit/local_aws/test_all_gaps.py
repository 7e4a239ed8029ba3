"""What holds for every gap."""

from __future__ import annotations

import pytest

from mlinfra.local_aws import gaps as package
from mlinfra.local_aws.gaps import Gap, close_gaps, gaps


def name_of(gap: object) -> str:
    return str(getattr(gap, "__name__", gap)).rpartition(".")[2]


@pytest.mark.parametrize("gap", gaps(), ids=name_of)
def test_moto_still_has_it(gap: Gap) -> None:
    assert gap.is_open(), "moto has closed it: remove the gap"


@pytest.mark.parametrize("gap", gaps(), ids=name_of)
def test_it_names_what_it_follows(gap: Gap) -> None:
    assert "2026-" in str(gap.__doc__), "say which page of the API reference it follows, and when it was read"


class ClosedByMoto:
    """A gap that a newer moto no longer has."""

    def is_open(self) -> bool:
        return False

    def close(self) -> None:
        pytest.fail("moto was changed although it needs no change")


def test_one_that_moto_has_closed_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "gaps", lambda: [ClosedByMoto()])
    close_gaps()
