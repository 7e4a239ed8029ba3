"""Calls of AWS through its command line, which every image has."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlinfra.functions.contract import Event, JobStatus, Metric, NodeKey, NodeReport, Table
from mlinfra.node_guard.jobs import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlinfra.node_guard.commands import Commands

log = logging.getLogger("mlinfra-node-guard")

_SECONDS = 12
_KEPT_SECONDS = 2 * 24 * 60 * 60


@dataclass(frozen=True)
class Aws:
    """The records, metrics and protection of one node."""

    commands: Commands
    cluster: str
    instance_id: str
    table: str

    def jobs(self) -> list[dict[str, object]] | None:
        """The records of the running jobs of the cluster, and of those that keep it. None: they could not be read."""
        answer = self._call(
            "dynamodb",
            "query",
            "--table-name",
            self.table,
            "--consistent-read",
            "--key-condition-expression",
            "#c = :c and begins_with(#r, :j)",
            "--filter-expression",
            "#s = :s or attribute_exists(#k)",
            "--expression-attribute-names",
            json.dumps({"#c": Table.CLUSTER, "#r": Table.RECORD, "#s": Table.JOB_STATUS, "#k": Table.KEEP_MINUTES}),
            "--expression-attribute-values",
            json.dumps({":c": {"S": self.cluster}, ":j": {"S": Table.JOB_PREFIX}, ":s": {"S": JobStatus.RUNNING}}),
            "--query",
            "Items",
            "--output",
            "json",
        )
        try:
            return None if answer is None else [plain(each) for each in json.loads(answer) or []]
        except (ValueError, AttributeError):
            return None

    def report(self, values: Mapping[str, Any], *, at: int) -> bool:
        """Replace the node's report.

        Args:
            values: the attributes, by name. None: the attribute is removed.
            at: epoch seconds.

        Returns:
            True if it was written.
        """
        values = {**values, NodeReport.REPORTED_AT: at, Table.EXPIRE_AT: at + _KEPT_SECONDS}
        known = {name: value for name, value in values.items() if value is not None}
        removed = [name for name, value in values.items() if value is None]
        change = "SET " + ", ".join(f"#{name} = :{name}" for name in known)
        if removed:
            change += " REMOVE " + ", ".join(f"#{name}" for name in removed)
        key = {name: _typed(value) for name, value in NodeKey(self.cluster, self.instance_id).item.items()}
        answer = self._call(
            "dynamodb",
            "update-item",
            "--table-name",
            self.table,
            "--key",
            json.dumps(key),
            "--update-expression",
            change,
            "--expression-attribute-names",
            json.dumps({f"#{name}": name for name in values}),
            "--expression-attribute-values",
            json.dumps({f":{name}": _typed(value) for name, value in known.items()}),
        )
        return answer is not None

    def put_metrics(self, values: Mapping[str, tuple[float, str]]) -> bool:
        """Put metrics of the node, in one call.

        Args:
            values: value and unit, by the name of the metric.

        Returns:
            True if they were taken.
        """
        dimensions = [
            {"Name": Metric.INSTANCE, "Value": self.instance_id},
            {"Name": Metric.GROUP, "Value": self.cluster},
        ]
        data = [
            {"MetricName": name, "Dimensions": dimensions, "Value": value, "Unit": unit}
            for name, (value, unit) in values.items()
        ]
        answer = self._call(
            "cloudwatch",
            "put-metric-data",
            "--namespace",
            Metric.NODE_NAMESPACE,
            "--metric-data",
            json.dumps(data),
        )
        return answer is not None

    def protect(self, *, on: bool, why: str) -> None:
        """Enable or disable scale-in protection, if it is not so yet."""
        current = self._call(
            "autoscaling",
            "describe-auto-scaling-instances",
            "--instance-ids",
            self.instance_id,
            "--query",
            "AutoScalingInstances[0].ProtectedFromScaleIn",
            "--output",
            "text",
        )
        if current is None or current.strip() != ("False" if on else "True"):
            return
        changed = self._call(
            "autoscaling",
            "set-instance-protection",
            "--instance-ids",
            self.instance_id,
            "--auto-scaling-group-name",
            self.cluster,
            "--protected-from-scale-in" if on else "--no-protected-from-scale-in",
        )
        if changed is not None:
            log.info("%s: %s", why, "protected from scale-in" if on else "no longer protected from scale-in")

    def send_event(self, kind: str, reason: str) -> bool:
        """Send an event about the node to EventBridge.

        Args:
            kind: the detail type.
            reason: the reason, as a clause.

        Returns:
            True if EventBridge has accepted it: a refused entry is not an error of the call.
        """
        detail = {"cluster": self.cluster, "instance_id": self.instance_id, "reason": reason}
        entry = {"Source": Event.NODE_SOURCE, "DetailType": kind, "Detail": json.dumps(detail)}
        answer = self._call(
            "events",
            "put-events",
            "--entries",
            json.dumps([entry]),
            "--query",
            "FailedEntryCount",
            "--output",
            "text",
        )
        return answer is not None and answer.strip() == "0"

    def _call(self, *arguments: str) -> str | None:
        return self.commands.run(["aws", *arguments], seconds=_SECONDS)


def _typed(value: str | float) -> dict[str, str]:
    """A value in the form of DynamoDB."""
    return {"S": value} if isinstance(value, str) else {"N": f"{value:g}" if isinstance(value, float) else str(value)}


def set_environment(region: str) -> None:
    """Set the environment variables of the AWS command line.

    Args:
        region: the region of the node.
    """
    os.environ.update(AWS_DEFAULT_REGION=region, AWS_PAGER="", AWS_RETRY_MODE="standard", AWS_MAX_ATTEMPTS="2")
    os.environ.update(AWS_METADATA_SERVICE_TIMEOUT="5", AWS_METADATA_SERVICE_NUM_ATTEMPTS="5")
    # systemd's default path has no folders of accelerator tools.
    os.environ["PATH"] = ":".join([os.environ.get("PATH", "/usr/bin:/bin"), "/opt/aws/neuron/bin", "/usr/local/bin"])
