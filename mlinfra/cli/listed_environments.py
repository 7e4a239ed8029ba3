"""The environments of a command that lists what runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlinfra.declarations import Environment


def listed_environments(names: Sequence[str] | None) -> tuple[Environment, ...]:
    """The environments to list. Those that are left out because of the AWS account in use are named on standard error.

    Args:
        names: the names of environments. None or empty: all of the AWS account in use.

    Raises:
        OperationError: if an environment is not declared, or none is in the account.
    """
    from mlinfra.cli.presentation import print_skipped
    from mlinfra.declarations import load_environments
    from mlinfra.operations.runs import selected_environments
    from mlinfra.operations.terraform import project_root

    declared = load_environments(project_root(), judged=False)
    selected = selected_environments(declared, names or ())
    if not names:
        print_skipped([each.name for each in declared if each not in selected])
    return selected
