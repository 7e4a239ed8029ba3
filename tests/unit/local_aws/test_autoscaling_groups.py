"""Auto scaling groups of the local AWS, and what belongs to them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from mlinfra.catalog.image_families import OPEN_DRIVER
from mlinfra.local_aws.gaps.autoscaling import (
    group_instances as autoscaling_group_instances,
    group_settings as autoscaling_group_settings,
    lifecycle_hooks as autoscaling_lifecycle_hooks,
    policies as autoscaling_policies,
    scheduled_actions as autoscaling_scheduled_actions,
)
from mlinfra.local_aws.seed import DEEP_LEARNING_IMAGES

if TYPE_CHECKING:
    from collections.abc import Callable

ROLE = "arn:aws:iam::123456789012:role/hooks"
TOPIC = "arn:aws:sns:us-east-1:123456789012:hooks"


@pytest.fixture
def autoscaling(client: Callable[..., Any]) -> Any:
    return client("autoscaling")


@pytest.fixture
def ec2(client: Callable[..., Any]) -> Any:
    return client("ec2")


@pytest.fixture(scope="module")
def template(client: Callable[..., Any]) -> str:
    data = {"ImageId": "ami-12345678", "InstanceType": "g5.xlarge"}
    client("ec2").create_launch_template(LaunchTemplateName="asg-node", LaunchTemplateData=data)
    return "asg-node"


@pytest.fixture
def group(autoscaling: Any, template: str, request: pytest.FixtureRequest) -> str:
    name = f"group-{request.node.name}"
    create(autoscaling, name, template)
    return name


def create(autoscaling: Any, name: str, template: str, **more: Any) -> None:
    sizes = {"MinSize": 0, "MaxSize": 4, "DesiredCapacity": 0}
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName=name,
        AvailabilityZones=["us-east-1a", "us-east-1b"],
        **({} if "MixedInstancesPolicy" in more else {"LaunchTemplate": {"LaunchTemplateName": template}}),
        **{**sizes, **more},
    )


def described(autoscaling: Any, name: str) -> dict[str, Any]:
    (found,) = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    return dict(found)


def mixed(template: str, base: int, percentage: int) -> dict[str, Any]:
    return {
        "LaunchTemplate": {
            "LaunchTemplateSpecification": {"LaunchTemplateName": template},
            "Overrides": [{"InstanceType": "g6.xlarge"}, {"InstanceType": "g5.xlarge"}],
        },
        "InstancesDistribution": {
            "OnDemandBaseCapacity": base,
            "OnDemandPercentageAboveBaseCapacity": percentage,
            "SpotAllocationStrategy": "capacity-optimized-prioritized",
        },
    }


def refused(call: Callable[..., Any], **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Code"])


@pytest.mark.parametrize(
    "gap",
    [
        autoscaling_group_instances,
        autoscaling_group_settings,
        autoscaling_lifecycle_hooks,
        autoscaling_policies,
        autoscaling_scheduled_actions,
    ],
)
def test_moto_still_lacks_it(gap: Any) -> None:
    assert gap.is_open(), "moto has closed it: remove the gap"


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


@pytest.mark.parametrize(("percentage", "expected"), [(0, {None: 1, "spot": 2}), (50, {None: 2, "spot": 1})])
def test_a_mixed_group_reaches_its_capacity(
    autoscaling: Any, ec2: Any, template: str, percentage: int, expected: dict[str | None, int]
) -> None:
    name = f"mixed-{percentage}"
    create(autoscaling, name, template, DesiredCapacity=3, MixedInstancesPolicy=mixed(template, 1, percentage))
    ids = [each["InstanceId"] for each in described(autoscaling, name)["Instances"]]
    reservations = ec2.describe_instances(InstanceIds=ids)["Reservations"]
    instances = [each for reservation in reservations for each in reservation["Instances"]]
    assert Counter(each.get("InstanceLifecycle") for each in instances) == expected
    assert {each["InstanceType"] for each in instances} == {"g6.xlarge"}
    assert Counter(each["Placement"]["AvailabilityZone"] for each in instances) == {"us-east-1a": 2, "us-east-1b": 1}


def test_an_instance_counts_for_its_weight(autoscaling: Any, template: str) -> None:
    policy = mixed(template, 0, 100)
    policy["LaunchTemplate"]["Overrides"] = [{"InstanceType": "g5.12xlarge", "WeightedCapacity": "4"}]
    create(autoscaling, "weights", template, MaxSize=8, DesiredCapacity=8, MixedInstancesPolicy=policy)
    weights = [each["WeightedCapacity"] for each in described(autoscaling, "weights")["Instances"]]
    assert weights == ["4", "4"]


def test_a_group_launches_the_version_it_asks_for(autoscaling: Any, ec2: Any) -> None:
    ec2.create_launch_template(LaunchTemplateName="newer", LaunchTemplateData={"ImageId": "ami-12345678"})
    data = {"ImageId": "ami-12345678", "InstanceType": "p5.48xlarge"}
    ec2.create_launch_template_version(LaunchTemplateName="newer", LaunchTemplateData=data)
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName="newer",
        AvailabilityZones=["us-east-1a"],
        LaunchTemplate={"LaunchTemplateName": "newer", "Version": "$Latest"},
        MinSize=1,
        MaxSize=1,
    )
    (instance,) = described(autoscaling, "newer")["Instances"]
    assert instance["InstanceType"] == "p5.48xlarge"


def test_an_image_given_as_a_parameter_is_resolved_at_launch(autoscaling: Any, ec2: Any) -> None:
    data = {"ImageId": f"resolve:ssm:{OPEN_DRIVER.parameter}", "InstanceType": "g5.xlarge"}
    ec2.create_launch_template(LaunchTemplateName="by-parameter-asg", LaunchTemplateData=data)
    ec2.create_placement_group(GroupName="asg-near")
    create(autoscaling, "by-parameter", "by-parameter-asg", DesiredCapacity=1, PlacementGroup="asg-near")
    (state,) = described(autoscaling, "by-parameter")["Instances"]
    (reservation,) = ec2.describe_instances(InstanceIds=[state["InstanceId"]])["Reservations"]
    (instance,) = reservation["Instances"]
    assert instance["ImageId"] == DEEP_LEARNING_IMAGES[0].image_id("us-east-1")
    assert instance["Placement"]["GroupName"] == "asg-near"


def test_protected_instances_are_kept_until_the_group_is_deleted_by_force(
    autoscaling: Any, ec2: Any, template: str
) -> None:
    create(autoscaling, "protected", template, DesiredCapacity=2, NewInstancesProtectedFromScaleIn=True)
    autoscaling.set_desired_capacity(AutoScalingGroupName="protected", DesiredCapacity=0)
    instances = [each["InstanceId"] for each in described(autoscaling, "protected")["Instances"]]
    assert len(instances) == 2
    assert refused(autoscaling.delete_auto_scaling_group, AutoScalingGroupName="protected") == "ResourceInUse"
    autoscaling.delete_auto_scaling_group(AutoScalingGroupName="protected", ForceDelete=True)
    reservations = ec2.describe_instances(InstanceIds=instances)["Reservations"]
    assert {each["State"]["Name"] for reservation in reservations for each in reservation["Instances"]} == {
        "terminated"
    }


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"MinSize": 3, "MaxSize": 1}, "Min size"),
        ({"MinSize": 0, "MaxSize": 1, "DesiredCapacity": 2}, "Desired capacity:2"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(autoscaling: Any, template: str, sizes: Any, message: str) -> None:
    with pytest.raises(ClientError, match=message):
        create(autoscaling, "misfit", template, **{"DesiredCapacity": 0, **sizes})


def test_a_name_can_be_used_once(autoscaling: Any, template: str, group: str) -> None:
    with pytest.raises(ClientError, match="AlreadyExists"):
        create(autoscaling, group, template)


def test_initial_hooks_are_there_from_the_beginning(autoscaling: Any, template: str) -> None:
    hook = {
        "LifecycleHookName": "starting",
        "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING",
        "HeartbeatTimeout": 300,
        "NotificationMetadata": "{}",
        "NotificationTargetARN": TOPIC,
        "RoleARN": ROLE,
    }
    create(autoscaling, "initial", template, LifecycleHookSpecificationList=[hook])
    (found,) = autoscaling.describe_lifecycle_hooks(AutoScalingGroupName="initial")["LifecycleHooks"]
    assert found == {**hook, "AutoScalingGroupName": "initial", "DefaultResult": "ABANDON", "GlobalTimeout": 30000}


def test_a_hook_has_nothing_that_nobody_gave_it_and_keeps_the_rest(autoscaling: Any, group: str) -> None:
    hook = {"AutoScalingGroupName": group, "LifecycleHookName": "draining"}
    autoscaling.put_lifecycle_hook(**hook, LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING")
    autoscaling.put_lifecycle_hook(**hook, HeartbeatTimeout=7200)
    (found,) = autoscaling.describe_lifecycle_hooks(AutoScalingGroupName=group)["LifecycleHooks"]
    assert not found.keys() & {"RoleARN", "NotificationTargetARN", "NotificationMetadata"}
    assert found["LifecycleTransition"] == "autoscaling:EC2_INSTANCE_TERMINATING"
    assert (found["HeartbeatTimeout"], found["GlobalTimeout"]) == (7200, 172800)
    autoscaling.delete_lifecycle_hook(**hook)
    assert refused(autoscaling.delete_lifecycle_hook, **hook) == "ValidationError"


@pytest.mark.parametrize(
    "wrong",
    [
        {"LifecycleTransition": "autoscaling:SOMETHING"},
        {"LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING", "DefaultResult": "MAYBE"},
        {"LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING", "HeartbeatTimeout": 29},
        {},
    ],
)
def test_a_wrong_hook_is_refused(autoscaling: Any, group: str, wrong: dict[str, Any]) -> None:
    hook = {"AutoScalingGroupName": group, "LifecycleHookName": "hook"}
    assert refused(autoscaling.put_lifecycle_hook, **hook, **wrong) == "ValidationError"
    assert autoscaling.describe_lifecycle_hooks(AutoScalingGroupName=group)["LifecycleHooks"] == []


def test_groups_have_policies_and_actions_of_the_same_name(autoscaling: Any, template: str) -> None:
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


def test_a_step_policy_takes_the_step_of_the_breach(autoscaling: Any, group: str) -> None:
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
def test_a_wrong_policy_is_refused(autoscaling: Any, group: str, wrong: dict[str, Any]) -> None:
    policy = {"AutoScalingGroupName": group, "PolicyName": "policy"}
    assert refused(autoscaling.put_scaling_policy, **policy, **wrong) == "ValidationError"


def test_a_wrong_scheduled_action_is_refused(autoscaling: Any, group: str) -> None:
    action = {"AutoScalingGroupName": group, "ScheduledActionName": "night"}
    put = autoscaling.put_scheduled_update_group_action
    assert refused(put, **action, Recurrence="0 20 * * *") == "ValidationError"
    assert refused(put, **action, DesiredCapacity=0) == "ValidationError"
    assert refused(autoscaling.delete_scheduled_action, **action) == "ValidationError"


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
def test_a_group_that_there_is_not_is_refused(autoscaling: Any, operation: str, more: dict[str, Any]) -> None:
    assert refused(getattr(autoscaling, operation), AutoScalingGroupName="no-such", **more) == "ValidationError"


def test_policies_are_described_in_pages(autoscaling: Any, group: str) -> None:
    for index in range(3):
        simple = {"AdjustmentType": "ExactCapacity", "ScalingAdjustment": index}
        autoscaling.put_scaling_policy(AutoScalingGroupName=group, PolicyName=f"page-{index}", **simple)
    paginator = autoscaling.get_paginator("describe_policies")
    pages = paginator.paginate(AutoScalingGroupName=group, PaginationConfig={"PageSize": 2})
    assert [len(page["ScalingPolicies"]) for page in pages] == [2, 1]


def test_a_protected_instance_outlives_its_group_until_the_protection_is_taken_off(
    autoscaling: Any, ec2: Any, template: str
) -> None:
    create(autoscaling, "protected", template, DesiredCapacity=2, NewInstancesProtectedFromScaleIn=True)
    first, second = instances(autoscaling, "protected")
    autoscaling.set_desired_capacity(AutoScalingGroupName="protected", DesiredCapacity=0)
    assert instances(autoscaling, "protected") == [first, second]

    protection = {"AutoScalingGroupName": "protected", "ProtectedFromScaleIn": False}
    autoscaling.set_instance_protection(InstanceIds=[first], **protection)
    assert instances(autoscaling, "protected") == [second]
    (reservation,) = ec2.describe_instances(InstanceIds=[first])["Reservations"]
    assert reservation["Instances"][0]["State"]["Name"] in {"shutting-down", "terminated"}


def test_taking_the_protection_off_a_group_of_the_right_size_changes_nothing(autoscaling: Any, template: str) -> None:
    create(autoscaling, "right-size", template, DesiredCapacity=2, NewInstancesProtectedFromScaleIn=True)
    before = instances(autoscaling, "right-size")
    autoscaling.set_instance_protection(
        AutoScalingGroupName="right-size", InstanceIds=before, ProtectedFromScaleIn=False
    )
    assert instances(autoscaling, "right-size") == before


def instances(autoscaling: Any, name: str) -> list[str]:
    """The ids of the group's instances."""
    (group,) = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    return [each["InstanceId"] for each in group["Instances"]]
