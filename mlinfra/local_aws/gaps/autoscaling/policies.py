"""Gap: scaling policies of auto scaling groups.

moto identifies a policy by its name alone, so that two groups cannot have policies of the same name. It
reports every policy as not enabled and with an empty predictive configuration, and accepts any request. In
AWS, a policy belongs to its group, is enabled by default, and has the settings that its type requires.
Source: Auto Scaling API reference, PutScalingPolicy, DescribePolicies, DeletePolicy, ExecutePolicy and
ScalingPolicy, read 2026-11-24.

Not covered: the CloudWatch alarms that AWS adds to a target tracking policy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.autoscaling.models import FakeScalingPolicy
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult, EmptyResult

from mlinfra.local_aws.mechanisms.autoscaling_requests import checked, group_called, page, refuse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.autoscaling.models import AutoScalingBackend

_NEEDED = {
    "SimpleScaling": ("AdjustmentType", "ScalingAdjustment"),
    "StepScaling": ("AdjustmentType", "StepAdjustments"),
    "TargetTrackingScaling": ("TargetTrackingConfiguration",),
    "PredictiveScaling": ("PredictiveScalingConfiguration",),
}
"""Types of policies, with the settings that each requires."""

_ADJUSTMENTS = ("ChangeInCapacity", "ExactCapacity", "PercentChangeInCapacity")


def is_open() -> bool:
    """True if moto's policies have no enabled state."""
    return "enabled" not in FakeScalingPolicy.__init__.__code__.co_varnames


def close() -> None:
    """Close the gap: identify a policy by its group and name."""
    for operation in (put_scaling_policy, describe_policies, delete_policy, execute_policy):
        setattr(AutoScalingResponse, operation.__name__, operation)


def put_scaling_policy(response: AutoScalingResponse) -> ActionResult:
    """PutScalingPolicy."""
    request = checked(response, "PutScalingPolicy")
    backend = response.autoscaling_backend
    group = group_called(backend, request["AutoScalingGroupName"]).name
    policy_type = request.get("PolicyType") or "SimpleScaling"
    _check(policy_type, request)
    policy: Any = FakeScalingPolicy(
        name=request["PolicyName"],
        policy_type=policy_type,
        metric_aggregation_type=request.get("MetricAggregationType")
        or ("Average" if policy_type == "StepScaling" else None),  # type: ignore[arg-type]
        adjustment_type=request.get("AdjustmentType"),  # type: ignore[arg-type]
        as_name=group,
        min_adjustment_magnitude=request.get("MinAdjustmentMagnitude"),  # type: ignore[arg-type]
        scaling_adjustment=request.get("ScalingAdjustment"),
        cooldown=request.get("Cooldown"),
        target_tracking_config=request.get("TargetTrackingConfiguration") or {},
        step_adjustments=request.get("StepAdjustments") or [],  # type: ignore[arg-type]
        estimated_instance_warmup=request.get("EstimatedInstanceWarmup"),  # type: ignore[arg-type]
        predictive_scaling_configuration=request.get("PredictiveScalingConfiguration"),  # type: ignore[arg-type]
        autoscaling_backend=backend,
    )
    policy.enabled = request.get("Enabled", True)
    backend.policies[f"{group}/{policy.name}"] = policy
    return ActionResult({"PolicyARN": policy.arn, "Alarms": []})


def describe_policies(response: AutoScalingResponse) -> ActionResult:
    """DescribePolicies."""
    request = checked(response, "DescribePolicies")
    names = request.get("PolicyNames") or []
    policies = [
        each
        for each in response.autoscaling_backend.describe_policies(
            request.get("AutoScalingGroupName"), None, request.get("PolicyTypes")
        )
        if not names or each.name in names or each.arn in names
    ]
    found, token = page(request, policies)
    return ActionResult({"ScalingPolicies": found, "NextToken": token})


def delete_policy(response: AutoScalingResponse) -> EmptyResult:
    """DeletePolicy."""
    key = _known(response.autoscaling_backend, checked(response, "DeletePolicy"))
    del response.autoscaling_backend.policies[key]
    return EmptyResult()


def execute_policy(response: AutoScalingResponse) -> EmptyResult:
    """ExecutePolicy."""
    request = checked(response, "ExecutePolicy")
    policy: Any = response.autoscaling_backend.policies[_known(response.autoscaling_backend, request)]
    if policy.policy_type == "StepScaling":
        simple: Any = FakeScalingPolicy.__new__(FakeScalingPolicy)
        simple.__dict__.update(policy.__dict__, scaling_adjustment=_step(policy.step_adjustments, request))
        simple.execute()
    elif policy.policy_type == "SimpleScaling":
        policy.execute()
    else:
        refuse(f"Cannot execute policy {policy.name} of the type {policy.policy_type}")
    return EmptyResult()


def _check(policy_type: str, request: Mapping[str, Any]) -> None:
    if policy_type not in _NEEDED:
        refuse(f"Invalid policy type: {policy_type}. Valid values are: {', '.join(_NEEDED)}")
    for name in _NEEDED[policy_type]:
        if request.get(name) is None:
            refuse(f"You must specify {name} with the policy type {policy_type}")
    adjustment = request.get("AdjustmentType")
    if adjustment is not None and adjustment not in _ADJUSTMENTS:
        refuse(f"Invalid AdjustmentType: {adjustment}. Valid values are: {', '.join(_ADJUSTMENTS)}")


def _known(backend: AutoScalingBackend, request: Mapping[str, Any]) -> str:
    """The key of the policy that the request names, by ARN or by group and name."""
    name, group = request["PolicyName"], request.get("AutoScalingGroupName")
    for key, policy in backend.policies.items():
        if policy.arn == name or (policy.name == name and policy.auto_scaling_group_name == group):
            return key
    return refuse(f"Could not find scaling policy of name: {name}")


def _step(steps: list[Mapping[str, Any]], request: Mapping[str, Any]) -> int:
    """The adjustment of the step that contains the breach of the alarm."""
    if request.get("MetricValue") is None or request.get("BreachThreshold") is None:
        refuse("You must specify MetricValue and BreachThreshold with a step scaling policy")
    breach = request["MetricValue"] - request["BreachThreshold"]
    for step in steps:
        lower, upper = step.get("MetricIntervalLowerBound"), step.get("MetricIntervalUpperBound")
        if (lower is None or lower <= breach) and (upper is None or breach < upper):
            return int(step["ScalingAdjustment"])
    return refuse(f"No step adjustment found for metric value {request['MetricValue']}")
