"""Alarms that roll the update of a SageMaker endpoint back, and the permission to read them.

Source: SageMaker developer guide, "Auto-Rollback Configuration and Monitoring", read 2026-11-29: the execution role
must be allowed cloudwatch:DescribeAlarms on the alarms of the deployment, and the deployment is rolled back if one of
them fires.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.iam.models import iam_backends
from moto.sagemaker.exceptions import AWSValidationException

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from moto.sagemaker.models import SageMakerModelBackend

_READ = "cloudwatch:DescribeAlarms"


def refuse_unreadable_alarms(backend: SageMakerModelBackend, request: Mapping[str, Any]) -> None:
    """Refuse a deployment with rollback alarms that do not exist or that the execution roles may not read.

    Args:
        backend: moto's backend of the endpoint.
        request: a CreateEndpoint or UpdateEndpoint request with an existing configuration.

    Raises:
        AWSValidationException: an alarm does not exist, or a role lacks the permission.
    """
    names = _alarm_names(request.get("DeploymentConfig"))
    alarms = cloudwatch_backends[backend.account_id][backend.region_name].alarms
    roles = sorted(set(_execution_roles(backend, request["EndpointConfigName"]))) if names else []
    for name in names:
        if name not in alarms:
            message = f'Could not find the alarm "{name}" of AutoRollbackConfiguration in this account.'
            raise AWSValidationException(message)
        for role in roles:
            if not _is_permitted(backend, role, str(alarms[name].alarm_arn)):
                message = f'The role "{role}" is not authorized to perform {_READ} on "{alarms[name].alarm_arn}".'
                raise AWSValidationException(message)


def has_rollback_alarms(deployment: Mapping[str, Any] | None) -> bool:
    """True if a deployment names rollback alarms."""
    return bool(_alarm_names(deployment))


def some_alarm_fires(backend: SageMakerModelBackend, deployment: Mapping[str, Any] | None) -> bool:
    """True if one of the rollback alarms of a deployment is in the state ALARM."""
    alarms = cloudwatch_backends[backend.account_id][backend.region_name].alarms
    return any(name in alarms and alarms[name].state_value == "ALARM" for name in _alarm_names(deployment))


def _alarm_names(deployment: Mapping[str, Any] | None) -> list[str]:
    rollback = (deployment or {}).get("AutoRollbackConfiguration") or {}
    return [each["AlarmName"] for each in rollback.get("Alarms") or []]


def _execution_roles(backend: SageMakerModelBackend, configuration: str) -> Iterator[str]:
    for variant in backend.endpoint_configs[configuration].production_variants:
        model = backend._models.get(variant.get("ModelName") or "")  # noqa: SLF001  where moto keeps them
        if model is not None:
            yield str(model.execution_role_arn)


def _is_permitted(backend: SageMakerModelBackend, role_arn: str, alarm_arn: str) -> bool:
    roles = iam_backends[backend.account_id][backend.partition].roles.values()
    role: Any = next((each for each in roles if each.arn == role_arn), None)
    if role is None:
        return False
    policies = [IAMPolicy(each) for each in (*role.policies.values(), *role.managed_policies.values())]
    results = {each.is_action_permitted(_READ, alarm_arn) for each in policies}
    return PermissionResult.PERMITTED in results and PermissionResult.DENIED not in results
