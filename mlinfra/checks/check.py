"""Checks of stacks, and the problems that they find."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

_ID = re.compile(r"[A-Z][A-Z0-9_]{0,30}[0-9]")


class CheckLevel(Enum):
    """The severity of a problem."""

    WARNING = "warning"
    """Written to standard error at synth."""
    ERROR = "error"
    """Fails the synth."""


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
class Check:
    """A check that is applied to every stack: `MlApp(checks=[Check(...)])`. docs/checks.md has an example."""

    id: str
    """Never changes: acknowledgements refer to it. Upper-case letters, digits and underscores, with a digit at its end;
    `MLC` is the prefix of mlinfra's own."""
    title: str
    """The fact that is found, and its consequence."""
    fix: str
    """The recommended action."""
    find: Callable[[StackConfiguration], Iterable[Problem]]
    level: CheckLevel = CheckLevel.ERROR
    related: tuple[str, ...] = ()
    """The ids of rules of `mlinfra review` and of checkov about the same fact. Default: none."""
    can_be_acknowledged: bool = True
    """False: Terraform or AWS would refuse the stack, or it would lose a resource."""

    def __post_init__(self) -> None:
        """Check the id.

        Raises:
            ValueError: if the id is invalid.
        """
        if not _ID.fullmatch(self.id):
            message = (
                f"{self.id!r} is not a valid id of a check. Expected: upper-case letters, digits and underscores, with "
                f"a digit at its end, such as ACME001."
            )
            raise ValueError(message)


def path_of(body: Mapping[str, Any]) -> str:
    """The path of the construct of a resource in Terraform JSON; `?` if it is missing."""
    return str(body.get("//", {}).get("metadata", {}).get("path", "?"))
