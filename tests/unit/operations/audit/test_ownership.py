"""Owners and guesses."""

from __future__ import annotations

from datetime import date, datetime, timezone

import pytest

from mlinfra import Adopted
from mlinfra.operations.audit.launchers import Launcher
from mlinfra.operations.audit.ownership import Owner, People, owner_of
from tests.conftest import an_environment, an_experiment

AT = datetime(2026, 10, 18, tzinfo=timezone.utc)
PEOPLE = People(("ana@example.com", "ben.lee@example.com"), (("recsys-dev-ranker", "ana@example.com"),))
SSO = "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/ben.lee@example.com"


def owner(**facts: object) -> Owner:
    values = {"tags": {}, "names": ["i-0abc"], "hints": {}, "launcher": None, "people": PEOPLE} | facts
    return owner_of(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize("key", ["Owner", "owner", "created-by", "Created_By", "contact"])
def test_a_tag_names_the_owner_for_certain(key: str) -> None:
    assert owner(tags={key: "cleo"}) == Owner("cleo", f"tag {key}", is_certain=True)


def test_a_tag_with_a_tool_is_not_an_owner() -> None:
    assert owner(tags={"CreatedBy": "terraform"}) == Owner()


def test_a_declared_cluster_has_its_declared_owner() -> None:
    found = owner(names=["recsys-dev-ranker"])
    assert found == Owner("ana@example.com", "declared owner of recsys-dev-ranker", is_certain=True)


def test_the_launcher_is_the_best_guess_and_other_indications_are_named() -> None:
    found = owner(launcher=Launcher(SSO, "RunInstances", AT), hints={"key pair": "laptop"})
    assert found.name == "ben.lee@example.com"
    assert found.evidence == ("CloudTrail: RunInstances by ben.lee@example.com (Admin) on 2026-10-18; key pair laptop")
    assert not found.is_certain


def test_a_key_pair_with_the_name_of_a_declared_person_is_that_person() -> None:
    assert owner(hints={"key pair": "ana-laptop"}).name == "ana@example.com"
    assert owner(hints={"key pair": "temp"}).name == "temp"


def test_a_role_of_a_program_is_not_a_person() -> None:
    assert owner(hints={"instance profile": "ml-nodes"}) == Owner()
    assert owner(hints={"instance profile": "ben-nodes"}).name == "ben.lee@example.com"
    launcher = Launcher("arn:aws:sts::123456789012:assumed-role/pipeline/job-17", "RunInstances", AT)
    assert (launcher.person, launcher.name) == ("", "job-17 (pipeline)")
    assert owner(launcher=launcher).name == "job-17 (pipeline)"


def test_a_name_that_contains_a_declared_person_is_a_guess() -> None:
    assert owner(names=["llm-ana-test"]) == Owner("ana@example.com", "name llm-ana-test")
    assert owner(names=["banana"]) == Owner()
    assert owner(names=["ana-and-ben"]) == Owner()  # two people


def test_team_and_project_are_the_last_guess() -> None:
    assert owner(tags={"Team": "search"}) == Owner("search", "tag Team=search")


def test_people_are_those_of_the_environments() -> None:
    environment = an_environment(experiments=[an_experiment(name="ranker", expires=date(2026, 12, 18))])
    people = People.of([environment])
    assert people.emails == ("ana@example.com",)
    assert people.owners_by_name == (("recsys-dev-ranker", "ana@example.com"),)


def test_an_adopted_resource_has_the_owner_of_its_record() -> None:
    record = Adopted(
        type="aws_s3_bucket",
        id="acme-clicks",
        name="acme-clicks",
        owner="li@example.com",
        since=date(2026, 11, 24),
        arguments={"bucket": "acme-clicks"},
    )
    people = People.of([an_environment(adopted=[record])])
    found = owner_of({}, ["acme-clicks"], {}, None, people)
    assert found == Owner("li@example.com", "declared owner of acme-clicks", is_certain=True)
