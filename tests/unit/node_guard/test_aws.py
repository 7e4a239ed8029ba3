"""Calls of AWS by the guard."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mlinfra.constructs.training.node_role import node_policy
from mlinfra.node_guard.aws import Aws, set_environment
from mlinfra.node_guard.commands import Commands, Stuck
from tests.conftest import an_environment, an_experiment

if TYPE_CHECKING:
    import pytest

    from tests.unit.node_guard.conftest import FakeNode

CLUSTER = "recsys-dev-two-tower-v2"


def guard_of(node: FakeNode, script: str) -> Aws:
    node.command("aws", script)
    return Aws(Commands(Stuck({}), seconds=30), CLUSTER, "i-0a", "recsys-dev-clusters")


def every_call(node: FakeNode) -> list[str]:
    """All calls that the guard makes, as actions of IAM."""
    aws = guard_of(node, "echo True")
    aws.jobs()
    aws.report({"activity": "idle"}, at=1)
    aws.put_metrics({"Active": (1.0, "None")})
    aws.protect(on=False, why="idle")
    words = [call.split()[1:3] for call in node.calls]
    return [f"{service}:{''.join(part.title() for part in name.split('-'))}" for service, name in words]


def test_the_role_of_nodes_permits_every_call(node: FakeNode) -> None:
    environment = an_environment(experiments=[an_experiment()])
    policy = node_policy(environment, environment.experiments[0], key_arn="arn:aws:kms:us-east-1:111111111111:key/1")
    permitted: set[str] = set()
    for statement in json.loads(policy)["Statement"]:
        actions = statement["Action"]
        permitted |= {actions} if isinstance(actions, str) else set(actions)
    calls = every_call(node)
    assert len(calls) == 5
    assert set(calls) <= permitted


def test_records_are_written_under_the_cluster_that_the_role_is_limited_to(node: FakeNode) -> None:
    guard_of(node, "").report({"activity": "busy", "users": None, "idle_seconds": 0}, at=1_000_000)
    (call,) = node.calls
    assert '--key {"cluster": {"S": "recsys-dev-two-tower-v2"}, "record": {"S": "node#i-0a"}}' in call
    assert "REMOVE #users" in call
    values: dict[str, Any] = json.loads(call.partition("--expression-attribute-values ")[2])
    assert values == {
        ":activity": {"S": "busy"},
        ":idle_seconds": {"N": "0"},
        ":reported_at": {"N": "1000000"},
        ":expire_at": {"N": "1172800"},
    }


def test_jobs_are_plain_records(node: FakeNode) -> None:
    answer = json.dumps([{"record": {"S": "job#1"}, "heartbeat_at": {"N": "5"}}])
    assert guard_of(node, f"echo '{answer}'").jobs() == [{"record": "job#1", "heartbeat_at": "5"}]
    assert guard_of(node, "echo '[]'").jobs() == []
    assert guard_of(node, "echo null").jobs() == []


def test_jobs_that_cannot_be_read_are_unknown(node: FakeNode) -> None:
    assert guard_of(node, "exit 254").jobs() is None
    assert guard_of(node, "echo '<html>'").jobs() is None


def test_a_protection_that_is_unknown_is_not_changed(node: FakeNode) -> None:
    for script in ("exit 254", "echo None"):
        guard_of(node, script).protect(on=True, why="busy")
        guard_of(node, script).protect(on=False, why="idle")
    assert not any("set-instance-protection" in call for call in node.calls)


def test_calls_are_made_in_the_region_of_the_node_with_few_retries(
    node: FakeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_PAGER", "AWS_RETRY_MODE", "AWS_MAX_ATTEMPTS"):
        monkeypatch.setenv(name, "")
    set_environment("eu-west-1")
    guard_of(node, f"echo $AWS_DEFAULT_REGION $AWS_MAX_ATTEMPTS >{node.root}/seen").put_metrics({})
    assert (node.root / "seen").read_text() == "eu-west-1 2\n"
