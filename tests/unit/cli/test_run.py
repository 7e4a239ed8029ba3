"""`mlinfra run` in a project with a git repository, on a local AWS without nodes: their records are written here."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from typer.testing import CliRunner

from mlinfra.cli.main import app
from mlinfra.errors import OperationError
from mlinfra.local_aws.mechanisms.launch_errors import LAUNCH_ERROR_TAG
from mlinfra.operations.runs import following, list_runs, submission
from mlinfra.operations.runs.following import Following
from mlinfra.runner import RunKey
from tests.local_aws import make_records_table
from tests.unit.operations.clusters.account import ENVIRONMENT, LAST_DAY, make_group, node_ids, report
from tests.unit.operations.runs.recorded import put_node, put_plan, seconds_ago
from tests.unit.operations.runs.repositories import a_repository, git
from tests.unit.operations.runs.small_runner import build_small_runner
from tests.unit.operations.runs.test_delivery import make_document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mlinfra.operations.runs import Run

BUCKET = ENVIRONMENT.names.bucket("models")
DECLARATION = f"""
from datetime import date
from mlinfra import Environment, Experiment

dev = Environment(
    name="dev", project="recsys", account_id="123456789012", region="us-east-1", team="ml-platform",
    cost_center="ml-1234", repository="gitlab.example.com/ml/platform", monthly_spend_limit_usd=15_000,
    emulated=True,
    sizes={{"small": "g5.xlarge"}},
    experiments=[
        Experiment(
            name="two-tower-v2", owner="ana@example.com", expires=date({LAST_DAY.year}, {LAST_DAY.month},
            {LAST_DAY.day}), nodes=2, spend_limit_usd=500,
        ),
    ],
)
"""


@pytest.fixture
def project(tmp_path: Path, client: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with training code, as the working directory; its table, bucket and document exist."""
    folder = a_repository(tmp_path / "project")
    (folder / "cdktf.json").write_text("{}")
    (folder / "main.py").write_text("")
    (folder / "environments").mkdir()
    (folder / "environments" / "dev.py").write_text(DECLARATION)
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message=Project")
    make_records_table(client, ENVIRONMENT.names.records_table)
    client("s3").create_bucket(Bucket=BUCKET)
    make_document(client)
    monkeypatch.chdir(folder / "training")
    return folder


class Nodes(threading.Thread):
    """The nodes of the next run: they join it, write a line, and end it."""

    def __init__(self, client: Callable[..., Any], *, exit_code: int = 0) -> None:
        super().__init__(daemon=True)
        self._client = client
        self._exit_code = exit_code

    def run(self) -> None:
        run = submitted_run()
        for each in node_ids(self._client):
            report(self._client, each, minutes=1)
        for each in ("i-1", "i-2"):
            put_node(each, run_id=run.run_id, rank=int(each[-1]) - 1)
        logs = self._client("logs")
        logs.create_log_group(logGroupName=ENVIRONMENT.names.cluster_log_group(ENVIRONMENT.experiments[0]))
        for rank in range(2):
            stream = {
                "logGroupName": ENVIRONMENT.names.cluster_log_group(ENVIRONMENT.experiments[0]),
                "logStreamName": f"runs/{run.run_id}/1/{rank}",
            }
            logs.create_log_stream(**stream)
            event = {"timestamp": int(time.time() * 1000), "message": f"hello from {rank}"}
            logs.put_log_events(**stream, logEvents=[event])
        failed = self._exit_code != 0
        end = {
            "status": "failed" if failed else "succeeded",
            "exit_code": self._exit_code,
            "started_at": seconds_ago(75),
            "ended_at": seconds_ago(0),
        }
        if failed:
            reason = f"rank 1 failed with exit code {self._exit_code}"
            end |= {"failed_rank": 1, "failed_instance": "i-2", "reason": reason}
        update(run, **end)


