"""`examples/training_queue`: its stack, the settings of each job, and the start of torchrun on each node."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from ci.examples import EXAMPLES
from mlinfra.testing import Template
from tests.examples.programs import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.xdist_group("synthesized")

PROJECT = EXAMPLES / "training_queue"


def tried(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("setting-*.json")}


def test_each_copy_of_an_array_job_tries_the_setting_with_its_index(tmp_path: Path) -> None:
    for index in ("0", "5"):
        ended = run(PROJECT, "train.py", MLINFRA_OUTPUTS=str(tmp_path), AWS_BATCH_JOB_ARRAY_INDEX=index)
        assert ended.returncode == 0, ended.stderr
    assert tried(tmp_path) == {"setting-0.json", "setting-5.json"}


def test_the_processes_of_several_nodes_try_each_setting_once(tmp_path: Path) -> None:
    for rank in range(4):
        folder = tmp_path / str(rank)
        run(PROJECT, "train.py", MLINFRA_OUTPUTS=str(folder), RANK=str(rank), WORLD_SIZE="4")
    found = sorted(name for rank in range(4) for name in tried(tmp_path / str(rank)))
    assert found == [f"setting-{index}.json" for index in range(6)]


@pytest.mark.parametrize(
    ("options", "variables", "message"),
    [
        ([], {"AWS_BATCH_JOB_ARRAY_INDEX": "6"}, "There is no setting 6: submit an array of size 6."),
        (["--best"], {}, "No setting was tried yet"),
    ],
)
def test_a_wrong_call_ends_with_the_reason(
    tmp_path: Path, options: list[str], variables: dict[str, str], message: str
) -> None:
    ended = run(PROJECT, "train.py", *options, MLINFRA_OUTPUTS=str(tmp_path), **variables)
    assert ended.returncode == 1
    assert message in ended.stderr


@pytest.mark.parametrize(
    ("node", "address"),
    [
        ({"AWS_BATCH_JOB_MAIN_NODE_PRIVATE_IPV4_ADDRESS": "10.0.1.7", "INDEX": "3"}, "10.0.1.7"),
        ({"INDEX": "0"}, "10.0.9.9"),
    ],
)
def test_each_node_starts_torchrun_with_its_rank(tmp_path: Path, node: dict[str, str], address: str) -> None:
    # Two programs that are on a node and not here: they say what they are asked, and what a node would answer.
    for name, text in (("torchrun", 'echo "$@"'), ("hostname", "echo 10.0.9.9 172.17.0.1")):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)
    variables = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "AWS_BATCH_JOB_NUM_NODES": "4",
        "AWS_BATCH_JOB_NODE_INDEX": node["INDEX"],
    } | node
    started = subprocess.run(
        [PROJECT / "launch.sh", "train.py", "--epochs", "3"],
        env=variables,
        check=True,
        capture_output=True,
        text=True,
    )
    assert started.stdout.split() == [
        *("--nnodes", "4", "--node-rank", node["INDEX"], "--nproc-per-node", "gpu"),
        *("--master-addr", address, "--master-port", "29500", "train.py", "--epochs", "3"),
    ]


def test_ranking_gets_twice_the_share_of_search(stacks_of: Callable[[str], Path]) -> None:
    team = Template.read(stacks_of("training_queue") / "dev-team")
    (policy,) = team.find("aws_batch_scheduling_policy").values()
    shares = policy["fair_share_policy"]["share_distribution"]
    weights = {each["share_identifier"]: each["weight_factor"] for each in shares}
    assert weights["search"] == 2 * weights["ranking"]  # AWS Batch: a lower factor means more


def test_the_commands_of_the_readme_name_queues_and_jobs_that_exist(stacks_of: Callable[[str], Path]) -> None:
    team = Template.read(stacks_of("training_queue") / "dev-team")
    readme = (PROJECT / "README.md").read_text()
    queues = {each["name"] for each in team.find("aws_batch_job_queue").values()}
    definitions = team.find("aws_batch_job_definition").values()
    jobs = {each["name"] for each in definitions}
    assert len(queues) == 3
    assert {"sweeps-dev-team-spot", "sweeps-dev-team-multi-node"} <= queues
    for name in ("sweeps-dev-team-spot", "sweeps-dev-team-multi-node", *jobs):
        assert name in readme
    containers = [each["container_properties"] for each in definitions if "container_properties" in each]
    images = {json.loads(each)["image"] for each in containers}
    assert images == {"111111111111.dkr.ecr.us-east-1.amazonaws.com/sweeps-dev/sweep:1.0"}
