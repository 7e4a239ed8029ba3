"""Widgets of the dashboard."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mlinfra import Dashboard
from mlinfra.functions.contract import Metric
from tests.conftest import an_environment, an_experiment

if TYPE_CHECKING:
    from mlinfra.testing import Synth


def widgets(synth: Synth, **changes: Any) -> list[dict[str, Any]]:
    config = synth.constructs(lambda stack: Dashboard(stack, "dashboard"), environment=an_environment(**changes))
    found: list[dict[str, Any]] = json.loads(config.one("aws_cloudwatch_dashboard")["dashboard_body"])["widgets"]
    return found


def test_it_shows_utilization_and_memory_of_the_gpus_of_each_declared_cluster(synth: Synth) -> None:
    made = widgets(synth, experiments=[an_experiment(name="ranker"), an_experiment(name="two-tower")])
    gpu, memory = made[0]["properties"], made[1]["properties"]
    assert gpu["metrics"] == [
        ["CWAgent", "nvidia_smi_utilization_gpu", "AutoScalingGroupName", name]
        for name in ("recsys-dev-ranker", "recsys-dev-two-tower")
    ]
    assert memory["metrics"][0] == [{"expression": "100 * used0 / total0", "label": "recsys-dev-ranker"}]


def test_it_shows_the_metrics_of_the_janitor(synth: Synth) -> None:
    made = widgets(synth)
    counts, price, cost = (each["properties"] for each in made)
    own = ["Environment", "recsys-dev"]
    assert counts["metrics"] == [
        [Metric.CLUSTERS_NAMESPACE, name, *own] for name in ("RunningClusters", "IdleClusters", "ExpiredClusters")
    ]
    assert price["metrics"] == [[Metric.CLUSTERS_NAMESPACE, "UsdPerHour", *own]]
    assert cost["metrics"][0][0]["expression"] == (
        'SEARCH(\'{mlinfra/Clusters,Environment,Cluster} MetricName="CostUsd" Environment="recsys-dev"\', '
        "'Maximum', 3600)"
    )


def test_widgets_do_not_overlap(synth: Synth) -> None:
    made = widgets(synth, experiments=[an_experiment()])
    assert len({(each["x"], each["y"]) for each in made}) == len(made) == 5
    assert max(each["x"] + each["width"] for each in made) == 24
