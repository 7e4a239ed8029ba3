"""The demo on a local AWS: bootstrap, diff, deploy, a training, a second plan without changes, and the report.

Most of its time is that of the AWS provider, which waits a minute for each lifecycle of buckets, and starts again for
each plan. So stacks are deployed while the bootstrap and the stacks that they depend on wait for such a minute, and the
second plans are made during the training.
"""

from __future__ import annotations

import json
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING

from botocore.exceptions import ClientError
from platformdirs import user_log_path

from mlinfra.declarations import load_environments
from mlinfra.errors import OperationError
from mlinfra.local_aws import background
from mlinfra.local_aws.client_variables import client_variables
from mlinfra.local_aws.server import serving
from mlinfra.operations.aws import account_of, aws_errors_explained
from mlinfra.operations.bootstrap import bootstrap
from mlinfra.operations.demo.lesson import Lesson
from mlinfra.operations.demo.training import DemoTraining, train, training_of
from mlinfra.operations.report import Sources, collect, write_report
from mlinfra.operations.terraform import (
    Cdktf,
    NestedProgress,
    RemoteState,
    Terraform,
    Tool,
    find_cdktf,
    find_node,
    find_terraform,
    provider_source,
    require_tools,
    synthesize,
)
from mlinfra.variables import in_force

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mlinfra.declarations import Environment
    from mlinfra.local_aws.server import LocalAws
    from mlinfra.operations.terraform import OnLine, Progress, Step, SynthesizedStack

ENVIRONMENT = "local"
"""The environment of the demo."""

_PARALLELISM = 2
"""The AWS provider requires a processor and 300 MB for a plan."""

_POLL_SECONDS = 0.5
_NOT_FOUND = frozenset({"404", "NoSuchEntity", "ParameterNotFound", "ResourceNotFoundException"})
_EXPECTED_SECONDS = 185.0
"""The time of the demo of this repository on two idle processors, measured on 2026-11-30."""

_FIRST_WAVE_SECONDS = 67.0
"""Its part in which the first group of stacks is deployed."""

_NEXT_WAVE_SECONDS = 69.0
"""Its part in which the second group is deployed, beside the end of the first."""


@dataclass(frozen=True)
class DeployedStack:
    """A deployed stack whose second plan contained no changes."""

    name: str
    resources: int
    state_key: str
    state_bytes: int


@dataclass(frozen=True)
class DemoResult:
    """The result of the demo."""

    stacks: tuple[DeployedStack, ...]
    bucket: str
    state_prefix: str
    """The common prefix of all state objects in the bucket."""
    lock_table: str
    seconds: float
    log: Path
    training: DemoTraining | None
    """The training on the nodes of a cluster. None: the project has no experiment, or not the example program."""
    report: Path
    """The page about cost, clusters and architecture."""
    kept: LocalAws | None
    """The running local AWS, if it was kept."""


def demo(root: Path, progress: Progress, *, keep: bool = False) -> DemoResult:
    """Deploy the project's environment `local` to a local AWS, verify that it is complete, and train on its nodes.

    The user's AWS settings cannot be used: every process is configured for the local AWS only.

    Args:
        root: the project.
        progress: receives the steps.
        keep: True: use the local AWS of `mlinfra local up`, started if necessary, and keep it running. Default: False,
            a separate one that is stopped afterwards.

    Raises:
        OperationError: if a tool is missing or a step fails, with Terraform's error.
        DeclarationError: if the environment is invalid.
    """
    started = time.monotonic()
    log_path = user_log_path("mlinfra", ensure_exists=True) / "demo.log"
    lesson = Lesson(progress, _EXPECTED_SECONDS)
    environment, terraform, cdktf, variables = _check(root, lesson)
    with (
        TemporaryDirectory(prefix="mlinfra-demo-") as folder,
        log_path.open("w") as log,
        _local_aws(lesson, keep=keep) as server,
        in_force({**client_variables(server, region=environment.region), **variables}),
    ):
        stacks = _deploy(environment, root, Cdktf(cdktf.path, root, Path(folder)), _Log(log), lesson)
        experiment = training_of(environment, root)
        is_deployed = environment.names.stack_id("training") in {each.name for each in stacks}
        with ThreadPoolExecutor(1) as beside:
            verifying = beside.submit(_verify, environment, stacks, terraform, lesson)
            training = train(environment, experiment, root, lesson) if experiment and is_deployed else None
            deployed = verifying.result()
        report = _report(root, lesson)
    return DemoResult(
        stacks=deployed,
        bucket=environment.names.state_bucket,
        state_prefix=environment.names.state_key("").partition("//")[0] + "/",
        lock_table=environment.names.lock_table,
        seconds=time.monotonic() - started,
        training=training,
        log=log_path,
        report=report,
        kept=server if keep else None,
    )


