"""Selection of what belongs to the caller or to a team."""

from __future__ import annotations

import pytest

from mlinfra import Person, Team
from mlinfra.errors import OperationError
from mlinfra.operations.status import Selection
from mlinfra.operations.status.selection import Chosen
from tests.conftest import an_environment
from tests.unit.cli.recorded_runs import a_run

ROLE = "arn:aws:sts::111111111111:assumed-role/Trainer"
HERE = an_environment(
    teams=[Team(name="search"), Team(name="ranking")],
    people=[
        Person(name="ana", email="ana@example.com", team="search", sso_user_name="aortiz"),
        Person(name="li", email="li@example.com", team="ranking"),
    ],
)


@pytest.mark.parametrize("session", ["ana", "aortiz", "ana@example.com"])
def test_a_person_is_known_by_the_name_of_the_session(session: str) -> None:
    chosen = Selection(mine=True).in_environment(HERE, f"{ROLE}/{session}")
    assert chosen.owns("Ana@example.com")
    assert not chosen.owns("li@example.com")
    assert not chosen.owns(None)


def test_the_address_of_git_counts_too() -> None:
    chosen = Selection(mine=True, address="ANA@example.com").in_environment(HERE, f"{ROLE}/i-0123")
    assert chosen.owns("ana@example.com")


def test_mine_are_the_runs_that_the_caller_submitted() -> None:
    run = a_run(submitted_by=f"{ROLE}/ana")
    assert Selection(mine=True).in_environment(HERE, f"{ROLE}/ana").has_run(run, "li@example.com")
    assert not Selection(mine=True).in_environment(HERE, f"{ROLE}/li").has_run(run, "li@example.com")


def test_a_team_has_what_its_people_own_and_submitted() -> None:
    chosen = Selection(team="search").in_environment(HERE, f"{ROLE}/li")
    assert chosen.owns("ana@example.com")
    assert not chosen.owns("li@example.com")
    assert chosen.has_run(a_run(submitted_by=f"{ROLE}/ana@example.com"), None)
    assert chosen.has_run(a_run(submitted_by=f"{ROLE}/pipeline"), "ana@example.com")
    assert not chosen.has_run(a_run(submitted_by=f"{ROLE}/pipeline"), "li@example.com")


def test_the_team_of_an_environment_has_everything_in_it() -> None:
    assert Selection(team="ml-platform").in_environment(HERE, ROLE) == Chosen()


def test_an_unknown_team_is_an_error_with_the_known_ones() -> None:
    with pytest.raises(OperationError, match=r"no team 'serch'. Expected: one of ml-platform, ranking, search"):
        Selection(team="serch").check([HERE])


def test_team_and_mine_exclude_each_other() -> None:
    with pytest.raises(OperationError, match="exclude each other"):
        Selection(team="search", mine=True).check([HERE])
