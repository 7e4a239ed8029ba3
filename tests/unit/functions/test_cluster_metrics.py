"""Metrics of all clusters in CloudWatch's embedded metric format."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.functions.contract import Metric, Variable
from tests.unit.functions.cloud import NAME, PRICE

if TYPE_CHECKING:
    from tests.unit.functions.cloud import Cloud


def lines(output: str) -> list[dict[str, Any]]:
    written = [json.loads(line) for line in output.splitlines()]
    return [each for each in written if "_aws" in each]


def test_running_idle_and_expired_clusters_are_counted_before_any_is_stopped(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.gpus(cloud.group(), 0)
    cloud.gpus(cloud.group("recsys-dev-other", nodes=1, Expires=cloud.yesterday), 90)
    cloud.group("recsys-dev-stopped", nodes=0)
    cloud.now += timedelta(minutes=1)
    cloud.janitor()
    environment, *clusters = lines(capsys.readouterr().out)
    assert environment["Environment"] == "recsys-dev"
    assert (environment["RunningClusters"], environment["IdleClusters"], environment["ExpiredClusters"]) == (2, 1, 1)
    assert environment["UsdPerHour"] == pytest.approx(3 * PRICE)
    assert {each["Cluster"] for each in clusters} == {NAME, "recsys-dev-other", "recsys-dev-stopped"}
    assert {each["Cluster"]: each["CostUsd"] for each in clusters}[NAME] > 0


def test_each_line_describes_its_metrics_in_the_embedded_format(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """Source: CloudWatch user guide, "Specification: Embedded metric format"."""
    cloud.gpus(cloud.group(), 97)
    cloud.janitor()
    written = lines(capsys.readouterr().out)
    assert len(written) == 2
    for line in written:
        (described,) = line["_aws"]["CloudWatchMetrics"]
        assert described["Namespace"] == Metric.CLUSTERS_NAMESPACE
        assert line["_aws"]["Timestamp"] == int(cloud.now.timestamp() * 1000)
        (dimensions,) = described["Dimensions"]
        assert all(isinstance(line[name], str) and line[name] for name in dimensions)
        assert all(isinstance(line[each["Name"]], int | float) for each in described["Metrics"])


def test_without_the_name_of_the_environment_nothing_is_written(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.set(Variable.PREFIX, None)
    cloud.gpus(cloud.group(), 97)
    cloud.janitor()
    assert lines(capsys.readouterr().out) == []
