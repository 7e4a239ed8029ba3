"""Number of nodes that the group of a cluster has in service."""

from __future__ import annotations

import time
from typing import Any, Final

_CHECK_SECONDS: Final = 30.0


class GroupSize:
    """Tells if nodes are still to come. GPU capacity can take hours, and joining has a limit of minutes."""

    def __init__(self, autoscaling: Any, group: str) -> None:  # noqa: ANN401  boto3 has no types
        """Ask nothing yet.

        Args:
            autoscaling: boto3's client.
            group: the name of the auto scaling group.
        """
        self._autoscaling = autoscaling
        self._group = group
        self._checked_at: float | None = None
        self._waits = False
        self.in_service: frozenset[str] = frozenset()
        """The ids of the instances in service, as far as they are known."""

    def is_launching(self, needed: int) -> bool:
        """True if the group has fewer than `needed` instances in service, and launches them. Asks every 30 seconds."""
        now = time.monotonic()
        if self._checked_at is not None and now - self._checked_at < _CHECK_SECONDS:
            return self._waits
        self._checked_at = now
        try:
            found = self._autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[self._group])
            (group,) = found["AutoScalingGroups"]
        except Exception:  # noqa: BLE001  unknown: the limit applies
            self._waits = False
            return False
        instances = [each["InstanceId"] for each in group["Instances"] if each["LifecycleState"] == "InService"]
        self.in_service = frozenset(instances)
        self._waits = group["DesiredCapacity"] >= needed > len(instances)
        return self._waits
