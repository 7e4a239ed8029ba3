"""Plans of stacks that another process synthesized: no code of the project is run with the credentials."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mlinfra.command import own_command
from mlinfra.errors import OperationError
from mlinfra.operations.deploy import stack_selection
from mlinfra.operations.deploy.planning import Planner, Planning, Plans, check_state_buckets
from mlinfra.operations.deploy.plans_folder import remove_unusable
from mlinfra.operations.deploy.saved_plan import PLANS_FOLDER, require_plans_folder
from mlinfra.operations.deploy.synthesizing import read_synthesis
from mlinfra.operations.deploy.untrusted_stacks import require_plannable
from mlinfra.operations.terraform import Repository, find_terraform, provider_source, require_terraform

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mlinfra.operations.deploy.synthesizing import Synthesis
    from mlinfra.operations.terraform import Progress


def plan_synthesized(
    root: Path,
    progress: Progress,
    folder: Path,
    *,
    patterns: Sequence[str] = (),
    parallelism: int | None = None,
    lock: bool = True,
    out: Path | None = None,
    store: bool = False,
    allowed_providers: Sequence[str] = (),
) -> Plans:
    """Save a plan of each changed stack that `synth` wrote to a folder.

    Args:
        root: the project.
        progress: receives the steps, several at a time.
        folder: the folder of the synthesized stacks.
        patterns: the stacks, such as `dev-*`. Default: all stacks in the folder.
        parallelism: the number of stacks that are planned at the same time. Default: as many as this machine can
            (`stacks_at_once`).
        lock: True: lock the state meanwhile, which read-only credentials cannot. Default: True.
        out: the folder for plans. Default: `plans` in the project.
        store: True: also store the plans in the state bucket, if all stacks could be planned. Default: False.
        allowed_providers: the sources of providers that stacks may require in addition to `hashicorp/aws`. Default:
            none.

    Raises:
        OperationError: if Terraform is missing, a pattern matches no stack, the stacks were synthesized from another
            commit, a plan of a stack could run other programs, or plans cannot be stored.
    """
    out = out or root / PLANS_FOLDER
    require_plans_folder(out)
    repository = Repository(root)
    commit = repository.head()
    with progress.step("Check the synthesized stacks") as step:
        synthesis = read_synthesis(folder)
        _require_commit(synthesis, commit, folder)
        selected = stack_selection.select_stacks(synthesis.stacks, patterns)
        chosen = tuple((environment, each) for environment, each in selected if each.name not in synthesis.unchanged)
        for environment, each in chosen:
            require_plannable(each, environment, providers=allowed_providers)
        step.conclude(f"{len(chosen)} changed, {len(selected) - len(chosen)} unchanged")
    with progress.step("Check the tools") as step:
        tool, source = find_terraform(), provider_source(root)
        require_terraform(tool, (environment for environment, _ in chosen))
        step.conclude(str(tool))
    environments = tuple({environment.name: environment for environment, _ in chosen}.values())
    reachable, failed = check_state_buckets(environments, progress) if environments else ((), ())
    remove_unusable(out, repository, commit)
    planning = Planning(
        folder=folder,
        all_stacks=synthesis.stacks,
        stacks=tuple(each for environment, each in chosen if environment in reachable),
        failed=failed,
        skipped_environments=(),
        expired=(),
        planner=Planner(tool, source, out, commit, lock=lock, dirty=commit is None),
        progress=progress,
    )
    plans = planning.plans(planning.stacks, parallelism=parallelism, store=store)
    unchanged = tuple(each.name for _, each in selected if each.name in synthesis.unchanged)
    removed = tuple(each for each in synthesis.removed if stack_selection.stack_matches(each, patterns))
    return replace(plans, unchanged=unchanged, removed=removed)


def _require_commit(synthesis: Synthesis, commit: str | None, folder: Path) -> None:
    if synthesis.commit != commit:
        message = (
            f"The stacks in {folder} were synthesized from {synthesis.commit or 'uncommitted changes'}, and "
            f"{commit or 'no commit'} is checked out. No plan was made. Commit, and synthesize again: {own_command()} "
            f"synth"
        )
        raise OperationError(message)
