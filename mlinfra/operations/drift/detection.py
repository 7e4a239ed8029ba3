"""Compare an environment with AWS: all its stacks, several at once, with nothing written to AWS.

Each stack is planned with `-refresh-only` and without a lock, so credentials that only read will do, and
nobody who deploys meanwhile is kept waiting.
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
from mlinfra.operations.drift.ignore_list import IGNORE_FILE, IgnoreList
from mlinfra.operations.drift.memory import Memory, NoMemory
from mlinfra.operations.drift.patterns import matches
from mlinfra.operations.drift.principals import Principals
from mlinfra.operations.drift.recorded import Read, Resource, pending_of, read, resources_of
from mlinfra.operations.drift.report import Gone, Pending, Report, StackReport
from mlinfra.operations.drift.telling import WEBHOOK_VARIABLE
from mlinfra.operations.drift.unmanaged import Managed, unmanaged
from mlinfra.operations.terraform import Terraform, TerraformError, find_terraform, provider_source, synthesize
from mlinfra.variables import in_force

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date

    from mlinfra.declarations import Environment
    from mlinfra.operations.aws import AwsAccount
    from mlinfra.operations.drift.report import Difference
    from mlinfra.operations.terraform import Progress, SynthesizedStack
    from mlinfra.variables import Changes

PARALLELISM = 4
"""Stacks at once. Each runs a Terraform and an AWS provider of its own."""


@dataclass(frozen=True)
class Options:
    """What to look at, and how."""

    stacks: Sequence[str] = ()
    """Names of stacks, or patterns with `*`. Default: all of the environment."""

    pending: bool = False
    """Whether to tell also what the code says and was not applied. Default: no, it takes another plan."""

    who: bool = False
    """Whether to ask CloudTrail who it was. Default: no, it answers two questions a second."""

    parallelism: int = PARALLELISM


@dataclass(frozen=True)
class _Compared:
    """A stack after Terraform compared it, or could not."""

    name: str
    problem: str = ""
    read: Read = field(default_factory=lambda: Read((), ()))
    resources: tuple[Resource, ...] = ()
    pending: tuple[Pending, ...] | None = None


def detect_drift(
    environment: Environment,
    root: Path,
    progress: Progress,
    *,
    options: Options | None = None,
    memory: Memory | None = None,
    today: date | None = None,
) -> Report:
    """What differs between AWS and what Terraform recorded of `environment`. Nothing is written.

    What fails in one stack is told in the report, beside what was found in the others.

    Args:
        environment: what to look at.
        root: the project that declares it, which may hold a `drift-ignore.yaml`.
        progress: is shown the steps.
        options: what to look at, and how.
        memory: what is known from before. Default: nothing is.
        today: the day that the ignore list is judged by. Default: the present day.

    Raises:
        OperationError: where a tool is missing, the credentials are not of the environment's account, the
            project cannot be synthesized, or there is no such stack.
        DeclarationError: where the ignore list is not sound.
    """
    options = options or Options()
    now = datetime.now(timezone.utc)
    ignored = IgnoreList.load(root / IGNORE_FILE, today=today or now.date())
    with progress.step("Check the tools and the account") as step:
        terraform = find_terraform()
        account = account_of(environment)
        source = provider_source(root)
        step.conclude(f"{terraform}, account {account.account_id}")
    # A webhook is no business of the programs that are started here.
    with in_force({WEBHOOK_VARIABLE: None}), tempfile.TemporaryDirectory(prefix="mlinfra-drift-") as folder:
        with progress.step("Synthesize"):
            stacks = _chosen(synthesize(root, Path(folder) / "out", environment=environment.name), options.stacks)
        memory = memory or NoMemory()
        for each in stacks:
            # Now, and not when minutes have gone into a report that could not be judged.
            memory.known(each.name)
        compared = _compare(stacks, terraform.path, source.changes, options, progress)
    with progress.step("Look at policies, rules and routes beside managed ones"):
        found = _look_beside(compared, account)
    found = [_judged(each, ignored, memory) for each in found]
    if options.who:
        with progress.step("Ask CloudTrail who it was"):
            found = _with_principals(found, compared, Principals(account, environment.region))
    return Report(
        environment=environment.name,
        created=now,
        stacks=tuple(found),
        gone=tuple(_gone(found, memory)),
        expired=ignored.expired,
    )


def remember(report: Report, memory: Memory) -> None:
    """Keep what `report` tells, so that it is not new next time. Stacks with a problem keep what was known.

    Raises:
        OperationError: where it cannot be kept.
    """
    memory.remember(
        {
            stack.name: {each.fingerprint: each.label for each in stack.with_standing("drift")}
            for stack in report.stacks
            if not stack.problems
        }
    )


def _chosen(stacks: Sequence[SynthesizedStack], wanted: Sequence[str]) -> tuple[SynthesizedStack, ...]:
    for each in wanted:
        if not any(matches(each, stack.name) for stack in stacks):
            message = f"There is no stack {each!r}. There are: {', '.join(stack.name for stack in stacks)}."
            raise OperationError(message)
    return tuple(stack for stack in stacks if not wanted or any(matches(each, stack.name) for each in wanted))


def _compare(
    stacks: Sequence[SynthesizedStack], executable: Path, changes: Changes, options: Options, progress: Progress
) -> tuple[_Compared, ...]:
    """Have Terraform compare the stacks, several at once."""

    def compare(stack: SynthesizedStack) -> _Compared:
        terraform = Terraform(stack.directory, executable, changes=changes)
        try:
            terraform.init()
            return _compared(stack, terraform, with_pending=options.pending)
        except TerraformError as error:
            return _Compared(stack.name, f"terraform {error.command}: {error.details or 'it failed, and said nothing'}")
        except Exception as error:  # noqa: BLE001  a plan that is not as expected must not hide the other stacks
            return _Compared(stack.name, f"Its plan could not be read ({type(error).__name__}: {error})")

    with progress.step(f"Compare {len(stacks)} stacks with AWS") as step:
        pool = ThreadPoolExecutor(max_workers=max(1, options.parallelism))
        try:
            running = {pool.submit(compare, stack): stack.name for stack in stacks}
            done: dict[str, _Compared] = {}
            for each in as_completed(running):
                done[running[each]] = each.result()
                step.say(f"{len(done)} of {len(stacks)}, the last {running[each]}")
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
            problem = f"What is not applied yet is not known. terraform {error.command}: {error.details}"
    return _Compared(
        stack.name, problem, read(stack.name, plan, configuration), resources_of(plan, configuration), pending
    )


def _look_beside(compared: Sequence[_Compared], account: AwsAccount) -> list[StackReport]:
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
        problems.append(f"What stands beside managed policies, rules and routes is not known. {error}")
    return StackReport(
        name=compared.name,
        problems=tuple(problems),
        differences=(*compared.read.differences, *extra),
        left_out=compared.read.left_out,
        pending=compared.pending,
        was_compared=bool(compared.resources) or not compared.problem,
    )


def _judged(stack: StackReport, ignored: IgnoreList, memory: Memory) -> StackReport:
    known = memory.known(stack.name)
    judged = (ignored.judge(each) for each in stack.differences)
    return replace(stack, differences=tuple(replace(each, new=each.fingerprint not in known) for each in judged))


def _gone(stacks: Sequence[StackReport], memory: Memory) -> Iterator[Gone]:
    for stack in stacks:
        # What could not be looked at is not gone.
        if not stack.problems:
            there = {each.fingerprint for each in stack.with_standing("drift")}
            known = memory.known(stack.name)
            yield from (Gone(stack.name, label) for print_, label in known.items() if print_ not in there)


def _with_principals(
    stacks: Sequence[StackReport], compared: Sequence[_Compared], principals: Principals
) -> list[StackReport]:
    types: dict[tuple[str, str], str] = defaultdict(str)
    for each in compared:
        types |= {(each.name, resource.address): resource.type for resource in each.resources}

    def asked(difference: Difference) -> Difference:
        if difference.standing != "drift":
            return difference
        type_ = types[difference.stack, difference.address]
        return replace(difference, who=principals.who_changed(type_, difference.names))

    return _mapped(stacks, asked)


def _mapped(stacks: Sequence[StackReport], change: Callable[[Difference], Difference]) -> list[StackReport]:
    return [replace(stack, differences=tuple(map(change, stack.differences))) for stack in stacks]
