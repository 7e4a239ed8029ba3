"""Notices and the commands that attend to them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from mlinfra.functions.activity import Verdict
from mlinfra.operations.clusters import Mark
from mlinfra.operations.status.notices import cluster_notices, run_notices, service_notices
from mlinfra.operations.status.services import EndpointStatus, QueueStatus
from tests.unit.cli.recorded_runs import a_run, at
from tests.unit.cli.test_clusters import a_cluster

if TYPE_CHECKING:
    from mlinfra.operations.clusters import Cluster
    from mlinfra.operations.runs import Run

NOW = at(62)


def of_clusters(*clusters: Cluster) -> list[tuple[str, str | None]]:
    return [(each.text, each.action and each.action.split(maxsplit=1)[1]) for each in cluster_notices(clusters)]


def of_runs(*runs: Run) -> list[tuple[str, str | None]]:
    return [(each.text, each.action and each.action.split(maxsplit=1)[1]) for each in run_notices(runs, NOW)]


def test_a_busy_cluster_needs_nothing() -> None:
    assert of_clusters(a_cluster(nodes=2)) == []


def test_an_idle_cluster_can_be_stopped() -> None:
    idle = replace(a_cluster(nodes=2), work=Verdict.IDLE, idle_minutes=40)
    assert of_clusters(idle) == [("is idle for 40 minutes", "clusters stop dev two-tower-v2")]


def test_an_expiring_cluster_can_be_extended() -> None:
    mark = Mark("expiring", "it expires in less than 24 hours")
    assert of_clusters(a_cluster(mark, nodes=2)) == [
        ("it expires in less than 24 hours", "clusters extend dev two-tower-v2 --until DATE")
    ]


def test_a_group_without_an_experiment_has_no_command_of_mlinfra() -> None:
    group = replace(a_cluster(Mark("expiring", "it expires in less than 24 hours"), nodes=2), experiment="")
    assert of_clusters(group) == [("it expires in less than 24 hours", None)]


def test_a_stopped_cluster_that_has_expired_needs_nothing() -> None:
    assert of_clusters(a_cluster(Mark("expired", "it has expired"))) == []


def test_a_failed_run_leads_to_the_output_of_its_failed_rank() -> None:
    failed = a_run(status="failed", exit_code=2, failed_rank=1, ended_at=at(30), reason="the command failed")
    assert of_runs(failed) == [
        ("failed with exit code 2: the command failed", f"runs logs {failed.run_id} --rank 1"),
    ]


def test_a_run_that_failed_long_ago_is_history() -> None:
    assert of_runs(a_run(status="failed", ended_at=NOW - timedelta(days=2))) == []


def test_a_lost_run_is_shown() -> None:
    lost = a_run(status="lost")
    assert of_runs(lost) == [("is lost", f"runs show {lost.run_id}")]


def test_a_run_that_waits_for_long_is_shown() -> None:
    waiting = a_run(status="waiting", submitted_at=NOW - timedelta(minutes=45))
    assert of_runs(waiting) == [("has waited for 45 minutes", f"runs show {waiting.run_id}")]
    assert of_runs(replace(waiting, submitted_at=NOW - timedelta(minutes=5))) == []


def test_disabled_queues_and_failed_endpoints_are_named() -> None:
    queues = [QueueStatus("shared", "ana@example.com", 0, 0, "disabled"), QueueStatus("b", "b", 0, 0, "enabled")]
    endpoints = [EndpointStatus("ranker", "ana@example.com", "Failed"), EndpointStatus("b", "b", "InService")]
    assert [each.subject for each in service_notices(queues, endpoints)] == ["shared", "ranker"]
