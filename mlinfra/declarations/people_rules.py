"""Rules for teams, people and Studio in their environment. Each problem is a sentence for the author."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.declarations.base import duplicates, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mlinfra.declarations.people import Person, Team
    from mlinfra.declarations.studio import Space, StudioSettings


def team_problems(teams: Sequence[Team]) -> Iterator[str]:
    """Problems of `teams`, as far as their fields are valid.

    Args:
        teams: as declared.
    """
    yield from duplicates("teams", (each.name for each in teams))


def people_problems(people: Sequence[Person], environment: Mapping[str, object]) -> Iterator[str]:
    """Problems of `people`, as far as the fields of both are valid.

    Args:
        people: as declared.
        environment: the valid fields of the environment.
    """
    yield from duplicates("people", (each.name for each in people))
    yield from duplicates("people.email", (each.email for each in people), kind="addresses")
    teams = environment.get("teams")
    if not isinstance(teams, tuple):
        return
    names = [each.name for each in teams]
    for each in people:
        if each.team is not None and each.team not in names:
            yield (
                f"people.{each.name}.team: {shown(each.team)} is not declared. Expected: "
                f"{', '.join(map(str, names)) or 'a team in teams=[...]'}."
            )


def studio_problems(studio: StudioSettings, environment: Mapping[str, object]) -> Iterator[str]:
    """Problems of `studio`, as far as the fields of both are valid.

    Args:
        studio: as declared.
        environment: the valid fields of the environment.
    """
    if environment.get("nat_gateways") == "none" and not studio.own_endpoints:
        yield (
            "studio: its apps cannot reach SageMaker with nat_gateways='none'. Expected: nat_gateways='single', or "
            "own_endpoints=True if the VPC has the endpoints that docs/studio.md lists."
        )
    people, teams = environment.get("people"), environment.get("teams")
    if not (isinstance(people, tuple) and isinstance(teams, tuple) and isinstance(studio.spaces, tuple)):
        return
    yield from duplicates("studio.people.identity_center_user", _identity_center_users(studio, people))
    own = [each.name for each in people] if studio.private_spaces else []
    yield from duplicates("studio.spaces", [*own, *(each.name for each in studio.spaces)])
    for space in studio.spaces:
        yield from _space_problems(space, studio, people, teams)


def _identity_center_users(studio: StudioSettings, people: tuple[Person, ...]) -> list[str]:
    return [each.identity_center_user for each in people] if studio.auth_mode == "SSO" else []


def _space_problems(
    space: Space, studio: StudioSettings, people: tuple[Person, ...], teams: tuple[Team, ...]
) -> Iterator[str]:
    where = f"studio.spaces.{space.name}"
    owner = next((each for each in people if each.name == space.owner), None)
    if owner is None and space.owner is not None:
        names = ", ".join(str(each.name) for each in people) or "a person in people=[...]"
        yield f"{where}.owner: {shown(space.owner)} is not declared. Expected: {names}."
    team = next((each for each in teams if owner and each.name == owner.team), None)
    if team and team.instance_types and space.instance_type and space.instance_type not in team.instance_types:
        yield (
            f"{where}.instance_type: {shown(space.instance_type)} is not among those of the team {team.name!r}. "
            f"Expected: {', '.join(team.instance_types)}."
        )
    asked, most = space.storage_gib, studio.max_space_storage_gib
    if isinstance(asked, int) and isinstance(most, int) and asked > most:
        yield f"{where}.storage_gib: {asked} is more than max_space_storage_gib. Expected: 5 to {most}."
