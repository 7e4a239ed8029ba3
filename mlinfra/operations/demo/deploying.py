"""The demo on a local AWS: bootstrap, diff, deploy, a second plan without changes, a training, and the report."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING

from platformdirs import user_log_path

from mlinfra.declarations import load_environments
from mlinfra.errors import OperationError
from mlinfra.local_aws import background
from mlinfra.local_aws.client_variables import client_variables
from mlinfra.local_aws.server import serving
from mlinfra.operations.aws import account_of, aws_errors_explained
from mlinfra.operations.bootstrap import bootstrap
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
    from collections.abc import Iterator, Sequence

    from mlinfra.declarations import Environment
    from mlinfra.local_aws.server import LocalAws
    from mlinfra.operations.terraform import OnLine, Progress, Step, SynthesizedStack, Tool

ENVIRONMENT = "local"
"""The environment of the demo."""

_PARALLELISM = 2
"""The AWS provider requires a processor and 300 MB for a plan."""


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
    environment, terraform, cdktf, variables = _check(root, progress)
    log_path = user_log_path("mlinfra", ensure_exists=True) / "demo.log"
    with (
        TemporaryDirectory(prefix="mlinfra-demo-") as folder,
        log_path.open("w") as log,
        _local_aws(progress, keep=keep) as server,
        in_force({**client_variables(server, region=environment.region), **variables}),
    ):
        stacks = _deploy(environment, root, Cdktf(cdktf.path, root, Path(folder)), _Log(log), progress)
        deployed = _verify(environment, stacks, terraform, progress)
        experiment = training_of(environment, root)
        is_deployed = environment.names.stack_id("training") in {each.name for each in stacks}
        training = train(environment, experiment, root, progress) if experiment and is_deployed else None
        report = _report(root, progress)
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


def _check(root: Path, progress: Progress) -> tuple[Environment, Tool, Tool, dict[str, str | None]]:
    with progress.step("Check the tools") as step:
        terraform, node, cdktf = require_tools(find_terraform, find_node, lambda: find_cdktf(root))
        step.conclude(f"{terraform}, {node}, {cdktf}")
    with progress.step("Find the AWS provider") as step:
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
def _local_aws(progress: Progress, *, keep: bool) -> Iterator[LocalAws]:
    with ExitStack() as until_end:
        with progress.step("Start a local AWS") as step:
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
    environment: Environment, root: Path, cdktf: Cdktf, log: _Log, progress: Progress
) -> tuple[SynthesizedStack, ...]:
    with progress.step(f"Bootstrap the remote state of {environment.name}") as step:
        made = bootstrap(environment, root, NestedProgress(step))
        step.conclude(f"{made.outcome}, {made.resources} resources")
    with progress.step("Synthesize the stacks") as step:
        stacks = synthesize(root, cdktf.out, environment=environment.name)
        step.conclude(", ".join(stack.name for stack in stacks))
    for wave in _waves(stacks, done={environment.names.stack_id("state")}):
        for stack in wave:
            with progress.step(f"{cdktf.executable.name} diff {stack.name}") as step:
                step.conclude(cdktf.diff(stack, on_line=log.with_step(step)))
        with progress.step(f"{cdktf.executable.name} deploy {' '.join(stack.name for stack in wave)}") as step:
            summaries = cdktf.deploy(wave, on_line=log.with_step(step))
            step.conclude("; ".join(summaries.values()))
    return stacks


def _waves(stacks: Sequence[SynthesizedStack], *, done: set[str]) -> Iterator[list[SynthesizedStack]]:
    """Groups of stacks that can be deployed at the same time, in order."""
    while wave := [each for each in stacks if each.name not in done and done.issuperset(each.dependencies)]:
        yield wave
        done = done | {stack.name for stack in wave}


def _verify(
    environment: Environment, stacks: Sequence[SynthesizedStack], tool: Tool, progress: Progress
) -> tuple[DeployedStack, ...]:
    """Plan every stack again, and require that no plan contains changes."""
    account = account_of(environment)
    with (
        progress.step("Plan every stack again") as step,
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


def _report(root: Path, progress: Progress) -> Path:
    """Write the report while the local AWS is running."""
    with progress.step("Write the report") as step:
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
