"""Metrics of all clusters of an environment, for dashboards and alarms.

They are written to the log in CloudWatch's embedded metric format, which needs no permission and no request. Source:
CloudWatch user guide, "Embedding metrics within logs", read 2026-11-29.
"""

from __future__ import annotations

import json
import math
import sys
from typing import TYPE_CHECKING

from mlinfra.functions import cost
from mlinfra.functions.activity import Verdict
from mlinfra.functions.contract import Metric

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from mlinfra.functions.assessment import Assessment


def report_clusters(environment: str, seen: Sequence[Assessment], now: datetime) -> None:
    """Write the numbers of running, idle and expired clusters, their price, and the cost of each cluster.

    Args:
        environment: the project and the name of the environment, such as `recsys-dev`. Empty: unknown; nothing is
            written.
        seen: the clusters before the run stopped any of them.
        now: the time of the assessment.
    """
    if not environment:
        return  # CloudWatch rejects dimensions without a value
    running = [each for each in seen if not each.target.is_stopped]
    prices = [cost.node_price(node, each.target.tags) for each in running for node in each.target.nodes]
    dimensions = {Metric.ENVIRONMENT: environment}
    _write(
        dimensions,
        {
            Metric.RUNNING_CLUSTERS: len(running),
            Metric.IDLE_CLUSTERS: sum(each.evidence.verdict is Verdict.IDLE for each in running),
            Metric.EXPIRED_CLUSTERS: sum(each.expiry.is_expired(now) for each in running),
            Metric.USD_PER_HOUR: round(math.fsum(price.usd_per_hour for price in prices if price is not None), 4),
        },
        now,
    )
    for each in seen:
        _write({**dimensions, Metric.CLUSTER: each.target.name}, {Metric.COST_USD: round(each.cost.usd_known, 4)}, now)


def _write(dimensions: Mapping[str, str], values: Mapping[str, float], now: datetime) -> None:
    described = {
        "Namespace": Metric.CLUSTERS_NAMESPACE,
        "Dimensions": [list(dimensions)],
        "Metrics": [{"Name": name} for name in values],
    }
    about = {"Timestamp": int(now.timestamp() * 1000), "CloudWatchMetrics": [described]}
    sys.stdout.write(json.dumps({"_aws": about, "message": "Cluster Metrics", **dimensions, **values}) + "\n")
