"""Gap: tags of Application Auto Scaling targets.

moto discards the tags given at registration and has no tag operations. In AWS, a registration may include
tags only when it creates the target. Source: Application Auto Scaling API reference, RegisterScalableTarget,
TagResource, UntagResource, ListTagsForResource, read 2026-11-24.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.applicationautoscaling.exceptions import AWSValidationException
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.core.exceptions import JsonRESTError

from mlinfra.local_aws.mechanisms.extending import add_operations, kept, wrap

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_TAGS = 50


def is_open() -> bool:
    """True if moto has no tags of scalable targets."""
    return not hasattr(ApplicationAutoScalingResponse, "list_tags_for_resource")


def close() -> None:
    """Close the gap: keep the tags of scalable targets and answer the tag operations."""
    wrap(ApplicationAutoScalingResponse, "register_scalable_target", _register)
    wrap(ApplicationAutoScalingResponse, "deregister_scalable_target", _deregister)
    add_operations(ApplicationAutoScalingResponse, tag_resource, untag_resource, list_tags_for_resource)


def tag_resource(response: ApplicationAutoScalingResponse) -> str:
    """Answer TagResource."""
    _add(response, _named(response), _request(response)["Tags"])
    return "{}"


def untag_resource(response: ApplicationAutoScalingResponse) -> str:
    """Answer UntagResource."""
    tags = _tags(response).get(_named(response), {})
    for key in _request(response)["TagKeys"]:
        tags.pop(key, None)
    return "{}"


def list_tags_for_resource(response: ApplicationAutoScalingResponse) -> str:
    """Answer ListTagsForResource."""
    return json.dumps({"Tags": _tags(response).get(_named(response), {})})


def _register(of_moto: Callable[[Any], str], response: ApplicationAutoScalingResponse) -> str:
    tags, before = _request(response).get("Tags"), _targets(response)
    answer = of_moto(response)
    arn = json.loads(answer)["ScalableTargetARN"]
    if tags and arn in before:
        message = "Tags can be given only when a scalable target is registered for the first time. Use TagResource."
        raise AWSValidationException(message)
    if tags:
        _add(response, arn, tags)
    return answer


def _deregister(of_moto: Callable[[Any], str], response: ApplicationAutoScalingResponse) -> str:
    answer, left = of_moto(response), _targets(response)
    for arn in _tags(response).keys() - left:
        del _tags(response)[arn]
    return answer


def _add(response: ApplicationAutoScalingResponse, arn: str, tags: dict[str, str]) -> None:
    together = {**_tags(response).get(arn, {}), **tags}
    if len(together) > _MOST_TAGS:
        code, message = "TooManyTagsException", f"A resource has {_MOST_TAGS} tags at most."
        raise JsonRESTError(code, message)
    _tags(response)[arn] = together


def _named(response: ApplicationAutoScalingResponse) -> str:
    """The registered target that a request names, or None."""
    arn: str = _request(response)["ResourceARN"]
    if arn not in _targets(response):
        code, message = "ResourceNotFoundException", f"No scalable target found for resource ARN: {arn}"
        raise JsonRESTError(code, message)
    return arn


def _request(response: ApplicationAutoScalingResponse) -> dict[str, Any]:
    request: dict[str, Any] = json.loads(response.body)
    return request


def _targets(response: ApplicationAutoScalingResponse) -> set[str]:
    by_dimension = response.applicationautoscaling_backend.targets
    return {target.arn for by_id in by_dimension.values() for target in by_id.values()}


def _tags(response: ApplicationAutoScalingResponse) -> dict[str, dict[str, str]]:
    return kept(response.applicationautoscaling_backend, "tags", dict)
