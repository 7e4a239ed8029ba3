"""The environment of a run: the one that declares its experiment."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from mlinfra.declarations import load_environments
from mlinfra.errors import OperationError
from mlinfra.operations.aws import reachable

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.declarations import Environment, Experiment


def select_experiment(
    root: Path, experiment: str, *, environment: str | None = None, choice: str = "--env {}"
) -> tuple[Environment, Experiment]:
    """An experiment and its environment.

    Args:
        root: the project.
        experiment: the name of the experiment.
        environment: the name of the environment. Default: the only one that declares the experiment, or the only one of
            them in the AWS account in use.
        choice: the arguments that choose an environment, for the message if there are several.

    Raises:
        OperationError: if no environment declares it, or several do.
        DeclarationError: if an environment is invalid or not declared.
    """
    declared = load_environments(root, only=environment, judged=False)
    found = [each for each in declared if any(one.name == experiment for one in each.experiments)]
    if not found:
        names = sorted({one.name for each in declared for one in each.experiments})
        near = difflib.get_close_matches(experiment, names, n=1)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        where = f"The environment {environment!r}" if environment else "No environment"
        verb = "does not declare" if environment else "declares"
        message = f"{where} {verb} an experiment {experiment!r}. {hint}Declared: {', '.join(names) or 'none'}."
        raise OperationError(message)
    if len(found) > 1:
        found = [each for each in reachable(declared) if each in found]
    if len(found) != 1:
        names = sorted(each.name for each in found)
        message = (
            f"Several environments of this AWS account declare an experiment {experiment!r}: {', '.join(names)}. "
            f"Choose one: {choice.format(names[0])}"
            if names
            else f"No environment of the AWS account in use declares an experiment {experiment!r}. Use other "
            f"credentials, such as another AWS_PROFILE."
        )
        raise OperationError(message)
    return found[0], found[0].experiment(experiment)
