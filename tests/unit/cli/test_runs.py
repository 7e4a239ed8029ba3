"""Output of `mlinfra runs`."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

import mlinfra.declarations
import mlinfra.operations.terraform
from mlinfra.cli.runs import runs
from mlinfra.operations import registration, runs as operations
from mlinfra.operations.runs import Attempt, EnvironmentRuns
from tests.local_aws import make_records_table
from tests.unit.cli.recorded_runs import a_node, a_run, at
from tests.unit.operations.runs.recorded import ENVIRONMENT, ME, RUN_ID, put_node, put_run, seconds_ago
from tests.unit.operations.runs.repositories import a_repository, git, write
from tests.unit.operations.runs.specifications import a_specification

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result
    from syrupy.assertion import SnapshotAssertion

SPECIFICATION = a_specification()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Result]:
    """Run the command in a project that declares one environment."""
    monkeypatch.setattr(mlinfra.declarations, "load_environments", lambda *_, **__: (ENVIRONMENT,))
    monkeypatch.setattr(mlinfra.operations.terraform, "project_root", lambda: tmp_path)
    return lambda *arguments, width=120: CliRunner().invoke(runs, arguments, env={"COLUMNS": str(width)})


@pytest.fixture
def recorded(client: Callable[..., Any]) -> Callable[..., Any]:
    """Clients of a local AWS with one run on two nodes."""
    make_records_table(client, ENVIRONMENT.names.records_table)
    put_run(started_at=seconds_ago(50))
    put_node("i-1", joined_at=seconds_ago(50), instance_type="g5.xlarge", running_seconds=36)
    put_node("i-2", joined_at=seconds_ago(50), instance_type="g5.xlarge", running_seconds=36)
    return client


@pytest.mark.parametrize("width", [80, 120])
def test_the_list_fits_the_width_of_the_terminal(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, snapshot: SnapshotAssertion, width: int
) -> None:
    found = (
        a_run(),
        a_run("20261129-090000-1111", "failed", exit_code=2, ended_at=at(-1380), nodes=1, started_at=at(-1395)),
        a_run("20261128-090000-2222", "lost", experiment="ranker", attempts=(), started_at=None),
    )
    monkeypatch.setattr(operations, "list_runs_everywhere", lambda *_, **__: EnvironmentRuns(found))
    monkeypatch.setattr(operations, "selected_environments", lambda *_: (ENVIRONMENT,))
    shown = run("list", width=width).stdout
    assert max(map(len, shown.splitlines())) <= width
    assert shown == snapshot


@pytest.mark.parametrize("width", [80, 120])
def test_show_fits_the_width_of_the_terminal(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, snapshot: SnapshotAssertion, width: int
) -> None:
    lost = Attempt(1, nodes=(a_node(0, step="ended", exit_code=-15), a_node(1, reason="spot interruption")))
    second = Attempt(2, nodes=(a_node(0, 2), a_node(2, 2, detail="step 1200 of 5000")))
    found = a_run(retries=1, attempt=2, attempts=(lost, second))
    description = operations.RunDescription(found, operations.run_figures(ENVIRONMENT, found), SPECIFICATION, None)
    monkeypatch.setattr(operations, "find_run_everywhere", lambda *_: (None, found))
    monkeypatch.setattr(operations, "selected_environments", lambda *_: (ENVIRONMENT,))
    monkeypatch.setattr(operations, "describe_run", lambda *_: description)
    shown = run("show", RUN_ID, width=width).stdout
    assert max(map(len, shown.splitlines())) <= width
    assert shown == snapshot


@pytest.mark.usefixtures("recorded")
def test_runs_of_the_account_in_use_are_listed_as_json(run: Callable[..., Result]) -> None:
    ended = run("list", "--json")
    assert ended.exit_code == 0, ended.output
    (facts,) = json.loads(ended.stdout)
    assert (facts["run_id"], facts["status"], facts["environment"]) == (RUN_ID, "running", "dev")
    assert facts["figures"]["gpu_hours"] == 0.02


@pytest.mark.usefixtures("recorded")
def test_a_filter_without_a_match_is_said(run: Callable[..., Result]) -> None:
    assert run("list", "--mine").stdout == "There are no such runs.\n"


@pytest.mark.usefixtures("recorded")
def test_the_next_page_is_offered(run: Callable[..., Result]) -> None:
    put_run("20261130-101400-0000", status="failed")
    first = run("list", "--limit", "1")
    assert f"There are more: --before {RUN_ID}" in first.stderr
    second = run("list", "--before", RUN_ID, "--json")
    assert [each["run_id"] for each in json.loads(second.stdout)] == ["20261130-101400-0000"]


def test_an_unknown_status_is_refused_with_the_known_ones(run: Callable[..., Result]) -> None:
    ended = run("list", "--status", "done", width=400)
    assert ended.exit_code == 2
    assert "'done' is not a status. Expected: one of waiting, running, retrying, succeeded" in ended.output


def test_a_page_begins_after_a_whole_id(run: Callable[..., Result]) -> None:
    ended = run("list", "--before", "7f3a", width=400)
    assert ended.exit_code == 2
    assert "'7f3a' is not the id of a run. Expected: a whole id" in ended.output


@pytest.mark.usefixtures("recorded")
def test_a_run_without_its_specification_is_shown_from_its_records(run: Callable[..., Result]) -> None:
    ended = run("show", "7f3a")
    assert ended.exit_code == 0, ended.output
    assert f"The record of the run {RUN_ID} does not name its specification." in ended.stderr
    assert "python train.py --lr 0.1" in ended.stdout


def test_a_run_is_shown_with_its_specification_and_result(
    run: Callable[..., Result], client: Callable[..., Any]
) -> None:
    make_records_table(client, ENVIRONMENT.names.records_table)
    client("s3").create_bucket(Bucket=SPECIFICATION.bucket)
    for name, content in (("run.json", SPECIFICATION.to_json()), ("result.json", '{"loss": 0.25}')):
        client("s3").put_object(Bucket=SPECIFICATION.bucket, Key=SPECIFICATION.run_object(name), Body=content.encode())
    put_run(status="succeeded", bucket=SPECIFICATION.bucket, specification=SPECIFICATION.run_object("run.json"))
    facts = json.loads(run("show", "latest", "--json").stdout)
    assert facts["result"] == {"loss": 0.25}
    assert facts["specification"]["provenance"]["commit"] == "1" * 40


@pytest.mark.usefixtures("recorded")
def test_the_run_of_another_principal_is_cancelled_by_force_only(run: Callable[..., Result]) -> None:
    refused = run("cancel", "7f3a")
    assert refused.exit_code == 1
    assert "was submitted by" in str(refused.exception)
    ended = run("cancel", "7f3a", "--force")
    assert ended.stdout.startswith(f"{RUN_ID} is being cancelled: 2 nodes stop its command.")


@pytest.mark.usefixtures("recorded")
def test_a_run_without_nodes_is_cancelled_at_once(run: Callable[..., Result]) -> None:
    put_run("20261130-101600-0000", status="waiting", submitted_by=ME)
    ended = run("cancel", "latest")
    assert ended.stdout == "20261130-101600-0000 is cancelled. No node was running it.\n"


@pytest.mark.parametrize("width", [80, 120])
def test_a_comparison_fits_the_width_of_the_terminal(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, snapshot: SnapshotAssertion, width: int
) -> None:
    slow = a_run("20261129-090000-1111", "failed", exit_code=1, ended_at=at(70), command="torchrun train.py --amp")
    found = {each.run_id: each for each in (a_run(), slow)}

    def describe(_: object, chosen: operations.Run) -> operations.RunDescription:
        changes = {"variables": {"SEED": "8"}} if chosen is slow else {}
        figures = operations.run_figures(ENVIRONMENT, chosen)
        return operations.RunDescription(chosen, figures, a_specification(**changes), None)

    monkeypatch.setattr(
        operations, "find_run_everywhere", lambda _, wanted: (SimpleNamespace(account=None), found[wanted])
    )
    monkeypatch.setattr(operations, "selected_environments", lambda *_: (ENVIRONMENT,))
    monkeypatch.setattr(operations, "describe_run", describe)
    monkeypatch.setattr(registration, "read_run_metrics", lambda *_: {"loss": 0.25})
    ended = run("compare", *found, width=width)
    assert ended.exit_code == 0, ended.output
    assert max(map(len, ended.stdout.splitlines())) <= width
    assert ended.stdout == snapshot


def test_code_is_compared_in_the_repository_of_the_working_directory(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    code = a_repository(tmp_path_factory.mktemp("ranker"))
    commits = {RUN_ID: git(code, "rev-parse", "HEAD")}
    write(code, training__train_py="print('hello again')\n")
    git(code, "commit", "--quiet", "--all", "--message=Change")
    commits["20261129-090000-1111"] = git(code, "rev-parse", "HEAD")
    found = {name: a_run(name) for name in commits}

    def describe(_: object, chosen: operations.Run) -> operations.RunDescription:
        provenance = replace(SPECIFICATION.provenance, commit=commits[chosen.run_id])
        specification = a_specification(provenance=provenance)
        return operations.RunDescription(chosen, operations.run_figures(ENVIRONMENT, chosen), specification, None)

    monkeypatch.setattr(
        operations, "find_run_everywhere", lambda _, wanted: (SimpleNamespace(account=None), found[wanted])
    )
    monkeypatch.setattr(operations, "selected_environments", lambda *_: (ENVIRONMENT,))
    monkeypatch.setattr(operations, "describe_run", describe)
    monkeypatch.setattr(registration, "read_run_metrics", lambda *_: {})
    monkeypatch.chdir(code)
    assert "training/train.py | 2 +-" in run("compare", *found).stdout


def test_one_run_cannot_be_compared(run: Callable[..., Result]) -> None:
    assert "Two or more runs are required." in run("compare", RUN_ID).output


@pytest.fixture
def logged(client: Callable[..., Any]) -> Callable[..., Any]:
    """An ended run of two ranks with their output in CloudWatch Logs."""
    specification = a_specification()
    make_records_table(client, ENVIRONMENT.names.records_table)
    client("s3").create_bucket(Bucket=specification.bucket)
    key = specification.run_object("run.json")
    client("s3").put_object(Bucket=specification.bucket, Key=key, Body=specification.to_json().encode())
    client("logs").create_log_group(logGroupName=specification.log_group)
    for rank in (0, 1):
        stream = specification.log_stream(1, rank)
        client("logs").create_log_stream(logGroupName=specification.log_group, logStreamName=stream)
        client("logs").put_log_events(
            logGroupName=specification.log_group,
            logStreamName=stream,
            logEvents=[{"timestamp": int(seconds_ago(30) * 1000), "message": f"[bold] rank {rank}"}],
        )
    put_run(
        status="failed",
        exit_code=3,
        reason="the command failed",
        bucket=specification.bucket,
        specification=specification.run_object("run.json"),
    )
    return client


@pytest.mark.usefixtures("logged")
def test_the_output_of_one_rank_is_shown_as_it_was_written(run: Callable[..., Result]) -> None:
    ended = run("logs", "7f3a", "--rank", "1")
    assert ended.stdout == "[bold] rank 1\n"
    assert f"{RUN_ID} failed with exit code 3: the command failed" in ended.stderr


@pytest.mark.usefixtures("logged")
def test_the_output_of_all_ranks_has_their_numbers(run: Callable[..., Result]) -> None:
    assert run("logs", "7f3a", "--rank", "all").stdout == "0 | [bold] rank 0\n1 | [bold] rank 1\n"


@pytest.mark.usefixtures("logged")
def test_a_rank_that_the_run_does_not_have_is_refused(run: Callable[..., Result]) -> None:
    assert "The run has no rank 2. Expected: 0 to 1." in run("logs", "7f3a", "--rank", "2", width=400).output
