"""Gap: SageMaker model package groups and their policies.

moto's groups cannot be deleted and have no policy, and a second group of the same name replaces the first. In
AWS, a group that contains model packages cannot be deleted. Source: SageMaker API reference,
CreateModelPackageGroup, DeleteModelPackageGroup, PutModelPackageGroupPolicy, GetModelPackageGroupPolicy,
DeleteModelPackageGroupPolicy, read 2026-11-24.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.exceptions import AWSValidationException
from moto.sagemaker.responses import SageMakerResponse

from mlinfra.local_aws.mechanisms.extending import kept, wrap
from mlinfra.local_aws.mechanisms.sagemaker_resources import answer_operation, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from moto.sagemaker.models import ModelPackageGroup


def is_open() -> bool:
    """True if moto cannot delete a group."""
    return not hasattr(SageMakerResponse, "delete_model_package_group")


def close() -> None:
    """Close the gap: delete groups, and keep their policies."""
    wrap(SageMakerResponse, "create_model_package_group", _create)
    answer_operation("DeleteModelPackageGroup", _delete)
    answer_operation("PutModelPackageGroupPolicy", _put_policy)
    answer_operation("GetModelPackageGroupPolicy", _get_policy)
    answer_operation("DeleteModelPackageGroupPolicy", _delete_policy)


def _create(of_moto: Callable[[SageMakerResponse], ActionResult], response: SageMakerResponse) -> ActionResult:
    there = response.sagemaker_backend.model_package_groups.get(response.params["ModelPackageGroupName"])
    if there is not None:
        raise refusal(response, "ConflictException", f"Model Package Group already exists: {there.arn}")
    return of_moto(response)


def _delete(response: SageMakerResponse) -> ActionResult:
    backend = response.sagemaker_backend
    group = backend.describe_model_package_group(response.params["ModelPackageGroupName"].split("/")[-1])
    name = group.model_package_group_name
    if any(each.model_package_group_name == name for each in backend.model_packages.values()):
        message = f"Model Package Group {group.arn} cannot be deleted: it contains model packages."
        raise refusal(response, "ConflictException", message)
    del backend.model_package_groups[name]
    _policies(response).pop(group.arn, None)
    return EmptyResult()


def _put_policy(response: SageMakerResponse) -> ActionResult:
    group, policy = _group(response), response.params["ResourcePolicy"]
    try:
        json.loads(policy)
    except ValueError:
        message = "The resource policy is not valid JSON."
        raise AWSValidationException(message) from None
    _policies(response)[group.arn] = policy
    return ActionResult({"ModelPackageGroupArn": group.arn})


def _get_policy(response: SageMakerResponse) -> ActionResult:
    return ActionResult({"ResourcePolicy": _policies(response)[_with_policy(response)]})


def _delete_policy(response: SageMakerResponse) -> ActionResult:
    del _policies(response)[_with_policy(response)]
    return EmptyResult()


def _with_policy(response: SageMakerResponse) -> str:
    """The ARN of the group that a request names, if the group has a policy."""
    arn = _group(response).arn
    if arn not in _policies(response):
        message = f"Cannot find resource policy for: {arn}"
        raise AWSValidationException(message)
    return arn


def _group(response: SageMakerResponse) -> ModelPackageGroup:
    name = response.params["ModelPackageGroupName"]
    group = response.sagemaker_backend.model_package_groups.get(name)
    if group is None:
        message = f"Cannot find Model Package Group: {name}"
        raise AWSValidationException(message)
    return group


def _policies(response: SageMakerResponse) -> dict[str, str]:
    return kept(response.sagemaker_backend, "model_package_group_policies", dict)
