"""`examples/llm_fine_tune`: several processes train one adapter, and a run ends early when its block ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ci.examples import EXAMPLES
from mlinfra.testing import Template
from tests.examples.programs import run, without_own_settings
from tests.local_aws import make_records_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra.local_aws.server import LocalAws

pytestmark = pytest.mark.xdist_group("synthesized")

PROJECT = EXAMPLES / "llm_fine_tune"
ENDED_EARLY = 75


def folders(folder: Path) -> dict[str, str]:
    return {"MLINFRA_OUTPUTS": str(folder / "outputs"), "MLINFRA_CHECKPOINTS": str(folder / "checkpoints")}


def adapter(folder: Path) -> Any:
    return json.loads((folder / "outputs" / "adapter.json").read_text())


def step_of(folder: Path) -> int:
    return int(json.loads((folder / "checkpoints" / "checkpoint.json").read_text())["step"])


def train(folder: Path, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return run(PROJECT, "-m", "training", *options, **{**folders(folder), **variables})


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two processes that nothing ends early."""
    folder = tmp_path_factory.mktemp("whole")
    ended = train(folder, "--processes", "2", "--steps", "80")
    assert ended.returncode == 0, ended.stderr
    return folder


def test_the_adapter_makes_the_text_of_the_task_far_more_probable(whole: Path) -> None:
    metrics = json.loads((whole / "outputs" / "metrics.json").read_text())
    assert metrics["perplexity"] < 0.5 * metrics["perplexity_of_base"]


def test_two_nodes_of_one_process_train_the_same_adapter_as_one_node_of_two(whole: Path, tmp_path: Path) -> None:
    nodes = [
        subprocess.Popen(
            [sys.executable, "-m", "training", "--steps", "80"],
            cwd=PROJECT,
            env=without_own_settings(
                NODE_RANK=str(rank), NNODES="2", MASTER_ADDR="127.0.0.1", MASTER_PORT="29731", **folders(tmp_path)
            ),
            stdout=subprocess.DEVNULL,
        )
        for rank in range(2)
    ]
    assert [each.wait(timeout=120) for each in nodes] == [0, 0]
    assert adapter(tmp_path) == adapter(whole)


def test_the_end_of_the_capacity_block_ends_all_processes_with_a_checkpoint_from_which_the_next_run_goes_on(
    whole: Path, tmp_path: Path, mlinfra_local_aws: LocalAws, clients: Callable[..., Any]
) -> None:
    """The notice is the record that the function for interruptions writes; `mlinfra.job` reads it."""
    mlinfra_local_aws.reset()
    make_records_table(clients, "records")
    notice = {"cluster": "fine-tune", "record": "notice#i-1", "reason": "the Capacity Block ends"}
    item = {key: {"S": value} for key, value in notice.items()} | {"ends_at": {"N": "1796728200"}}
    clients("dynamodb").put_item(TableName="records", Item=item)
    node = {
        "MLINFRA_TABLE": "records",
        "MLINFRA_CLUSTER": "fine-tune",
        "MLINFRA_INSTANCE_ID": "i-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": mlinfra_local_aws.endpoint,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
    }
    ended = train(tmp_path, "--processes", "2", "--steps", "80", **node)
    assert ended.returncode == ENDED_EARLY, ended.stderr
    assert "ends early after step 1: the Capacity Block ends. The checkpoint is written." in ended.stdout
    resumed = train(tmp_path, "--processes", "2", "--steps", "80")
    assert resumed.stdout.startswith("goes on after step 1\n")
    assert adapter(tmp_path) == adapter(whole)


def test_the_notice_of_a_run_is_read_from_the_file_that_mlinfra_run_names(tmp_path: Path) -> None:
    notice = tmp_path / "notice.json"
    notice.write_text('{"ends_at": "2026-12-08T11:00:00Z", "reason": "EC2 reclaims its spot capacity"}')
    ended = train(tmp_path, MLINFRA_RUN="20261201-101500-7f3a", MLINFRA_NOTICE_FILE=str(notice))
    assert ended.returncode == ENDED_EARLY
    assert "EC2 reclaims its spot capacity" in ended.stdout


def test_sigterm_ends_all_processes_with_a_checkpoint(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "training", "--processes", "2", "--steps", "1000000"]
    started = subprocess.Popen(
        command, cwd=PROJECT, env=without_own_settings(**folders(tmp_path)), stdout=subprocess.PIPE, text=True
    )
    assert started.stdout is not None
    assert started.stdout.readline().startswith("step 20/")
    started.send_signal(signal.SIGTERM)
    output, _ = started.communicate(timeout=60)
    assert started.returncode == ENDED_EARLY
    assert f"ends early after step {step_of(tmp_path)}: SIGTERM" in output


def test_a_lost_process_ends_the_others(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "training", "--processes", "2", "--steps", "1000000"]
    started = subprocess.Popen(
        command,
        cwd=PROJECT,
        env=without_own_settings(**folders(tmp_path)),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert started.stdout is not None
    started.stdout.readline()
    children = Path(f"/proc/{started.pid}/task/{started.pid}/children").read_text().split()
    os.kill(int(children[1]), signal.SIGKILL)
    started.communicate(timeout=60)
    assert started.returncode not in {0, ENDED_EARLY}


def test_a_run_continues_the_checkpoint_of_an_earlier_one(whole: Path, tmp_path: Path) -> None:
    earlier = whole / "checkpoints" / "checkpoint.json"
    ended = train(tmp_path, "--steps", "81", "--resume", str(earlier))
    assert ended.stdout.startswith("goes on after step 80\n")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--processes", "0"), "--steps and --processes must be at least 1."),
        (("--resume", "none.json"), "--resume: none.json is not a file."),
    ],
)
def test_an_invalid_option_is_refused_with_the_reason(tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    ended = train(tmp_path, *options)
    assert (ended.returncode, message in ended.stderr) == (2, True)


def test_nodes_are_launched_in_the_block_and_only_while_it_lasts(stacks_of: Callable[[str], Path]) -> None:
    training = Template.read(stacks_of("llm_fine_tune") / "dev-training")
    template = {"instance_type": "p5.48xlarge", "instance_market_options": {"market_type": "capacity-block"}}
    training.has_resource("aws_launch_template", template, count=1)
    actions = training.find("aws_autoscaling_schedule").values()
    sizes = {each["recurrence"]: each["desired_capacity"] for each in actions}
    assert sizes == {"30 11 1 12 *": 2, "0 11 8 12 *": 0}
