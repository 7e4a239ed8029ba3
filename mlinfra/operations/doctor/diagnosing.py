"""All checks of a set-up, in the order in which problems are to be solved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.declarations import load_environments
from mlinfra.errors import DeclarationError, OperationError
from mlinfra.operations.aws import reachable
from mlinfra.operations.doctor.account import check_account
from mlinfra.operations.doctor.diagnosis import Diagnosis, problem_of
from mlinfra.operations.doctor.machine import check_machine
from mlinfra.operations.doctor.project import check_project

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date
    from pathlib import Path


def diagnose(root: Path, *, today: date, names: Sequence[str] = ()) -> Iterator[Diagnosis]:
    """Check the machine, the project, and the accounts of environments. Nothing is changed.

    Args:
        root: the project.
        today: the present day.
        names: the environments. Default: those of the AWS account in use.

    Raises:
        DeclarationError: if one of `names` is not declared.
    """
    yield from check_machine(root)
    yield from check_project(root, today)
    if names:
        environments = [each for name in names for each in load_environments(root, only=name, judged=False)]
    else:
        try:
            environments = list(reachable(load_environments(root, judged=False)))
        except DeclarationError:
            return  # reported by the check of the project
        except OperationError as error:
            yield problem_of("Credentials", error)
            return
    for environment in environments:
        yield from check_account(environment)
