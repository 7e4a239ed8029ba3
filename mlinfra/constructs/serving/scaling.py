"""Autoscaling of an endpoint, down to zero instances for asynchronous ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlinfra._cdk import Construct, TerraformResourceLifecycle
from mlinfra._cdk.aws import appautoscaling_policy as policies, appautoscaling_target, cloudwatch_metric_alarm
from mlinfra.declarations import Asynchronous, RealTime

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlinfra._cdk.aws import sagemaker_endpoint, sagemaker_endpoint_configuration

_NAMESPACE: Final = "sagemaker"
_DIMENSION: Final = "sagemaker:variant:DesiredInstanceCount"

_SCALE_OUT_COOLDOWN_SECONDS = 60
_SCALE_IN_COOLDOWN_SECONDS = 600
"""Instances that take minutes to start are not removed in a short pause."""


class ServingScaling(Construct):
    """Scaling of the instances of one variant with its load.

    Application Auto Scaling refuses an update of the endpoint that changes the instance type of what it
    scales (SageMaker developer guide, "Update endpoints that use auto scaling", read 2026-11-26). So the
    target and its policies are deleted before such an update and created after it: they are replaced with
    the instance type, and Terraform destroys what depends on the endpoint before it changes the endpoint.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        endpoint: sagemaker_endpoint.SagemakerEndpoint,
        endpoint_name: str,
        configuration: sagemaker_endpoint_configuration.SagemakerEndpointConfiguration,
        variant_name: str,
        hosting: RealTime | Asynchronous,
        tags: Mapping[str, str],
    ) -> None:
        """Declare the target and its policies.

        Args:
            scope: the endpoint's construct.
            id: the construct's id, unique in its scope.
            endpoint: the endpoint.
            endpoint_name: its name, known before it exists.
            configuration: its configuration.
            variant_name: the variant.
            hosting: the sizes and the metric. A RealTime has a max_instances.
            tags: tags of the target, in addition to the stack's.
        """
        super().__init__(scope, id)
        self._endpoint_name = endpoint_name
        address = f"{configuration.terraform_resource_type}.{configuration.friendly_unique_id}"
        self._with_instance_type = TerraformResourceLifecycle(
            replace_triggered_by=[f"{address}.production_variants[0].instance_type"]
        )
        fewest = hosting.instances if isinstance(hosting, RealTime) else hosting.min_instances
        self._target = appautoscaling_target.AppautoscalingTarget(
            self,
            "target",
            service_namespace=_NAMESPACE,
            resource_id=f"endpoint/{endpoint.name}/variant/{variant_name}",
            scalable_dimension=_DIMENSION,
            min_capacity=fewest,
            max_capacity=hosting.max_instances or hosting.instances,
            tags=dict(tags),
            lifecycle=self._with_instance_type,
        )
        if isinstance(hosting, RealTime):
            self._track_invocations(hosting)
        else:
            self._track_backlog(hosting)
            if not hosting.min_instances:
                self._wake()

    @property
    def target(self) -> appautoscaling_target.AppautoscalingTarget:
        """The scalable target."""
        return self._target

    def _track_invocations(self, hosting: RealTime) -> None:
        assert hosting.invocations_per_instance is not None  # noqa: S101  it comes with a max_instances
        self._policy(
            "invocations",
            target_tracking=policies.AppautoscalingPolicyTargetTrackingScalingPolicyConfiguration(
                target_value=hosting.invocations_per_instance,
                scale_in_cooldown=_SCALE_IN_COOLDOWN_SECONDS,
                scale_out_cooldown=_SCALE_OUT_COOLDOWN_SECONDS,
                predefined_metric_specification=(
                    policies.AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecification(
                        predefined_metric_type="SageMakerVariantInvocationsPerInstance"
                    )
                ),
            ),
        )

    def _track_backlog(self, hosting: Asynchronous) -> None:
        tracking = policies.AppautoscalingPolicyTargetTrackingScalingPolicyConfiguration
        metric = policies.AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecification
        dimension = (
            policies.AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationDimensions
        )
        self._policy(
            "backlog",
            target_tracking=tracking(
                target_value=hosting.backlog_per_instance,
                scale_in_cooldown=_SCALE_IN_COOLDOWN_SECONDS,
                scale_out_cooldown=_SCALE_OUT_COOLDOWN_SECONDS,
                customized_metric_specification=metric(
                    namespace="AWS/SageMaker",
                    metric_name="ApproximateBacklogSizePerInstance",
                    statistic="Average",
                    dimensions=[dimension(name="EndpointName", value=self._endpoint_name)],
                ),
            ),
        )

    def _wake(self) -> None:
        """Add an instance for the first request. Target tracking alone would wait for a backlog above its target."""
        policy = self._policy(
            "wake",
            step=policies.AppautoscalingPolicyStepScalingPolicyConfiguration(
                adjustment_type="ChangeInCapacity",
                metric_aggregation_type="Average",
                cooldown=_SCALE_OUT_COOLDOWN_SECONDS,
                step_adjustment=[
                    policies.AppautoscalingPolicyStepScalingPolicyConfigurationStepAdjustment(
                        metric_interval_lower_bound="0", scaling_adjustment=1
                    )
                ],
            ),
        )
        cloudwatch_metric_alarm.CloudwatchMetricAlarm(
            self,
            "wake-alarm",
            alarm_name=f"{self._endpoint_name}-wake",
            alarm_description=(
                f"Requests to the endpoint {self._endpoint_name} are waiting, and it has no instances. One instance "
                f"is added automatically; no action is required."
            ),
            namespace="AWS/SageMaker",
            metric_name="HasBacklogWithoutCapacity",
            dimensions={"EndpointName": self._endpoint_name},
            statistic="Average",
            period=60,
            evaluation_periods=2,
            comparison_operator="GreaterThanOrEqualToThreshold",
            threshold=1,
            treat_missing_data="missing",
            alarm_actions=[policy.arn],
        )

    def _policy(
        self,
        name: str,
        *,
        target_tracking: policies.AppautoscalingPolicyTargetTrackingScalingPolicyConfiguration | None = None,
        step: policies.AppautoscalingPolicyStepScalingPolicyConfiguration | None = None,
    ) -> policies.AppautoscalingPolicy:
        return policies.AppautoscalingPolicy(
            self,
            name,
            name=f"{self._endpoint_name}-{name}",
            policy_type="TargetTrackingScaling" if target_tracking else "StepScaling",
            service_namespace=self._target.service_namespace,
            resource_id=self._target.resource_id,
            scalable_dimension=self._target.scalable_dimension,
            target_tracking_scaling_policy_configuration=target_tracking,
            step_scaling_policy_configuration=step,
            lifecycle=self._with_instance_type,
        )
