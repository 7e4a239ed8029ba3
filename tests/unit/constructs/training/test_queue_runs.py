"""Roles of runs in a queue."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.constructs.data_lake.access import DataLakeAccess
from tests.unit.constructs.training.test_queue import KEY, a_queue

if TYPE_CHECKING:
    from mlinfra import MlStack
    from mlinfra.testing import Synth, Template

RUN, EXECUTION = "recsys-dev-ranking-run", "recsys-dev-ranking-exec"


@pytest.fixture
def config(synth: Synth) -> Template:
    def build(stack: MlStack) -> None:
        lake = DataLakeAccess(stack, "lake", key_arn=KEY)
        lake.grant_runs(a_queue(stack, max_nodes=2).runs)

    return synth.constructs(build)


def _statements(config: Template, policy: str) -> dict[str, dict[str, Any]]:
    return config.statements("aws_iam_role_policy", {"name": policy})


def test_both_roles_are_for_tasks_of_this_account_only(config: Template) -> None:
    roles = {each["name"]: json.loads(each["assume_role_policy"]) for each in config.resources("aws_iam_role").values()}
    for name in (RUN, EXECUTION):
        (trust,) = roles[name]["Statement"]
        assert trust["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}
        assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": "111111111111"}}


def test_a_run_writes_the_records_of_its_own_queues_only(config: Template) -> None:
    records = _statements(config, "run")["OwnRecords"]
    assert records["Resource"] == "arn:aws:dynamodb:us-east-1:111111111111:table/recsys-dev-clusters"
    assert records["Condition"]["ForAllValues:StringEquals"]["dynamodb:LeadingKeys"] == [
        f"recsys-dev-ranking-{kind}" for kind in ("spot", "on-demand", "multi-node")
    ]


def test_a_run_writes_to_the_log_group_of_its_queue(config: Template) -> None:
    assert _statements(config, "run")["WriteOutput"]["Resource"] == (
        "arn:aws:logs:us-east-1:111111111111:log-group:/aws/batch/recsys-dev-ranking:*"
    )


def test_its_image_can_be_one_of_the_account_or_of_aws(config: Template) -> None:
    assert _statements(config, "start")["PullImages"]["Resource"] == [
        "arn:aws:ecr:*:111111111111:repository/*",
        "arn:aws:ecr:*:763104351884:repository/*",
    ]


def test_a_run_writes_below_the_folders_of_runs_only(config: Template) -> None:
    granted = _statements(config, "lake-read-write-models-runs")
    assert granted["Objects"]["Resource"] == "arn:aws:s3:::recsys-dev-models-111111111111-us-east-1/*/runs/*"
    assert granted["List"]["Condition"] == {"StringLike": {"s3:prefix": "*/runs/*"}}