def submitted_run(seconds: float = 60) -> Run:
    """The run that is submitted within a time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := list_runs(ENVIRONMENT).runs:
            return found[0]
        time.sleep(0.1)
    message = "no run was submitted"
    raise AssertionError(message)


def update(run: Run, **values: Any) -> None:
    """Change attributes of the record of a run."""
    import boto3

    table = boto3.resource("dynamodb", region_name="us-east-1").Table(ENVIRONMENT.names.records_table)
    table.update_item(
        Key=RunKey(run.partition, run.run_id).run,
        UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
        ExpressionAttributeNames={f"#{name}": name for name in values},
        ExpressionAttributeValues={f":{name}": value for name, value in values.items()},
    )


@pytest.fixture
def run(project: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run the command in the process of the test, with short pauses."""
    del project
    monkeypatch.setitem(Following.__init__.__kwdefaults__, "seconds", 0.05)
    monkeypatch.setattr(following, "_LONGEST_PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(submission, "build_runner", build_small_runner)

    def invoke(*arguments: str) -> Any:
        result = CliRunner().invoke(app, ["run", "two-tower-v2", *arguments, "--", "python", "train.py"])
        if result.exception is not None and not isinstance(result.exception, (OperationError, SystemExit)):
            raise result.exception
        return result

    return invoke


def test_a_dry_run_shows_the_code_the_cluster_and_its_price_and_changes_nothing(
    run: Callable[..., Any], client: Callable[..., Any], project: Path
) -> None:
    make_group(client, nodes=0)
    shown = run("--dry-run").stdout.splitlines()
    assert shown[:2] == [
        "Environment dev (123456789012, us-east-1)",
        "Cluster     recsys-dev-two-tower-v2 would be started: 2 x g5.xlarge, 2.01 USD per hour",
    ]
    assert shown[2].startswith(f"Code        {git(project, 'rev-parse', 'HEAD')[:12]}: 5 files, 0.0 MiB, sha256 ")
    assert shown[3:] == [
        "Directory   training",
        "Command     python train.py",
        "Nothing was uploaded or started.",
    ]
    assert client("s3").list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0
    assert list_runs(ENVIRONMENT).runs == ()
    facts = json.loads(run("--dry-run", "--json").stdout)
    assert (facts["must_start"], facts["nodes"], facts["code"]["directory"]) == (True, 2, "training")


def test_in_another_repository_its_code_runs_on_a_cluster_of_the_named_project(
    run: Callable[..., Any],
    client: Callable[..., Any],
    project: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_group(client, nodes=0)
    code = a_repository(tmp_path / "ranker")
    monkeypatch.chdir(code)
    assert "name its folder in the variable MLINFRA_PROJECT_FOLDER" in str(run("--dry-run").exception)
    monkeypatch.setenv("MLINFRA_PROJECT_FOLDER", str(project))
    shown = run("--dry-run").stdout.splitlines()
    assert shown[1].startswith("Cluster     recsys-dev-two-tower-v2 would be started: ")
    assert shown[2].startswith(f"Code        {git(code, 'rev-parse', 'HEAD')[:12]}: ")


def test_before_the_first_deployment_the_command_that_deploys_is_named(run: Callable[..., Any]) -> None:
    boto3.client("dynamodb").delete_table(TableName=ENVIRONMENT.names.records_table)
    message = str(run("--dry-run").exception)
    assert "has no table of records (recsys-dev-clusters), which runs need: its stack dev-training is not" in message
    assert message.endswith("mlinfra up dev dev-training")


def test_a_run_starts_its_cluster_and_its_output_follows(run: Callable[..., Any], client: Callable[..., Any]) -> None:
    make_group(client, nodes=0)
    nodes = Nodes(client)
    nodes.start()
    result = run("--rank", "all")
    nodes.join()
    assert result.exit_code == 0, result.output
    assert sorted(result.stdout.splitlines()) == ["0 | hello from 0", "1 | hello from 1"]
    assert len(node_ids(client)) == 2
    (command,) = client("ssm").list_commands()["Commands"]
    (ended,) = list_runs(ENVIRONMENT).runs
    assert command["Parameters"] == {"RunId": [ended.run_id]}
    assert "✓ Start the cluster  2 nodes requested" in result.stderr
    assert f"✓ {ended.run_id} succeeded, 1m 15s on 2 x g5.xlarge" in result.stderr
    assert f"Outputs: s3://{BUCKET}/two-tower-v2/runs/{ended.run_id}/outputs/" in result.stderr


def test_the_exit_code_is_that_of_the_rank_that_failed_first(
    run: Callable[..., Any], client: Callable[..., Any]
) -> None:
    make_group(client)
    nodes = Nodes(client, exit_code=3)
    nodes.start()
    result = run()
    nodes.join()
    assert result.exit_code == 3
    assert result.stdout == "hello from 0\n"
    assert "Rank 1 (i-2) failed first with exit code 3." in result.stderr
    assert "  1 | hello from 1" in result.stderr
    assert ". rank 1 failed with exit code 3" in result.stderr


def test_with_json_standard_output_holds_only_the_record(run: Callable[..., Any], client: Callable[..., Any]) -> None:
    make_group(client)
    nodes = Nodes(client)
    nodes.start()
    result = run("--json")
    nodes.join()
    facts = json.loads(result.stdout)
    assert (facts["status"], facts["exit_code"], facts["nodes"]) == ("succeeded", 0, 2)
    assert facts["outputs_uri"].endswith(f"{facts['run_id']}/outputs/")
    assert "hello from 0" in result.stderr


def test_a_detached_run_prints_its_id(run: Callable[..., Any], client: Callable[..., Any]) -> None:
    make_group(client, nodes=0)
    result = run("--detach")
    (submitted,) = list_runs(ENVIRONMENT).runs
    assert (result.exit_code, result.stdout) == (0, f"{submitted.run_id}\n")
    assert f"runs logs {submitted.run_id}" in result.stderr
    assert submitted.status == "waiting"
    assert len(node_ids(client)) == 2


def test_without_nodes_in_time_the_run_ends_and_the_cluster_is_stopped_again(
    run: Callable[..., Any], client: Callable[..., Any]
) -> None:
    make_group(client, nodes=0, **{LAUNCH_ERROR_TAG: "InsufficientInstanceCapacity"})
    result = run("--wait", "1s")
    assert isinstance(result.exception, OperationError)
    message = result.exception.message
    assert "AWS has no capacity of this instance type" in message
    assert message.endswith("has ended. The cluster, which was stopped before, is stopped again.")
    (ended,) = list_runs(ENVIRONMENT).runs
    assert ended.status == "failed"
    assert ended.reason is not None
    assert ended.reason.startswith("Not all nodes were ready")
    group = client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"][0]
    assert group["DesiredCapacity"] == 0


def test_a_second_run_on_the_cluster_is_refused(run: Callable[..., Any], client: Callable[..., Any]) -> None:
    make_group(client)
    first = run("--detach").stdout.strip()
    result = run()
    assert isinstance(result.exception, OperationError)
    assert result.exception.message.startswith(f"recsys-dev-two-tower-v2 is occupied: {first} (python train.py)")
    assert run("--concurrent", "--detach").exit_code == 0
    assert run("--in-turn", "--detach").exit_code == 0


def test_an_unknown_experiment_is_an_error_with_the_nearest_name(project: Path) -> None:
    del project
    error = CliRunner().invoke(app, ["run", "two-tower", "--", "true"]).exception
    assert isinstance(error, OperationError)
    assert error.message == (
        "No environment declares an experiment 'two-tower'. Did you mean 'two-tower-v2'? Declared: two-tower-v2."
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--wait", "soon"], "'soon' is not a duration. Expected: such as 90s, 30m or 2h."),
        (["--nodes", "2"], "concern queues. Expected: --queue NAME too."),
        (["--queue", "shared", "--keep", "5"], "--keep, --concurrent and --in-turn concern clusters"),
        (["--concurrent", "--in-turn"], "--in-turn waits for other runs, and --concurrent does not."),
        (["--rank", "first"], "'first' is not a rank."),
    ],
)
def test_invalid_options_are_refused(project: Path, arguments: list[str], message: str) -> None:
    del project
    result = CliRunner().invoke(app, ["run", "two-tower-v2", *arguments, "--", "true"])
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.replace("│", " ").split())


