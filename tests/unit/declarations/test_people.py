"""Declarations of teams, people and their Studio, and errors of invalid ones."""

from __future__ import annotations

from typing import Any

import pytest

from mlinfra import DeclarationError, Person, Space, StudioSettings, Team
from mlinfra.catalog.studio import studio_instance_types
from mlinfra.declarations.base import judging
from tests.conftest import TODAY, an_environment

RANKING = Team(name="ranking")
ANA = Person(name="ana", email="ana@example.com", team="ranking")
LI = Person(name="li", email="li@example.com", team="ranking")


def refusal(**changes: Any) -> str:
    with pytest.raises(DeclarationError) as refused:
        an_environment(**({"teams": [RANKING], "people": [ANA, LI]} | changes))
    return str(refused.value)


def refused_team(**changes: Any) -> str:
    with pytest.raises(DeclarationError) as refused:
        Team(**({"name": "ranking"} | changes))
    return str(refused.value)


def refused_studio(**values: Any) -> str:
    with pytest.raises(DeclarationError) as refused:
        StudioSettings(**values)
    return str(refused.value)


def test_every_instance_type_of_studio_has_sagemakers_name() -> None:
    names = studio_instance_types()
    assert len(names) == len(set(names)) == 160
    assert all(each.startswith("ml.") for each in names)
    assert {"ml.t3.medium", "ml.g4dn.xlarge", "ml.p4d.24xlarge"} <= set(names)
    assert "system" not in names


class TestTeam:
    def test_it_reads_everything_and_writes_nothing_unless_it_says_otherwise(self) -> None:
        assert RANKING.reads == ("raw", "processed", "features", "models")
        assert RANKING.writes == ()

    def test_its_notebooks_begin_on_one_gpu(self) -> None:
        assert RANKING.instance_types[0] == "ml.g4dn.xlarge"

    def test_an_instance_type_under_ec2s_name_is_refused_with_sagemakers(self) -> None:
        message = refused_team(instance_types=["g5.xlarge"])
        assert (
            "instance_types: 'g5.xlarge' is the name of an EC2 instance type. Expected: SageMaker's name, "
            "'ml.g5.xlarge'." in message
        )

    def test_an_unknown_size_is_refused_with_those_of_the_family(self) -> None:
        message = refused_team(instance_types=["ml.p3.3xlarge"])
        assert "'ml.p3.3xlarge' is not an instance type of Studio apps. Expected: one of ml.p3.16xlarge, " in message

    def test_an_unknown_family_is_refused_with_an_example(self) -> None:
        assert "Expected: a type such as ml.g4dn.xlarge or ml.t3.medium." in refused_team(instance_types=["large"])

    def test_it_has_an_instance_type(self) -> None:
        assert "instance_types: []" in refused_team(instance_types=[])

    @pytest.mark.parametrize("field", ["reads", "writes"])
    def test_an_unknown_zone_is_refused(self, field: str) -> None:
        message = refused_team(**{field: ["raw", "gold"]})
        assert f"{field}.1: 'gold' is not a zone of the data lake. Expected: one of raw, processed" in message

    def test_the_name_of_the_role_of_shared_spaces_is_taken(self) -> None:
        assert "name: 'shared' is reserved for the role of shared spaces." in refused_team(name="shared")


class TestPerson:
    def test_identity_center_knows_them_by_their_address(self) -> None:
        assert ANA.identity_center_user == "ana@example.com"

    def test_identity_center_may_know_them_by_another_name(self) -> None:
        person = Person(name="ana", email="ana@example.com", team="ranking", sso_user_name="ACME\\ana")
        assert person.identity_center_user == "ACME\\ana"

    @pytest.mark.parametrize("name", ["Ana", "ana.k", "-ana", "ana-", "a--na", "a" * 64])
    def test_an_invalid_user_profile_name_is_refused(self, name: str) -> None:
        with pytest.raises(DeclarationError, match=f"name: {name!r}"):
            Person(name=name, email="ana@example.com", team="ranking")


