"""The owner of a resource, or the best guess, with its evidence."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mlinfra.declarations import Environment
    from mlinfra.operations.audit.launchers import Launcher

_OWNER_TAGS: Final = (
    "owner",
    "owneremail",
    "contact",
    "createdby",
    "creator",
    "launchedby",
    "user",
    "username",
    "email",
)
"""Tags that name an owner, in the order of preference, without regard to upper and lower case, hyphens and
underscores."""

_TOOLS: Final = frozenset({"terraform", "cdk", "cdktf", "cloudformation", "console", "mlinfra", "gitlab", "github"})
"""Values of such a tag that name a tool."""

_WORD: Final = re.compile(r"[a-z]{3,}", re.ASCII)
_HINTS: Final = ("user profile", "key pair", "space", "instance profile", "execution role")
"""Hints of a reader, in the order of preference."""
_OF_PROGRAMS: Final = frozenset({"instance profile", "execution role"})
"""Hints that name a person only if a declared person's name is a part of them."""


@dataclass(frozen=True)
class Owner:
    """The owner of a resource."""

    name: str = ""
    evidence: str = ""
    is_certain: bool = False


@dataclass(frozen=True)
class People:
    """The people that the environments declare, to recognize their names in the names of resources."""

    emails: tuple[str, ...] = ()
    owners_by_name: tuple[tuple[str, str], ...] = ()
    """Names of declared clusters and endpoints, and ids of adopted resources, with their owners."""

    @classmethod
    def of(cls, environments: Iterable[Environment]) -> People:
        """The owners of experiments, endpoints and adopted resources."""
        emails: dict[str, None] = {}
        named: list[tuple[str, str]] = []
        for each in environments:
            for experiment in each.experiments:
                emails[str(experiment.owner)] = None
                named.append((each.names.cluster(experiment), str(experiment.owner)))
            for endpoint in each.endpoints:
                emails[str(endpoint.owner)] = None
                named.append((each.names.endpoint(endpoint), str(endpoint.owner)))
            for adopted in each.adopted:
                emails[str(adopted.owner)] = None
                named.append((adopted.id, str(adopted.owner)))
        return cls(tuple(emails), tuple(named))

    def named_in(self, text: str) -> str:
        """The e-mail address of the only person whose name is a word of `text`. Empty: none, or several."""
        words = set(_WORD.findall(text.lower()))
        found = [each for each in self.emails if words & set(_WORD.findall(each.lower().partition("@")[0]))]
        return found[0] if len(found) == 1 else ""


def owner_of(
    tags: Mapping[str, str],
    names: Sequence[str],
    hints: Mapping[str, str],
    launcher: Launcher | None,
    people: People,
) -> Owner:
    """The owner of a resource: by tag, declaration, launcher, key pair or name, in this order.

    All indications are part of the evidence, since a guess by one of them may be wrong.

    Args:
        tags: its tags.
        names: its id and name.
        hints: indications by their source, such as `key pair`.
        launcher: the principal that created it. None: unknown.
        people: the declared people.
    """
    for owner in _certain(tags, names, people):
        return owner
    guesses = list(_guesses(tags, names, hints, launcher, people))
    if not guesses:
        return Owner()
    return Owner(guesses[0][0], "; ".join(evidence for _, evidence in guesses))


def _certain(tags: Mapping[str, str], names: Sequence[str], people: People) -> Iterator[Owner]:
    plain = {key.lower().replace("-", "").replace("_", ""): (key, value) for key, value in tags.items()}
    for each in _OWNER_TAGS:
        key, value = plain.get(each, ("", ""))
        if value and value.lower() not in _TOOLS:
            yield Owner(value, f"tag {key}", is_certain=True)
    for name, owner in people.owners_by_name:
        if name in names:
            yield Owner(owner, f"declared owner of {name}", is_certain=True)


def _guesses(
    tags: Mapping[str, str],
    names: Sequence[str],
    hints: Mapping[str, str],
    launcher: Launcher | None,
    people: People,
) -> Iterator[tuple[str, str]]:
    """Guesses with their evidence, the best first."""
    if launcher and launcher.person:
        yield launcher.person, _event(launcher)
    for source in _HINTS:
        value = hints.get(source, "")
        person = people.named_in(value) or ("" if source in _OF_PROGRAMS else value)
        if person:
            yield person, f"{source} {value}"
    for name in dict.fromkeys(names):
        if person := people.named_in(name):
            yield person, f"name {name}"
    for key in ("Team", "team", "Project", "project"):
        if key in tags:
            yield tags[key], f"tag {key}={tags[key]}"
    if launcher and not launcher.person:
        yield launcher.name, _event(launcher)


def _event(launcher: Launcher) -> str:
    return f"CloudTrail: {launcher.event} by {launcher.name} on {launcher.at:%Y-%m-%d}"
