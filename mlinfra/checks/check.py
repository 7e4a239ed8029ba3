"""Checks of stacks, and the problems that they find."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlinfra.checks.level import Level

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

_ID = re.compile(r"[A-Z][A-Z0-9_]{0,30}[0-9]")


@dataclass(frozen=True)
class StackConfiguration:
    """A stack, as checks read it."""

    name: str
    config: Mapping[str, Any]
    """Its Terraform JSON."""
    has_tags: bool = True
    """False: its resources are adopted, and have no tags of the environment."""
    required_tags: Sequence[str] = ()
    allowed_tag_values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    boundary_arn: str | None = None
    """The permissions boundary that roles require. None: they require none."""
    roles_without_boundary: Collection[str] = ()
    """The names of roles that an administrator creates."""


@dataclass(frozen=True)
class Problem:
    """A fact that a check found."""

    text: str
    """The subject, the fact and the remedy."""
    path: str = ""
    """The path of the construct, such as `dev-training/ranker/role`. Empty: the whole stack."""

    def __str__(self) -> str:
        """The text."""
        return self.text


@dataclass(frozen=True, kw_only=True)
class Described:
    """The description of a check: what users and reports see of it."""

    id: str
    """Never changes: acknowledgements and approvals refer to it. Upper-case letters, digits and underscores, with a
    digit at its end; `MLC` and `MLR` are the prefixes of mlinfra's own."""
    title: str
    """The fact that is found, and its consequence."""
    fix: str
    """The recommended action."""
    level: Level = Level.HOLD
    related: tuple[str, ...] = ()
    """The ids of rules of `mlinfra review` and of checkov about the same fact: an acknowledgement covers these too.
    Default: none."""
    can_be_acknowledged: bool = True
    """False: Terraform or AWS would refuse the stack, or it would lose a resource."""

    def __post_init__(self) -> None:
        """Check the description.

        Raises:
            ValueError: if the id, a text or the level is invalid.
        """
        if not isinstance(self.id, str) or not _ID.fullmatch(self.id):
            message = (
                f"{self.id!r} is not a valid id of a check. Expected: upper-case letters, digits and underscores, with "
                f"a digit at its end, such as ACME001."
            )
            raise ValueError(message)
        for name in ("title", "fix"):
            text = getattr(self, name)
            if not isinstance(text, str) or not text.strip():
                message = f"The {name} of the check {self.id} is {text!r}. Expected: a sentence."
                raise ValueError(message)
        if not isinstance(self.level, Level):
            expected = ", ".join(f"Level.{each.name}" for each in Level)
            message = f"The level of the check {self.id} is {self.level!r}. Expected: one of {expected}."
            raise ValueError(message)  # noqa: TRY004  an invalid declaration, as any other field


@dataclass(frozen=True, kw_only=True)
class Check(Described):
    """A check of the Terraform JSON of every stack, at synth. docs/checks.md has an example."""

    find: Callable[[StackConfiguration], Iterable[Problem]]


def path_of(body: Mapping[str, Any]) -> str:
    """The path of the construct of a resource in Terraform JSON; `?` if it is missing."""
    return str(body.get("//", {}).get("metadata", {}).get("path", "?"))