def _check(root: Path, lesson: Lesson) -> tuple[Environment, Tool, Tool, dict[str, str | None]]:
    with lesson.step("Check the tools") as step:
        terraform, node, cdktf = require_tools(find_terraform, find_node, lambda: find_cdktf(root))
        step.conclude(f"{terraform}, {node}, {cdktf}")
    with lesson.step("Find the AWS provider") as step:
        source = provider_source(root)
        step.conclude(source.phrase)
    (environment,) = load_environments(root, only=ENVIRONMENT)
    if not environment.emulated:
        message = (
            f"The environment {ENVIRONMENT!r} is not emulated. The demo deploys to a local AWS only: set emulated=True."
        )
        raise OperationError(message)
    return environment, terraform, cdktf, dict(source.changes)


@contextmanager
def _local_aws(lesson: Lesson, *, keep: bool) -> Iterator[LocalAws]:
    with ExitStack() as until_end:
        with lesson.step("Start a local AWS", "in the place of an account", seconds=3) as step:
            if keep:
                running, is_new = background.up()
                server = running.server
                step.conclude(server.endpoint if is_new else f"{server.endpoint}, which was running already")
            else:
                server = until_end.enter_context(
                    serving(log=user_log_path("mlinfra") / "demo-local-aws.log", nodes=True)
                )
                step.conclude(server.endpoint)
        yield server


def _deploy(
    environment: Environment, root: Path, cdktf: Cdktf, log: _Log, lesson: Lesson
) -> tuple[SynthesizedStack, ...]:
    with ThreadPoolExecutor() as beside:
        running = [beside.submit(_bootstrap, environment, root, lesson)]
        _wait_until_created(_required_of_bootstrap(environment), running)
        with lesson.step("Synthesize the stacks", "Python becomes Terraform JSON", seconds=5) as step:
            stacks = synthesize(root, cdktf.out, environment=environment.name)
            step.conclude(", ".join(stack.name for stack in stacks))
        seconds = _FIRST_WAVE_SECONDS
        for wave in _waves(stacks, done={environment.names.stack_id("state")}):
            only_creates = _show_changes(wave, cdktf, log, lesson)
            running.append(beside.submit(_deploy_wave, wave, cdktf, log, lesson, seconds))
            seconds = _NEXT_WAVE_SECONDS
            if only_creates:
                _wait_until_created(_required_of_stacks(environment, wave), running)
            else:  # what exists already may be about to change
                running[-1].result()
        for each in running:
            each.result()
    return stacks


def _bootstrap(environment: Environment, root: Path, lesson: Lesson) -> None:
    with lesson.step(f"Bootstrap the remote state of {environment.name}", "its bucket and lock") as step:
        made = bootstrap(environment, root, NestedProgress(step))
        step.conclude(f"{made.outcome}, {made.resources} resources")


def _required_of_bootstrap(environment: Environment) -> list[Callable[[], object]]:
    """Checks for what the other stacks require of the bootstrap: bucket, lock table and permissions boundary."""
    account = account_of(environment)
    s3, dynamodb, iam = (account.client(service) for service in ("s3", "dynamodb", "iam"))
    names = environment.names
    required: list[Callable[[], object]] = [
        lambda: s3.head_bucket(Bucket=names.state_bucket),
        lambda: dynamodb.describe_table(TableName=names.lock_table),
    ]
    if environment.has_own_boundary:
        required.append(lambda: iam.get_policy(PolicyArn=environment.boundary_arn))
    return required


def _required_of_stacks(environment: Environment, stacks: Sequence[SynthesizedStack]) -> list[Callable[[], object]]:
    """Checks for what the next stacks require of `stacks`: buckets, and parameters with ids and ARNs."""
    account = account_of(environment)
    s3, ssm = account.client("s3"), account.client("ssm")
    required: list[Callable[[], object]] = []
    for stack in stacks:
        made = json.loads((stack.directory / "cdk.tf.json").read_text())["resource"]
        buckets = [each["bucket"] for each in made.get("aws_s3_bucket", {}).values() if "bucket" in each]
        parameters = [each["name"] for each in made.get("aws_ssm_parameter", {}).values()]
        required += [partial(s3.head_bucket, Bucket=each) for each in buckets]
        required += [partial(ssm.get_parameter, Name=each) for each in parameters]
    return required


