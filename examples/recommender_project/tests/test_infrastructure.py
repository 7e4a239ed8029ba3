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


def test_the_clusters_and_their_shutdown_are_reviewed_as_a_whole(stacks: Any, template_snapshot: Any) -> None:
    """The model and its GPUs change in one merge request: the snapshot shows what the second half costs."""
    training = stacks["dev-training"]
    assert training.find("aws_autoscaling_group") == template_snapshot
