"""Comparison of an environment with AWS: all stacks, several at once, with read access only.

Each stack is planned with `-refresh-only` and without a lock, so that runs do not block concurrent applies.
"""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlinfra.errors import OperationError
from mlinfra.operations.aws import account_of, aws_errors_explained
from mlinfra.operations.drift.baseline import Baseline, NoBaseline
from mlinfra.operations.drift.ignore_list import IGNORE_FILE, IgnoreList
from mlinfra.operations.drift.notifications import WEBHOOK_VARIABLE
from mlinfra.operations.drift.patterns import matches
from mlinfra.operations.drift.principals import Principals
from mlinfra.operations.drift.refresh_plan import (
    PlanDifferences,
    Resource,
    differences_in,
    pending_of,
    resources_of,
)
from mlinfra.operations.drift.report import Pending, Report, Resolved, StackReport
from mlinfra.operations.drift.unmanaged import Managed, unmanaged
from mlinfra.operations.terraform import (
    SchemaProviders,
    Terraform,
    TerraformError,
    find_terraform,
    oldest_terraform,
    provider_source,
    stacks_at_once,
    synthesize,
)
from mlinfra.variables import in_force

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date

    from mlinfra.declarations import Environment
    from mlinfra.operations.aws import AwsAccount
    from mlinfra.operations.drift.report import Difference
    from mlinfra.operations.terraform import Progress, SynthesizedStack
    from mlinfra.variables import Changes


@dataclass(frozen=True)
class Options:
    """Scope of a check."""

    stacks: Sequence[str] = ()
    """Names of stacks, or patterns with `*`. Default: all stacks of the environment."""

    pending: bool = False
    """True to report changes in the code that are not applied yet, which needs a second plan. Default: False."""

    who: bool = False
    """True to look up principals in CloudTrail, which allows two requests per second. Default: False."""

    parallelism: int | None = None
    """The number of stacks at the same time. Default: as many as this machine can (`stacks_at_once`)."""


@dataclass(frozen=True)
class _Compared:
    """The comparison of a stack by Terraform, or its failure."""

    name: str
    problem: str = ""
    found: PlanDifferences = field(default_factory=lambda: PlanDifferences((), ()))
    resources: tuple[Resource, ...] = ()
    pending: tuple[Pending, ...] | None = None


def detect_drift(
    environment: Environment,
    root: Path,
    progress: Progress,
    *,
    options: Options | None = None,
    baseline: Baseline | None = None,
    today: date | None = None,
) -> Report:
    """Find differences between AWS and the state of `environment`. Nothing is written.

    The failure of one stack is part of the report, and does not affect the others.

    Args:
        environment: the environment to check.
        root: the project, which may contain a `drift-ignore.yaml`.
        progress: shows the steps.
        options: the scope of the check.
        baseline: drift that was reported before. Default: none.
        today: the date for the expiry of ignored drift. Default: the present day.

    Raises:
        OperationError: if a tool is missing, the credentials are for another account, the project cannot be
            synthesized, or a stack is unknown.
        DeclarationError: if the ignore list is invalid.
    """
    options = options or Options()
    now = datetime.now(timezone.utc)
    ignored = IgnoreList.load(root / IGNORE_FILE, today=today or now.date())
    with progress.step("Check the tools and the account") as step:
        terraform = find_terraform(oldest_terraform([environment]))
        account = account_of(environment)
        source = provider_source(root)
        step.conclude(f"{terraform}, account {account.account_id}")
    # The secret URL is not passed to child processes.
    with in_force({WEBHOOK_VARIABLE: None}), tempfile.TemporaryDirectory(prefix="mlinfra-drift-") as folder:
        with progress.step("Synthesize"):
            stacks = _chosen(synthesize(root, Path(folder) / "out", environment=environment.name), options.stacks)
        baseline = baseline or NoBaseline()
        for each in stacks:
            # Read the baseline first: an invalid one would otherwise fail after minutes of planning.
            baseline.known(each.name)
        compared = _compare(stacks, terraform.path, source.changes, options, progress)
    with progress.step("Search unmanaged policies, rules and routes"):
        found = _with_unmanaged_parts(compared, account)
    found = [_with_status(each, ignored, baseline) for each in found]
    if options.who:
        with progress.step("Look up principals in CloudTrail"):
            found = _with_principals(found, compared, Principals(account, environment.region))
    return Report(
        environment=environment.name,
        created=now,
        stacks=tuple(found),
        resolved=tuple(_resolved(found, baseline)),
        expired=ignored.expired,
    )


def store_baseline(report: Report, baseline: Baseline) -> None:
    """Store the drift in `report`, so that it is known in the next run. Stacks with problems keep their known drift.

    Raises:
        OperationError: if the baseline cannot be written.
    """
    baseline.store(
        {
            stack.name: {each.fingerprint: each.label for each in stack.with_status("drift")}
            for stack in report.stacks
            if not stack.problems
        }
    )


