"""The result of one check of a set-up."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlinfra.errors import OperationError


class Status(str, Enum):
    """The result of a check."""

    OK = "ok"
    WARNING = "warning"
    """Something works, and needs attention soon; or could not be checked."""
    PROBLEM = "problem"
    """Something does not work."""


@dataclass(frozen=True)
class Diagnosis:
    """The result of a check, with a remedy unless it is ok."""

    area: str
    """The subject, such as `Terraform` or `dev: state`."""
    status: Status
    text: str
    remedy: str = ""


def ok(area: str, text: str) -> Diagnosis:
    """A check without a finding."""
    return Diagnosis(area, Status.OK, text)


def warning(area: str, text: str, remedy: str) -> Diagnosis:
    """A check that found something that needs attention."""
    return Diagnosis(area, Status.WARNING, text, remedy)


def problem_of(area: str, error: OperationError) -> Diagnosis:
    """The problem of a failed operation: the first sentence of its message, with the rest as the remedy."""
    fact, _, remedy = error.message.partition(". ")
    return problem(area, fact, remedy)


def problem(area: str, text: str, remedy: str) -> Diagnosis:
    """A check that found something that does not work."""
    return Diagnosis(area, Status.PROBLEM, text, remedy)
