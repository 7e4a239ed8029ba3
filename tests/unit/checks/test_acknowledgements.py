"""Acknowledgements in the Terraform JSON of a stack."""

from __future__ import annotations

from datetime import date

import pytest

from mlinfra.checks.acknowledgements import Acknowledgement, acknowledgements

GIVEN = Acknowledgement("MLC302", "dev-test/role", "Read by a dashboard.", date(2027, 3, 31))


def test_what_is_written_is_read() -> None:
    for each in (GIVEN, Acknowledgement("MLC302", "dev-test", "Read by a dashboard.")):
        assert list(acknowledgements({"//": {"mlinfra": {"acknowledged": [each.to_metadata()]}}})) == [each]


@pytest.mark.parametrize("config", [{}, {"//": {}}, {"//": {"metadata": {}}}, {"//": {"mlinfra": {}}}])
def test_a_stack_has_none_by_default(config: dict[str, object]) -> None:
    assert list(acknowledgements(config)) == []


@pytest.mark.parametrize("path", ["dev-test/role", "dev-test/role/policy"])
def test_constructs_inherit_it(path: str) -> None:
    assert GIVEN.covers("MLC302", path)


@pytest.mark.parametrize(
    ("check", "path"), [("MLC301", "dev-test/role"), ("MLC302", "dev-test/role-2"), ("MLC302", "dev-test")]
)
def test_it_applies_to_nothing_else(check: str, path: str) -> None:
    assert not GIVEN.covers(check, path)


def test_the_last_day_is_inclusive() -> None:
    assert not GIVEN.is_expired(date(2027, 3, 31))
    assert GIVEN.is_expired(date(2027, 4, 1))