class TestSettings:
    def test_idle_apps_are_shut_down_after_an_hour(self) -> None:
        settings = StudioSettings()
        assert (settings.idle_minutes, settings.max_idle_minutes) == (60, 240)

    @pytest.mark.parametrize("minutes", [59, 525_601])
    @pytest.mark.parametrize("field", ["idle_minutes", "max_idle_minutes"])
    def test_what_sagemaker_would_refuse_is_refused(self, field: str, minutes: int) -> None:
        message = refused_studio(**{field: minutes})
        assert message.startswith("studio: ")
        assert f"{field}: {minutes}" in message

    def test_idle_apps_stop_within_the_longest_time_allowed(self) -> None:
        message = refused_studio(idle_minutes=300)
        assert "idle_minutes: 300 is more than max_idle_minutes. Expected: 60 to 240." in message

    def test_a_new_space_is_not_larger_than_allowed(self) -> None:
        message = refused_studio(default_space_storage_gib=200)
        assert "default_space_storage_gib: 200 is more than max_space_storage_gib. Expected: 5 to 100." in message

    def test_the_default_is_an_instance_type_of_studio(self) -> None:
        message = refused_studio(default_instance_type="g4dn.xlarge")
        assert "default_instance_type: 'g4dn.xlarge' is the name of an EC2 instance type." in message

    def test_scripts_are_for_apps_that_people_work_in(self) -> None:
        assert "lifecycle_scripts.Canvas" in refused_studio(lifecycle_scripts={"Canvas": "true"})

    def test_scripts_fit_once_they_are_encoded(self) -> None:
        assert StudioSettings(lifecycle_scripts={"JupyterLab": "x" * 12_288}).lifecycle_scripts
        message = refused_studio(lifecycle_scripts={"JupyterLab": "x" * 12_289})
        assert "lifecycle_scripts.JupyterLab: 16388 characters once it is encoded. Expected: at most 16384" in message

    def test_scripts_that_bash_cannot_read_are_refused(self) -> None:
        message = refused_studio(lifecycle_scripts={"JupyterLab": "true\r\n", "CodeEditor": " \n"})
        assert "lifecycle_scripts.JupyterLab: lines end in CR LF." in message
        assert "lifecycle_scripts.CodeEditor: it is empty." in message

    def test_code_editor_is_not_shared(self) -> None:
        with pytest.raises(DeclarationError, match="app: 'CodeEditor' cannot be shared"):
            Space(name="room", owner="ana", shared=True, app="CodeEditor")


class TestTogether:
    def test_a_person_is_in_a_team_that_is_declared(self) -> None:
        stranger = Person(name="sam", email="sam@example.com", team="serch")
        message = refusal(people=[ANA, stranger])
        assert "people.sam.team: 'serch' is not declared. Expected: ranking." in message

    def test_names_are_unique(self) -> None:
        again = Person(name="ana", email="ana@example.com", team="ranking")
        assert "teams: 'ranking' is declared twice; names must be unique." in refusal(teams=[RANKING, RANKING])
        message = refusal(people=[ANA, again])
        assert "people: 'ana' is declared twice; names must be unique." in message
        assert "people.email: 'ana@example.com' is declared twice; addresses must be unique." in message

    def test_a_space_belongs_to_a_declared_person(self) -> None:
        message = refusal(studio=StudioSettings(spaces=[Space(name="room", owner="bo")]))
        assert "studio.spaces.room.owner: 'bo' is not declared. Expected: ana, li." in message

    def test_a_space_does_not_take_the_name_of_a_private_one(self) -> None:
        message = refusal(studio=StudioSettings(spaces=[Space(name="ana", owner="li")]))
        assert "studio.spaces: 'ana' is declared twice; names must be unique." in message
        settings = StudioSettings(private_spaces=False, spaces=[Space(name="ana", owner="li")])
        assert an_environment(teams=[RANKING], people=[ANA, LI], studio=settings).studio == settings

    def test_a_space_begins_on_what_the_team_may_use(self) -> None:
        space = Space(name="room", owner="ana", instance_type="ml.p4d.24xlarge")
        message = refusal(studio=StudioSettings(spaces=[space]))
        assert "'ml.p4d.24xlarge' is not among those of the team 'ranking'. Expected: ml.g4dn.xlarge, " in message

    def test_a_space_is_not_larger_than_allowed(self) -> None:
        message = refusal(studio=StudioSettings(spaces=[Space(name="room", owner="ana", storage_gib=101)]))
        assert "studio.spaces.room.storage_gib: 101 is more than max_space_storage_gib. Expected: 5 to 100." in message

    def test_identity_center_users_are_unique(self) -> None:
        other = Person(name="ana-2", email="ana.2@example.com", team="ranking", sso_user_name="ana@example.com")
        people = [ANA, other]
        message = refusal(people=people, studio=StudioSettings(auth_mode="SSO"))
        assert (
            "studio.people.identity_center_user: 'ana@example.com' is declared twice; names must be unique." in message
        )
        assert an_environment(teams=[RANKING], people=people, studio=StudioSettings()).studio

    def test_apps_need_a_way_to_sagemaker(self) -> None:
        message = refusal(nat_gateways="none", studio=StudioSettings())
        assert "studio: its apps cannot reach SageMaker with nat_gateways='none'." in message
        reached = an_environment(nat_gateways="none", studio=StudioSettings(own_endpoints=True))
        assert reached.studio

    def test_all_problems_are_reported_at_once(self) -> None:
        with judging(TODAY) as judgement:
            an_environment(
                teams=[Team(name="ranking", instance_types=["g5.xlarge"])],
                people=[Person(name="Ana", email="ana", team="ranking")],
                studio=StudioSettings(idle_minutes=1, spaces=[Space(name="room", owner="bo")]),
            )
        told = "\n".join(map(str, judgement.errors))
        for problem in ("instance_types: 'g5.xlarge'", "name: 'Ana'", "email: 'ana'", "idle_minutes: 1"):
            assert problem in told

    def test_a_person_is_found_by_name(self) -> None:
        environment = an_environment(teams=[RANKING], people=[ANA])
        assert environment.team_of(environment.person("ana")) == RANKING
        with pytest.raises(KeyError, match="environment 'dev' has no person 'bo'; it has: ana"):
            environment.person("bo")
