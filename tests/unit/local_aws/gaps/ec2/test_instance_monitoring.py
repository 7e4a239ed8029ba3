"""Detailed monitoring of instances."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError


def test_monitoring_is_turned_on_and_off(ec2: Any) -> None:
    (instance,) = ec2.run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1)["Instances"]
    ids = {"InstanceIds": [instance["InstanceId"]]}
    states = [
        call(**ids)["InstanceMonitorings"][0]["Monitoring"]["State"]
        for call in (ec2.monitor_instances, ec2.monitor_instances, ec2.unmonitor_instances, ec2.unmonitor_instances)
    ]
    assert states == ["pending", "enabled", "disabling", "disabled"]
    with pytest.raises(ClientError, match=r"InvalidInstanceID\.NotFound"):
        ec2.monitor_instances(InstanceIds=["i-00000000000000000"])
