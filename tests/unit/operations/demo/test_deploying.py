"""Order of the demo's deployments: stacks begin when all that they require exists, not when the previous ones end."""

from __future__ import annotations

import json
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.demo import deploying as module
from mlinfra.operations.demo.deploying import _deploy, _Log, _required_of_stacks, _wait_until_created
from mlinfra.operations.demo.lesson import Lesson
from mlinfra.operations.terraform import SynthesizedStack
from mlinfra.operations.terraform.progress import Quiet
from tests.conftest import an_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

STACKS = (("state", ()), ("data", ("state",)), ("training", ("data",)))


class Deployments:
    """Takes the place of the command of cdktf, of the bootstrap and of AWS. Records when each began and ended."""

    def __init__(self, folder: Path) -> None:
        self.executable = folder / "cdktf"
        self.out = folder
        self.events: list[str] = []
        self.summaries = {"dev-data": "60 to add, 0 to change, 0 to destroy"}
        self.released = {name: threading.Event() for name in ("dev-state", "dev-data", "dev-training")}
        self.error: OperationError | None = None

    def diff(self, stack: SynthesizedStack, *, on_line: object) -> str:
        del on_line
        self.events.append(f"diff {stack.name}")
        if stack.name == "dev-training":
            self.released["dev-data"].set()
        return self.summaries.get(stack.name, "1 to add, 0 to change, 0 to destroy")

    def deploy(self, stacks: Sequence[SynthesizedStack], *, on_line: object) -> dict[str, str]:
        del on_line
        (stack,) = stacks
        self.events.append(f"deploy {stack.name}")
        assert self.released[stack.name].wait(20)
        self.events.append(f"deployed {stack.name}")
        if self.error:
            raise self.error
        return {stack.name: "added"}

    def bootstrap(self, *_: object) -> None:
        self.events.append("bootstrap")
        assert self.released["dev-state"].wait(20)
        self.events.append("bootstrapped")


@pytest.fixture
def deployments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deployments:
    """Deployments of three stacks that depend on each other, of whose resources all exist at once."""
    made = Deployments(tmp_path)
    stacks = tuple(
        SynthesizedStack(f"dev-{name}", tmp_path, tuple(f"dev-{each}" for each in dependencies))
        for name, dependencies in STACKS
    )
    monkeypatch.setattr(module, "_bootstrap", made.bootstrap)
    monkeypatch.setattr(module, "_required_of_bootstrap", lambda _: [])
    monkeypatch.setattr(module, "_required_of_stacks", lambda *_: [])
    monkeypatch.setattr(module, "synthesize", lambda *_, **__: stacks)
    return made


def deploy(made: Deployments, tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as file:
        _deploy(an_environment(), tmp_path, made, _Log(file), Lesson(Quiet(), 1))  # type: ignore[arg-type]


def test_stacks_are_deployed_while_the_previous_ones_wait(deployments: Deployments, tmp_path: Path) -> None:
    deployments.released["dev-state"].set()
    deployments.released["dev-training"].set()
    deploy(deployments, tmp_path)
    order = deployments.events.index
    assert order("diff dev-data") < order("deploy dev-data")
    assert order("diff dev-training") < order("deploy dev-training")
    assert order("diff dev-training") < order("deployed dev-data")


@pytest.mark.parametrize("summary", ["0 to add, 1 to change, 0 to destroy", "1 to add, 0 to change, 1 to destroy"])
def test_stacks_wait_for_the_end_of_changes_of_existing_resources(
    deployments: Deployments, tmp_path: Path, summary: str
) -> None:
    deployments.summaries["dev-data"] = summary
    for each in deployments.released.values():
        each.set()
    deploy(deployments, tmp_path)
    assert deployments.events.index("deployed dev-data") < deployments.events.index("diff dev-training")


def test_an_error_of_a_deployment_that_others_do_not_wait_for_fails_the_demo(
    deployments: Deployments, tmp_path: Path
) -> None:
    for each in deployments.released.values():
        each.set()
    deployments.error = OperationError("`cdktf deploy dev-data` failed")
    with pytest.raises(OperationError, match="`cdktf deploy dev-data` failed"):
        deploy(deployments, tmp_path)


def test_the_wait_ends_when_all_required_resources_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    checks: list[str] = []
    monkeypatch.setattr(module, "_exists", lambda describe: describe())
    monkeypatch.setattr(module, "_POLL_SECONDS", 0)

    def describe(name: str, after: int) -> Callable[[], bool]:
        def is_there() -> bool:
            checks.append(name)
            return checks.count(name) > after

        return is_there

    _wait_until_created([describe("bucket", 0), describe("key", 2)], [Future()])
    assert checks == ["bucket", "key", "key", "key"]


def test_the_wait_ends_with_the_error_of_an_earlier_operation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_exists", lambda _: False)
    failed: Future[None] = Future()
    failed.set_exception(OperationError("bootstrap failed"))
    with pytest.raises(OperationError, match="bootstrap failed"):
        _wait_until_created([object], [failed, Future()])


def test_the_next_stacks_require_buckets_and_parameters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resources = {
        "aws_s3_bucket": {"raw": {"bucket": "recsys-raw"}, "generated": {"bucket_prefix": "recsys-"}},
        "aws_ssm_parameter": {"key": {"name": "/recsys/key-arn"}},
    }
    (tmp_path / "cdk.tf.json").write_text(json.dumps({"resource": resources}))
    calls: list[tuple[str, dict[str, Any]]] = []

    class Account:
        """An account whose clients record their calls."""

        def client(self, _: str) -> Account:
            return self

        def head_bucket(self, **arguments: Any) -> None:
            calls.append(("head_bucket", arguments))

        def get_parameter(self, **arguments: Any) -> None:
            calls.append(("get_parameter", arguments))

    monkeypatch.setattr(module, "account_of", lambda _: Account())
    for describe in _required_of_stacks(an_environment(), [SynthesizedStack("dev-data", tmp_path, ())]):
        describe()
    assert calls == [("head_bucket", {"Bucket": "recsys-raw"}), ("get_parameter", {"Name": "/recsys/key-arn"})]
