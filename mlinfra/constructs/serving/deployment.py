"""Traffic shift and rollback of an endpoint update."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk.aws import sagemaker_endpoint as endpoints

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlinfra.declarations import BlueGreen

_OF_THE_FLEET = "CAPACITY_PERCENT"


def deployment_config(
    declared: BlueGreen | None, *, alarm_names: Sequence[str]
) -> endpoints.SagemakerEndpointDeploymentConfig | None:
    """The deployment configuration of an endpoint. None: SageMaker's default.

    Args:
        declared: its declaration.
        alarm_names: the alarms that cause a rollback. Empty: none does.
    """
    if declared is None:
        return None
    return endpoints.SagemakerEndpointDeploymentConfig(
        blue_green_update_policy=endpoints.SagemakerEndpointDeploymentConfigBlueGreenUpdatePolicy(
            traffic_routing_configuration=_routing(declared),
            termination_wait_in_seconds=declared.termination_wait_seconds,
            maximum_execution_timeout_in_seconds=declared.timeout_seconds,
        ),
        auto_rollback_configuration=_rollback(alarm_names) if alarm_names else None,
    )


def _rollback(alarm_names: Sequence[str]) -> endpoints.SagemakerEndpointDeploymentConfigAutoRollbackConfiguration:
    return endpoints.SagemakerEndpointDeploymentConfigAutoRollbackConfiguration(
        alarms=[
            endpoints.SagemakerEndpointDeploymentConfigAutoRollbackConfigurationAlarms(alarm_name=name)
            for name in alarm_names
        ]
    )


def _routing(
    declared: BlueGreen,
) -> endpoints.SagemakerEndpointDeploymentConfigBlueGreenUpdatePolicyTrafficRoutingConfiguration:
    return endpoints.SagemakerEndpointDeploymentConfigBlueGreenUpdatePolicyTrafficRoutingConfiguration(
        type=declared.traffic.upper().replace("-", "_"),
        wait_interval_in_seconds=declared.wait_seconds if declared.is_gradual else 0,
        canary_size=_canary(declared) if declared.traffic == "canary" else None,
        linear_step_size=_step(declared) if declared.traffic == "linear" else None,
    )


def _canary(
    declared: BlueGreen,
) -> endpoints.SagemakerEndpointDeploymentConfigBlueGreenUpdatePolicyTrafficRoutingConfigurationCanarySize:
    return endpoints.SagemakerEndpointDeploymentConfigBlueGreenUpdatePolicyTrafficRoutingConfigurationCanarySize(
        type=_OF_THE_FLEET, value=declared.step_percent
    )


def _step(
    declared: BlueGreen,
) -> endpoints.SagemakerEndpointDeploymentConfigBlueGreenUpdatePolicyTrafficRoutingConfigurationLinearStepSize:
    return endpoints.SagemakerEndpointDeploymentConfigBlueGreenUpdatePolicyTrafficRoutingConfigurationLinearStepSize(
        type=_OF_THE_FLEET, value=declared.step_percent
    )