class Process:
    """The command in a process of its own, for signals."""

    def __init__(self, folder: Path) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "mlinfra", "run", "two-tower-v2", "--", "python", "train.py"],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self.errors: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._child.stderr is not None
        with self._child.stderr as stream:
            for line in stream:
                self.errors.append(line)

    def wait_for(self, text: str, seconds: float = 60) -> None:
        until = time.monotonic() + seconds
        while not any(text in line for line in self.errors):
            assert time.monotonic() < until, self.errors
            assert self._child.poll() is None, self.errors
            time.sleep(0.05)

    def interrupt(self) -> None:
        self._child.send_signal(signal.SIGINT)

    def ended(self) -> int:
        code = self._child.wait(timeout=60)
        self._reader.join()
        return code

    def kill(self) -> None:
        self._child.kill()
        self._child.wait()
        self._reader.join()


@pytest.fixture
def followed(project: Path, client: Callable[..., Any]) -> Iterator[Process]:
    """The command, while it follows a run on two nodes."""
    for each in make_group(client):
        report(client, each, minutes=1)
    process = Process(project / "training")
    try:
        run = submitted_run()
        for each in ("i-1", "i-2"):
            # Their last report is in the future, so that they live as long as the test.
            put_node(each, run_id=run.run_id, seen=-600)
        put_plan("i-1", "i-2", run_id=run.run_id)
        process.wait_for("running on 2 nodes")
        yield process
    finally:
        process.kill()


@pytest.mark.lengthy
def test_ctrl_c_detaches_and_says_how_to_come_back(followed: Process) -> None:
    followed.interrupt()
    assert followed.ended() == 0
    (run,) = list_runs(ENVIRONMENT).runs
    assert (run.is_active, run.cancelled_at) == (True, None)
    shown = "".join(followed.errors)
    assert "Detached: the run goes on. To cancel it, press Ctrl-C again within 3 seconds." in shown
    assert f"runs logs {run.run_id}. To cancel it: " in shown


@pytest.mark.lengthy
def test_a_second_ctrl_c_cancels(followed: Process) -> None:
    followed.interrupt()
    followed.wait_for("press Ctrl-C again")
    followed.interrupt()
    assert followed.ended() == 130
    (run,) = list_runs(ENVIRONMENT).runs
    assert run.cancelled_at is not None
    assert f"The run {run.run_id} is cancelled. 2 nodes stop its command." in "".join(followed.errors)