def _chosen(stacks: Sequence[SynthesizedStack], wanted: Sequence[str]) -> tuple[SynthesizedStack, ...]:
    for each in wanted:
        if not any(matches(each, stack.name) for stack in stacks):
            message = f"Unknown stack {each!r}. Stacks of the environment: {', '.join(stack.name for stack in stacks)}."
            raise OperationError(message)
    return tuple(stack for stack in stacks if not wanted or any(matches(each, stack.name) for each in wanted))


def _compare(
    stacks: Sequence[SynthesizedStack], executable: Path, changes: Changes, options: Options, progress: Progress
) -> tuple[_Compared, ...]:
    """Compare the stacks with Terraform, several at once."""

    def compare(stack: SynthesizedStack) -> _Compared:
        terraform = Terraform(stack.directory, executable, changes=changes, schema_providers=providers)
        try:
            terraform.init()
            return _compared(stack, terraform, with_pending=options.pending)
        except TerraformError as error:
            return _Compared(stack.name, f"terraform {error.command}: {error.details or 'failed without output'}")
        except Exception as error:  # noqa: BLE001  an unexpected plan of one stack must not hide the others
            return _Compared(stack.name, f"The plan could not be evaluated ({type(error).__name__}: {error})")

    with (
        progress.step(f"Compare {len(stacks)} stack{'' if len(stacks) == 1 else 's'} with AWS") as step,
        SchemaProviders() as providers,
    ):
        pool = ThreadPoolExecutor(options.parallelism or stacks_at_once())
        try:
            running = {pool.submit(compare, stack): stack.name for stack in stacks}
            done: dict[str, _Compared] = {}
            for each in as_completed(running):
                done[running[each]] = each.result()
                step.say(f"{len(done)} of {len(stacks)} completed, last {running[each]}")
        finally:
            pool.shutdown(cancel_futures=True)
        failed = sum(bool(each.problem) for each in done.values())
        step.conclude(f"{failed} failed" if failed else "")
    return tuple(done[stack.name] for stack in stacks)


def _compared(stack: SynthesizedStack, terraform: Terraform, *, with_pending: bool) -> _Compared:
    configuration: dict[str, Any] = json.loads((stack.directory / "cdk.tf.json").read_text())
    saved = stack.directory / "drift.tfplan"
    terraform.plan(saved, mode="refresh-only", lock=False)
    plan = terraform.show(saved)
    pending = None
    problem = ""
    if with_pending:
        try:
            terraform.plan(saved, lock=False, refresh=False)
            pending = pending_of(terraform.show(saved))
        except TerraformError as error:
            problem = f"Could not determine pending changes. terraform {error.command}: {error.details}"
    return _Compared(
        stack.name, problem, differences_in(stack.name, plan, configuration), resources_of(plan, configuration), pending
    )


def _with_unmanaged_parts(compared: Sequence[_Compared], account: AwsAccount) -> list[StackReport]:
    managed = Managed()
    for each in compared:
        managed.add(each.resources)
    return [_with_unmanaged(each, managed, account) for each in compared]


def _with_unmanaged(compared: _Compared, managed: Managed, account: AwsAccount) -> StackReport:
    extra: list[Difference] = []
    problems = [compared.problem] if compared.problem else []
    try:
        with aws_errors_explained():
            extra += unmanaged(compared.name, compared.resources, managed, account)
    except OperationError as error:
        problems.append(f"Could not search unmanaged policies, rules and routes. {error}")
    return StackReport(
        name=compared.name,
        problems=tuple(problems),
        differences=(*compared.found.differences, *extra),
        left_out=compared.found.left_out,
        pending=compared.pending,
        was_compared=bool(compared.resources) or not compared.problem,
    )


def _with_status(stack: StackReport, ignored: IgnoreList, baseline: Baseline) -> StackReport:
    known = baseline.known(stack.name)
    differences = map(ignored.apply, stack.differences)
    return replace(stack, differences=tuple(replace(each, new=each.fingerprint not in known) for each in differences))


def _resolved(stacks: Sequence[StackReport], baseline: Baseline) -> Iterator[Resolved]:
    for stack in stacks:
        # Failed checks resolve nothing.
        if not stack.problems:
            present = {each.fingerprint for each in stack.with_status("drift")}
            known = baseline.known(stack.name)
            yield from (Resolved(stack.name, label) for print_, label in known.items() if print_ not in present)


def _with_principals(
    stacks: Sequence[StackReport], compared: Sequence[_Compared], principals: Principals
) -> list[StackReport]:
    types: dict[tuple[str, str], str] = defaultdict(str)
    for each in compared:
        types |= {(each.name, resource.address): resource.type for resource in each.resources}

    def with_principal(difference: Difference) -> Difference:
        if difference.status != "drift":
            return difference
        type_ = types[difference.stack, difference.address]
        return replace(difference, who=principals.who_changed(type_, difference.names))

    return _mapped(stacks, with_principal)


def _mapped(stacks: Sequence[StackReport], change: Callable[[Difference], Difference]) -> list[StackReport]:
    return [replace(stack, differences=tuple(map(change, stack.differences))) for stack in stacks]
