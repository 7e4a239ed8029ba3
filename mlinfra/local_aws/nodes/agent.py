"""The CloudWatch agent of a node: ships its log files, and puts metrics of its memory and GPUs.

Reads the settings that a boot script gives to `amazon-cloudwatch-agent-ctl`. Supported: the collected files, the
metrics `mem_used_percent` and those of `nvidia_gpu`, dimensions for the instance and its group, the interval. Source:
CloudWatch user guide, "Manually create or edit the CloudWatch agent configuration file" and "Collect NVIDIA GPU
metrics", read 2026-11-29.
"""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from mlinfra.local_aws.nodes.programs.answers import Answer, refused
from mlinfra.local_aws.nodes.programs.aws import NoCredentialsError, client_of
from mlinfra.local_aws.nodes.programs.nvidia_smi import pci_address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mlinfra.local_aws.nodes.node import Node
    from mlinfra.local_aws.nodes.programs.answers import Call

_LOG_SECONDS: Final = 1.0
"""The interval of log files. The agent's own default is 5 seconds."""
_DEFAULT_INTERVAL: Final = 60.0
_LONGEST_EVENT: Final = 200_000
_MOST_EVENTS: Final = 1_000
_FAILURES: Final = (BotoCoreError, ClientError, NoCredentialsError)


def control(node: Node, call: Call) -> Answer:
    """`amazon-cloudwatch-agent-ctl`: start the agent with settings from a file."""
    arguments = list(call.arguments)
    sources = [arguments[index + 1] for index, name in enumerate(arguments[:-1]) if name == "-c"]
    if "fetch-config" not in arguments or not sources or not sources[0].startswith("file:"):
        return refused("amazon-cloudwatch-agent-ctl", "the local AWS has only -a fetch-config -s -c file:PATH")
    try:
        settings = json.loads(Path(sources[0].removeprefix("file:")).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return refused("amazon-cloudwatch-agent-ctl", f"the settings cannot be read: {error}")
    node.start_agent(settings)
    return Answer("amazon-cloudwatch-agent has been started\n")


class Agent:
    """The agent of one node, in threads of the server."""

    def __init__(self, node: Node, settings: Mapping[str, Any]) -> None:
        self._node = node
        self._settings = settings
        self._ended = threading.Event()
        files = settings.get("logs", {}).get("logs_collected", {}).get("files", {}).get("collect_list", [])
        self._files = [_File(node, each) for each in files]
        metrics = settings.get("agent", {}).get("metrics_collection_interval", _DEFAULT_INTERVAL)
        for interval, task in ((_LOG_SECONDS, self.ship_logs), (float(metrics), self.put_metrics)):
            threading.Thread(target=self._repeat, args=(interval, task), daemon=True).start()

    def stop(self) -> None:
        """End the agent."""
        self._ended.set()

    def ship_logs(self) -> None:
        """Send the lines that were added to the files."""
        for file in self._files:
            file.ship()

    def put_metrics(self) -> None:
        """Put the metrics of this moment."""
        metrics = self._settings.get("metrics", {})
        data = [
            {"MetricName": name, "Value": value, "Unit": unit, "Dimensions": dimensions}
            for name, value, unit, own in self._collected(metrics.get("metrics_collected", {}))
            for dimensions in self._dimensions(metrics, own)
        ]
        if data:
            client = client_of(self._node, "cloudwatch", self._node.instance.region)
            client.put_metric_data(Namespace=metrics.get("namespace", "CWAgent"), MetricData=data)

    def _repeat(self, interval: float, task: Callable[[], None]) -> None:
        # The first metrics come after an interval, in which there is something to measure.
        while not self._ended.wait(interval) and self._node.is_alive:
            with suppress(*_FAILURES):
                task()

    def _collected(self, asked: Mapping[str, Any]) -> Iterator[tuple[str, float, str, dict[str, str]]]:
        """Name, value, unit and own dimensions of each metric."""
        if "mem" in asked:
            yield "mem_used_percent", min(100.0, 5.0 + 2 * len(self._node.usage.programs)), "Percent", {}
        wanted = asked.get("nvidia_gpu", {}).get("measurement", [])
        if self._node.xids:
            return  # nvidia-smi does not answer
        for index in range(self._node.instance.nvidia_gpus if wanted else 0):
            kind = self._node.instance.type
            total = float((kind.accelerator_memory_mib_each or 0) if kind else 0)
            percent = min(100.0, max(0.0, 100 * (self._node.usage.cores - index)))
            used = min(total, 512.0 * len(self._node.usage.programs) if index == 0 else 0.0)
            values = {
                "utilization_gpu": (percent, "Percent"),
                "memory_used": (used, "Megabytes"),
                "memory_total": (total, "Megabytes"),
            }
            own = {"index": str(index), "name": pci_address(index)}
            for name in wanted:
                if name in values:
                    yield f"nvidia_smi_{name}", *values[name], own

    def _dimensions(self, metrics: Mapping[str, Any], own: Mapping[str, str]) -> list[list[dict[str, str]]]:
        """The dimensions of a metric: all of its own, and those of each aggregation."""
        known = {"InstanceId": self._node.instance.instance_id, "AutoScalingGroupName": self._node.instance.group or ""}
        appended = {name: known[name] for name in metrics.get("append_dimensions", {}) if known.get(name)}
        sets = [{**own, **appended}] if own or appended else []
        for names in metrics.get("aggregation_dimensions", []):
            chosen = {name: appended[name] for name in names if name in appended}
            if chosen and chosen not in sets:
                sets.append(chosen)
        return [[{"Name": name, "Value": value} for name, value in each.items()] for each in sets]


class _File:
    """A collected log file."""

    def __init__(self, node: Node, settings: Mapping[str, str]) -> None:
        self._node = node
        self._path = Path(settings["file_path"])
        self._group = settings["log_group_name"]
        self._stream = settings["log_stream_name"].replace("{instance_id}", node.instance.instance_id)
        self._position = 0
        self._has_stream = False

    def ship(self) -> None:
        """Send the new whole lines."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._position)
                text = file.read()
        except OSError:
            return
        text = text[: text.rfind(b"\n") + 1]
        lines = text.splitlines(keepends=True)[:_MOST_EVENTS]
        if not lines:
            return
        client = client_of(self._node, "logs", self._node.instance.region)
        if not self._has_stream:
            with suppress(client.exceptions.ResourceAlreadyExistsException):
                client.create_log_stream(logGroupName=self._group, logStreamName=self._stream)
            self._has_stream = True
        now = int(time.time() * 1000)
        messages = [each.decode("utf-8", "replace").rstrip("\n")[:_LONGEST_EVENT] for each in lines]
        events = [{"timestamp": now, "message": each} for each in messages if each]
        if events:
            client.put_log_events(logGroupName=self._group, logStreamName=self._stream, logEvents=events)
        self._position += sum(map(len, lines))
