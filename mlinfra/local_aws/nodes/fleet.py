"""The nodes of a server: one for each running instance of an auto scaling group.

A thread compares instances and nodes a few times a second: so every way in which moto launches and terminates instances
starts and ends nodes, also a reset.
"""

from __future__ import annotations

import logging
import socket
import tempfile
import threading
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from moto.cloudwatch.models import MetricDatum, cloudwatch_backends
from moto.ec2.models import ec2_backends

from mlinfra.local_aws.mechanisms import managed_nodes
from mlinfra.local_aws.nodes.instance import NodeInstance
from mlinfra.local_aws.nodes.node import Node
from mlinfra.local_aws.nodes.processes import table

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger("mlinfra.local_aws.nodes")

_COMPARE_SECONDS: Final = 0.2
_SAMPLE_SECONDS: Final = 1.0
_EC2_METRIC_SECONDS: Final = 60.0
"""The interval of EC2's metrics with detailed monitoring."""


class Fleet:
    """The nodes of one server."""

    def __init__(self, port: int) -> None:
        """Start to compare.

        Args:
            port: the port of the server.
        """
        self._endpoint = f"http://127.0.0.1:{port}"
        self._port = port
        self._folder: Path | None = None
        self._nodes: dict[tuple[str, str, str], Node] = {}
        self._count = 0
        self._next_sample = self._next_metrics = 0.0
        managed_nodes.provide(self.connected)
        threading.Thread(target=self._compare_always, daemon=True).start()

    def all(self) -> list[Node]:
        """The nodes that have not ended."""
        return [node for node in list(self._nodes.values()) if node.is_alive]

    def find(self, instance_id: str) -> Node | None:
        """The node of an instance. None: there is none."""
        return next((node for node in self.all() if node.instance.instance_id == instance_id), None)

    def connected(self, account: str, region: str) -> dict[str, Node]:
        """The nodes with a connected agent of Systems Manager, by instance id: those with a role.

        Args:
            account: the account.
            region: the region.
        """
        return {
            name: node
            for (of_account, of_region, name), node in list(self._nodes.items())
            if (of_account, of_region) == (account, region) and node.is_alive and node.instance.role_arn
        }

    def kill(self, node: Node) -> None:
        """End a node as a failure of its hardware does, and have its group replace the instance.

        EC2's status checks take minutes to fail, and the group terminates the instance then. Here it does so at once.
        """
        node.end(at_once=True)
        self._terminate(node)

    def interrupt(self, node: Node, seconds: float) -> None:
        """Announce the interruption of a spot instance, and terminate it after `seconds`.

        Source: EC2 user guide, "Spot Instance interruption notices" (two minutes before), read 2026-11-29.
        """
        at = datetime.now(timezone.utc) + timedelta(seconds=seconds)
        node.instance.spot_notice = {"action": "terminate", "time": f"{at:%Y-%m-%dT%H:%M:%SZ}"}
        node.instance.send_interruption_warning()

        def terminate() -> None:
            time.sleep(seconds)
            self._terminate(node)

        threading.Thread(target=terminate, daemon=True).start()

    def _terminate(self, node: Node) -> None:
        node.instance.terminate()

    def _compare_always(self) -> None:
        while True:
            try:
                self._compare()
                self._measure()
            except Exception:  # a thread that ends would leave processes behind
                log.exception("nodes could not be compared with instances")
            time.sleep(_COMPARE_SECONDS)

    def _compare(self) -> None:
        wanted = {(account, region, str(each.id)): each for account, region, each in _instances()}
        for key in [key for key in self._nodes if key not in wanted]:
            node = self._nodes.pop(key)
            threading.Thread(target=node.end, daemon=True).start()
        for key, instance in wanted.items():
            if key not in self._nodes:
                account, region, _ = key
                self._nodes[key] = self._launch(NodeInstance(instance, account, region))

    def _launch(self, instance: NodeInstance) -> Node:
        if self._folder is None or not self._folder.exists():
            # Short, since sockets have paths of about 100 characters on some systems.
            self._folder = Path(tempfile.mkdtemp(prefix="mlnodes-")).resolve()
        self._count += 1
        return Node(instance, self._folder, self._address(), self._endpoint)

    def _address(self) -> str:
        """A loopback address of its own, where the system has more than one, as Linux does; 127.0.0.1 elsewhere."""
        high, low = divmod(self._port, 256)
        address = f"127.{high or 1}.{low}.{2 + self._count % 250}"
        try:
            with socket.socket() as probe:
                probe.bind((address, 0))
        except OSError:
            return "127.0.0.1"
        return address

    def _measure(self) -> None:
        now = time.monotonic()
        if not self._nodes or now < self._next_sample:
            return
        self._next_sample = now + _SAMPLE_SECONDS
        processes = table()
        for node in self.all():
            node.sample(processes)
        if now >= self._next_metrics:
            self._next_metrics = now + _EC2_METRIC_SECONDS
            for node in self.all():
                _put_ec2_metrics(node)


def _instances() -> Iterator[tuple[str, str, Any]]:
    """The running instances of auto scaling groups, with account and region."""
    for account, regions in list(ec2_backends.items()):
        for region, backend in list(regions.items()):
            for reservation in list(backend.reservations.values()):
                for instance in list(reservation.instances):
                    if instance.state == "running" and getattr(instance, "autoscaling_group", None) is not None:
                        yield account, str(region), instance


def _put_ec2_metrics(node: Node) -> None:
    """Put the metric that EC2 itself reports of an instance, and of all instances of its group."""
    instance = node.instance
    backend = cloudwatch_backends[instance.account][instance.region]
    dimensions = {"InstanceId": instance.instance_id, "AutoScalingGroupName": instance.group or ""}
    backend.metric_data += [
        MetricDatum(
            namespace="AWS/EC2",
            name="CPUUtilization",
            value=node.usage.cpu_percent,
            dimensions=[{"Name": name, "Value": value}],
            timestamp=datetime.now(timezone.utc).replace(tzinfo=None),
            unit="Percent",
        )
        for name, value in dimensions.items()
        if value
    ]
