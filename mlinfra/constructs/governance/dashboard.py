"""The CloudWatch dashboard of an environment: GPUs, cost, idle and expired clusters."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mlinfra._cdk import Construct
from mlinfra._cdk.aws import cloudwatch_dashboard
from mlinfra.constructs.parts import environment_of
from mlinfra.functions.contract import Metric

if TYPE_CHECKING:
    from mlinfra.declarations import Environment

_WIDTH = 12
"""Half of the 24 columns of a dashboard."""
_HEIGHT = 6
_FIVE_MINUTES = 300
_HOUR = 3600
_MOST_METRICS = 500
"""The metrics of one widget. Source: CloudWatch user guide, "CloudWatch service quotas", read 2026-11-29."""
_METRICS_OF_MEMORY = 3

Widget = dict[str, Any]


class Dashboard(Construct):
    """GPU utilization and memory of each declared cluster, cost so far, and running, idle and expired clusters.

    The nodes report GPU metrics every minute; the janitor reports the others every hour.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        environment: Environment | None = None,
    ) -> None:
        """Declare the dashboard.

        Args:
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            environment: the environment. Default: the environment of the enclosing MlStack.
        """
        environment = environment_of(scope, environment)
        super().__init__(scope, id)
        self._dashboard = cloudwatch_dashboard.CloudwatchDashboard(
            self,
            "dashboard",
            dashboard_name=environment.names.prefix,
            dashboard_body=json.dumps({"widgets": _placed(_widgets(environment))}, sort_keys=True),
        )

    @property
    def dashboard(self) -> cloudwatch_dashboard.CloudwatchDashboard:
        """The dashboard."""
        return self._dashboard


def _widgets(environment: Environment) -> list[Widget]:
    clusters = [environment.names.cluster(each) for each in environment.experiments]
    own = [Metric.ENVIRONMENT, environment.names.prefix]
    counts = [
        [Metric.CLUSTERS_NAMESPACE, name, *own]
        for name in (Metric.RUNNING_CLUSTERS, Metric.IDLE_CLUSTERS, Metric.EXPIRED_CLUSTERS)
    ]
    # Clusters that are no longer declared are found too.
    costs = (
        f"SEARCH('{{{Metric.CLUSTERS_NAMESPACE},{Metric.ENVIRONMENT},{Metric.CLUSTER}}} "
        f'MetricName="{Metric.COST_USD}" {Metric.ENVIRONMENT}="{environment.names.prefix}"\', \'Maximum\', {_HOUR})'
    )
    return [
        *(_gpu_widgets(environment, clusters) if clusters else ()),
        _widget(environment, "Running, idle and expired clusters", counts, statistic="Maximum", period=_HOUR),
        _widget(
            environment,
            "Price of running nodes, USD per hour",
            [[Metric.CLUSTERS_NAMESPACE, Metric.USD_PER_HOUR, *own]],
            statistic="Maximum",
            period=_HOUR,
        ),
        _widget(
            environment,
            "Cost of each cluster so far, USD (estimate)",
            [[{"expression": costs, "label": ""}]],
            statistic="Maximum",
            period=_HOUR,
        ),
    ]


def _gpu_widgets(environment: Environment, clusters: list[str]) -> list[Widget]:
    shown = clusters[:_MOST_METRICS]
    utilization = [[Metric.NAMESPACE, Metric.GPU_UTILISATION, Metric.GROUP, each] for each in shown]
    memory: list[list[Any]] = []
    for number, each in enumerate(clusters[: _MOST_METRICS // _METRICS_OF_MEMORY]):
        memory += [
            [{"expression": f"100 * used{number} / total{number}", "label": each}],
            [Metric.NAMESPACE, Metric.GPU_MEMORY_USED, Metric.GROUP, each, {"id": f"used{number}", "visible": False}],
            [Metric.NAMESPACE, Metric.GPU_MEMORY_TOTAL, Metric.GROUP, each, {"id": f"total{number}", "visible": False}],
        ]
    return [
        _widget(environment, "GPU utilization, percent", utilization, statistic="Average", percent=True),
        _widget(environment, "GPU memory, percent", memory, statistic="Average", percent=True),
    ]


def _widget(
    environment: Environment,
    title: str,
    metrics: list[Any],
    *,
    statistic: str,
    period: int = _FIVE_MINUTES,
    percent: bool = False,
) -> Widget:
    return {
        "type": "metric",
        "width": _WIDTH,
        "height": _HEIGHT,
        "properties": {
            "title": title,
            "metrics": metrics,
            "region": environment.region,
            "stat": statistic,
            "period": period,
            "view": "timeSeries",
            "yAxis": {"left": {"min": 0, "max": 100} if percent else {"min": 0}},
        },
    }


def _placed(widgets: list[Widget]) -> list[Widget]:
    """The widgets in two columns."""
    return [{**each, "x": number % 2 * _WIDTH, "y": number // 2 * _HEIGHT} for number, each in enumerate(widgets)]
