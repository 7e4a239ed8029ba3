"""Scaling policies of auto scaling groups."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.local_aws.conftest import error_code
from tests.unit.local_aws.gaps.autoscaling.conftest import create, described


def test_groups_can_have_policies_and_actions_of_the_same_name(autoscaling: Any, template: str) -> None:
    for name, size in (("twin-1", 1), ("twin-2", 2)):
        create(autoscaling, name, template)
        simple = {"AdjustmentType": "ExactCapacity", "ScalingAdjustment": size}
        autoscaling.put_scaling_policy(AutoScalingGroupName=name, PolicyName="grow", **simple)
        action = {"ScheduledActionName": "night", "Recurrence": "0 20 * * *", "DesiredCapacity": size}
        autoscaling.put_scheduled_update_group_action(AutoScalingGroupName=name, **action)
    autoscaling.delete_auto_scaling_group(AutoScalingGroupName="twin-2")
    (policy,) = autoscaling.describe_policies(PolicyNames=["grow"])["ScalingPolicies"]
    assert (policy["AutoScalingGroupName"], policy["ScalingAdjustment"], policy["Enabled"]) == ("twin-1", 1, True)
    found = autoscaling.describe_scheduled_actions(ScheduledActionNames=["night"])
    (action,) = found["ScheduledUpdateGroupActions"]
    assert (action["AutoScalingGroupName"], action["DesiredCapacity"]) == ("twin-1", 1)
    assert action["ScheduledActionARN"].endswith(":autoScalingGroupName/twin-1:scheduledActionName/night")


def test_a_step_policy_applies_the_step_that_contains_the_breach(autoscaling: Any, group: str) -> None:
    steps = [
        {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10, "ScalingAdjustment": 1},
        {"MetricIntervalLowerBound": 10, "ScalingAdjustment": 3},
    ]
    policy = {"AutoScalingGroupName": group, "PolicyName": "steps"}
    autoscaling.put_scaling_policy(
        **policy, PolicyType="StepScaling", AdjustmentType="ChangeInCapacity", StepAdjustments=steps, Enabled=False
    )
    (found,) = autoscaling.describe_policies(AutoScalingGroupName=group)["ScalingPolicies"]
    assert (found["MetricAggregationType"], found["Enabled"]) == ("Average", False)
    autoscaling.execute_policy(**policy, MetricValue=75, BreachThreshold=60)
    assert described(autoscaling, group)["DesiredCapacity"] == 3


def test_a_target_tracking_policy_has_no_predictive_configuration(autoscaling: Any, group: str) -> None:
    target = {
        "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
        "TargetValue": 50.0,
    }
    policy = {"AutoScalingGroupName": group, "PolicyName": "target", "PolicyType": "TargetTrackingScaling"}
    arn = autoscaling.put_scaling_policy(**policy, TargetTrackingConfiguration=target)["PolicyARN"]
    (found,) = autoscaling.describe_policies(PolicyNames=[arn])["ScalingPolicies"]
    assert found["TargetTrackingConfiguration"] == target
    assert "PredictiveScalingConfiguration" not in found


@pytest.mark.parametrize(
    "wrong",
    [
        {"PolicyType": "Guessing"},
        {"PolicyType": "TargetTrackingScaling"},
        {"PolicyType": "StepScaling", "AdjustmentType": "ChangeInCapacity"},
        {"AdjustmentType": "Doubling", "ScalingAdjustment": 1},
        {"AdjustmentType": "ExactCapacity"},
    ],
)
def test_an_invalid_policy_is_refused(autoscaling: Any, group: str, wrong: dict[str, Any]) -> None:
    policy = {"AutoScalingGroupName": group, "PolicyName": "policy"}
    assert error_code(autoscaling.put_scaling_policy, **policy, **wrong) == "ValidationError"


def test_policies_are_described_in_pages(autoscaling: Any, group: str) -> None:
    for index in range(3):
        simple = {"AdjustmentType": "ExactCapacity", "ScalingAdjustment": index}
        autoscaling.put_scaling_policy(AutoScalingGroupName=group, PolicyName=f"page-{index}", **simple)
    paginator = autoscaling.get_paginator("describe_policies")
    pages = paginator.paginate(AutoScalingGroupName=group, PaginationConfig={"PageSize": 2})
    assert [len(page["ScalingPolicies"]) for page in pages] == [2, 1]
