"""The infrastructure is what the team expects: two nodes with a shutdown, and a pipeline that may train."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from infrastructure.stacks import declare_stacks

from mlinfra import load_environments
from mlinfra.testing import contains, json_text

if TYPE_CHECKING:
    from mlinfra import MlApp

PROJECT = Path(__file__).resolve().parent.parent


@pytest.fixture
def stacks(synth: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The stacks of dev, as on the day on which this test was written."""
    monkeypatch.setenv("MLINFRA_TODAY", "2026-11-30")
    (environment,) = load_environments(PROJECT, only="dev")

    def build(app: MlApp) -> None:
        declare_stacks(app, environment)

    return synth.app(build)


def test_the_cluster_has_two_nodes_with_a_gpu_each(stacks: Any) -> None:
    training = stacks["dev-training"]
    training.has_resource("aws_autoscaling_group", {"name": "recommender-dev-two-tower", "max_size": 2}, count=1)
    training.has_resource("aws_launch_template", {"instance_type": "g4dn.xlarge"}, count=1)


def test_the_pipeline_of_protected_tags_may_train_and_register(stacks: Any) -> None:
    foundation = stacks["dev-foundation"]
    foundation.has_resource("aws_iam_role", {"name": "recommender-dev-ci-train"}, count=1)
    registers = json_text({"Statement": contains({"Sid": "RegisterVersions"})})
    foundation.has_resource("aws_iam_role_policy", {"name": "train-limits", "policy": registers}, count=1)


def test_the_size_of_the_cluster_is_reviewed_with_the_model(stacks: Any, template_snapshot: Any) -> None:
    """A merge request that changes the model and its GPUs changes this snapshot too."""
    (group,) = stacks["dev-training"].find("aws_autoscaling_group").values()
    (template,) = stacks["dev-training"].find("aws_launch_template").values()
    tags = {each["key"]: each["value"] for each in group["tag"]}
    size = {
        "instance_type": template["instance_type"],
        "nodes": tags["Nodes"],
        "spend_limit_usd": tags["SpendLimitUsd"],
    }
    assert size == template_snapshot