def _wait_until_created(required: Sequence[Callable[[], object]], creating: Sequence[Future[None]]) -> None:
    """Wait until all of `required` exist.

    Args:
        required: each call succeeds if its resource exists.
        creating: the operations that create the resources. The last one creates those that are waited for.

    Raises:
        OperationError: if an operation fails.
    """
    missing = list(required)
    with aws_errors_explained():
        while not creating[-1].done() and missing:
            missing = [describe for describe in missing if not _exists(describe)]
            _raise_failures(creating)
            if missing:
                time.sleep(_POLL_SECONDS)
    _raise_failures(creating)


def _raise_failures(operations: Sequence[Future[None]]) -> None:
    for each in operations:
        if each.done():
            each.result()


def _exists(describe: Callable[[], object]) -> bool:
    try:
        describe()
    except ClientError as error:
        if error.response["Error"]["Code"] in _NOT_FOUND:
            return False
        raise
    return True


def _show_changes(wave: Sequence[SynthesizedStack], cdktf: Cdktf, log: _Log, lesson: Lesson) -> bool:
    """Show the changes of independent stacks. Returns True if they only create resources."""

    def diff(stack: SynthesizedStack) -> str:
        with lesson.step(f"{cdktf.executable.name} diff {stack.name}", "shows what would be created") as step:
            summary = cdktf.diff(stack, on_line=log.with_step(step))
            step.conclude(summary)
            return summary

    with ThreadPoolExecutor(_PARALLELISM) as pool:
        return all(summary.endswith("to add, 0 to change, 0 to destroy") for summary in pool.map(diff, wave))


def _deploy_wave(wave: Sequence[SynthesizedStack], cdktf: Cdktf, log: _Log, lesson: Lesson, seconds: float) -> None:
    """Deploy independent stacks at the same time."""
    names = " ".join(stack.name for stack in wave)
    with lesson.step(
        f"{cdktf.executable.name} deploy {names}", "the real Terraform applies it", seconds=seconds
    ) as step:
        summaries = cdktf.deploy(wave, on_line=log.with_step(step))
        step.conclude("; ".join(summaries.values()))


def _waves(stacks: Sequence[SynthesizedStack], *, done: set[str]) -> Iterator[list[SynthesizedStack]]:
    """Groups of stacks that can be deployed at the same time, in order."""
    while wave := [each for each in stacks if each.name not in done and done.issuperset(each.dependencies)]:
        yield wave
        done = done | {stack.name for stack in wave}


def _verify(
    environment: Environment, stacks: Sequence[SynthesizedStack], tool: Tool, lesson: Lesson
) -> tuple[DeployedStack, ...]:
    """Plan every stack again, and require that no plan contains changes."""
    account = account_of(environment)
    with (
        lesson.step("Plan every stack again", "a second apply would change nothing") as step,
        aws_errors_explained(),
        ThreadPoolExecutor(_PARALLELISM) as pool,
    ):

        def verify(stack: SynthesizedStack) -> DeployedStack:
            terraform = Terraform(stack.directory, tool.path)
            terraform.init()
            if terraform.plan(stack.directory / "second.plan"):
                raise OperationError(_second_plan_message(terraform, stack))
            step.say(f"{stack.name}: nothing to change")
            remote = RemoteState(account, environment, environment.names.component_of(stack.name))
            return DeployedStack(stack.name, len(terraform.state().resources), remote.key, remote.size_bytes())

        deployed = tuple(pool.map(verify, stacks))
        step.conclude("nothing to change")
        return deployed


def _report(root: Path, lesson: Lesson) -> Path:
    """Write the report while the local AWS is running."""
    with lesson.step("Write the report", "cost, owners, clusters and architecture on a page", seconds=5) as step:
        data = collect(root, NestedProgress(step), Sources(environments=(ENVIRONMENT,), live_audit=False))
        written = write_report(data, user_log_path("mlinfra", ensure_exists=True) / "demo-report.html")
        step.conclude(f"{written.size / 1_000_000:.1f} MB")
        return written.path


def _second_plan_message(terraform: Terraform, stack: SynthesizedStack) -> str:
    changes = terraform.show(stack.directory / "second.plan")["resource_changes"]
    differing = [each["address"] for each in changes if each["change"]["actions"] not in (["no-op"], ["read"])]
    return f"{stack.name} was deployed, and a second plan would change it again: {', '.join(differing)}"


class _Log:
    """The log of cdktf and Terraform."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def with_step(self, step: Step) -> OnLine:
        """Write each line to the log, and show it as a detail of `step`."""

        def write(line: str) -> None:
            self._file.write(f"{line}\n")
            self._file.flush()
            step.say(line)

        return write
