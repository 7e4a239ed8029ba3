"""Rules that every gap keeps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from mlinfra.local_aws import gaps as package
from mlinfra.local_aws.gaps import close_gaps, gaps

if TYPE_CHECKING:
    from mlinfra.local_aws.gaps import Gap

# The page of AWS's documentation and the day it was read, or the day and the version of moto of a measurement.
EVIDENCE = re.compile(
    r"\bSource:\s.*\bread\s+\d{4}-\d{2}-\d{2}\b|\bMeasured\s+\d{4}-\d{2}-\d{2} with moto \d", re.DOTALL
)


def name_of(gap: Gap) -> str:
    return str(getattr(gap, "__name__", gap)).removeprefix(f"{package.__name__}.")


def test_every_gap_still_exists_in_moto() -> None:
    closed = [name_of(gap) for gap in gaps() if not gap.is_open()]
    assert closed == [], "moto has closed these gaps: remove their modules"


def test_every_gap_names_its_source_and_the_date_it_was_read() -> None:
    lacking = [name_of(gap) for gap in gaps() if not EVIDENCE.search(str(gap.__doc__))]
    assert lacking == [], "end the docstring with `Source: <page of the API reference>, read YYYY-MM-DD.`"


class ClosedByMoto:
    """A gap that a newer moto no longer has."""

    def is_open(self) -> bool:
        return False

    def close(self) -> None:
        pytest.fail("moto was changed although it needs no change")


def test_a_gap_closed_by_moto_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "gaps", lambda _of: [ClosedByMoto()])
    assert close_gaps() == []
