"""Settings of auto scaling groups: sizes, warm-up, cooldown, mixed instances."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.local_aws.conftest import error_code
from tests.unit.local_aws.gaps.autoscaling.conftest import create, described, mixed


def test_settings_are_kept_and_changed(autoscaling: Any, template: str) -> None:
    create(autoscaling, "settings", template, DefaultInstanceWarmup=120, MaxInstanceLifetime=604800)
    found = described(autoscaling, "settings")
    assert (found["DefaultInstanceWarmup"], found["MaxInstanceLifetime"]) == (120, 604800)
    changes = {"DefaultInstanceWarmup": -1, "DefaultCooldown": 60, "TerminationPolicies": ["OldestInstance"]}
    autoscaling.update_auto_scaling_group(AutoScalingGroupName="settings", **changes)
    found = described(autoscaling, "settings")
    assert "DefaultInstanceWarmup" not in found
    assert (found["DefaultCooldown"], found["TerminationPolicies"]) == (60, ["OldestInstance"])


def test_an_update_of_the_sizes_keeps_the_mixed_instances_policy(autoscaling: Any, template: str) -> None:
    create(autoscaling, "kept-policy", template, MixedInstancesPolicy=mixed(template, 1, 0))
    autoscaling.update_auto_scaling_group(AutoScalingGroupName="kept-policy", MaxSize=2)
    policy = described(autoscaling, "kept-policy")["MixedInstancesPolicy"]
    assert policy["InstancesDistribution"]["OnDemandBaseCapacity"] == 1


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"MinSize": 3, "MaxSize": 1}, "Min size"),
        ({"MinSize": 0, "MaxSize": 1, "DesiredCapacity": 2}, "Desired capacity:2"),
    ],
)
def test_inconsistent_sizes_are_refused(autoscaling: Any, template: str, sizes: Any, message: str) -> None:
    with pytest.raises(ClientError, match=message):
        create(autoscaling, "misfit", template, **{"DesiredCapacity": 0, **sizes})


def test_a_duplicate_name_is_refused(autoscaling: Any, template: str, group: str) -> None:
    with pytest.raises(ClientError, match="AlreadyExists"):
        create(autoscaling, group, template)


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("update_auto_scaling_group", {"MaxSize": 1}),
        ("delete_auto_scaling_group", {}),
        ("describe_lifecycle_hooks", {}),
        ("delete_policy", {"PolicyName": "p"}),
        ("put_scaling_policy", {"PolicyName": "p", "AdjustmentType": "ExactCapacity", "ScalingAdjustment": 1}),
        (
            "put_scheduled_update_group_action",
            {"ScheduledActionName": "a", "DesiredCapacity": 0, "Recurrence": "0 20 * * *"},
        ),
    ],
)
def test_an_unknown_group_is_refused(autoscaling: Any, operation: str, more: dict[str, Any]) -> None:
    assert error_code(getattr(autoscaling, operation), AutoScalingGroupName="no-such", **more) == "ValidationError"
