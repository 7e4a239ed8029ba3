"""Checks of single resources, which apply at synth and in reviews of plans."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from mlinfra.checks.check import Check, Described
from mlinfra.checks.failure import failure_of, shortened
from mlinfra.checks.resource import Resource, UnreadableValueError

Found = str | Iterable[str] | None
"""The problems of a resource: one, several, or None."""


@dataclass(frozen=True)
class Assessment:
    """The result of a check of one resource."""

    problems: tuple[str, ...] = ()
    undecided: str = ""
    """The value that cannot be read, and the reason. Empty: the check was not prevented."""
    failure: str = ""
    """The error of the check itself, with its line. Empty: it did not fail."""


@dataclass(frozen=True, kw_only=True)
class ResourceCheck(Described):
    """A check of each resource of some types: at synth, and in reviews of the resources that a plan creates or changes.

    docs/checks.md has an example.
    """

    types: tuple[str, ...]
    """The types of resources in Terraform, such as `aws_instance`."""
    find: Callable[[Resource], Found]
    """Returns the problem of a resource as a sentence without the address, several, or None."""

    def __post_init__(self) -> None:
        """Check the description and the types.

        Raises:
            ValueError: if one is invalid.
        """
        super().__post_init__()
        if not isinstance(self.types, tuple) or not self.types or not all(isinstance(each, str) for each in self.types):
            message = (
                f"The types of the check {self.id} are {self.types!r}. Expected: a tuple of types of resources, such "
                f'as ("aws_instance",).'
            )
            raise ValueError(message)

    def assess(self, resource: Resource) -> Assessment:
        """The problems of a resource. An error of the check is a part of the result."""
        try:
            found = self.find(resource)
            # A function with `yield` runs here.
            problems = _listed(found)
        except UnreadableValueError as error:
            return Assessment(undecided=str(error))
        except (Exception, SystemExit) as error:  # noqa: BLE001  any mistake in a check of the project
            return Assessment(failure=f"{self.id} failed for {resource.address}: {failure_of(error)}.")
        if problems is None:
            expected = "Expected: a sentence, several of them, or None."
            failure = f"{self.id} failed for {resource.address}: it returned {shortened(repr(found))}. {expected}"
            return Assessment(failure=failure)
        return Assessment(problems)


def _listed(found: object) -> tuple[str, ...] | None:
    """The problems that a check returned. None: it returned something else."""
    if found is None:
        return ()
    if isinstance(found, str):
        found = (found,)
    elif isinstance(found, Mapping) or not isinstance(found, Iterable):
        return None
    problems = tuple(found)
    return problems if all(isinstance(each, str) and each.strip() for each in problems) else None


AnyCheck = Check | ResourceCheck
"""A check of stacks, or one of resources."""
