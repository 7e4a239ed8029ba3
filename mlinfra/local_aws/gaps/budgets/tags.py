"""Gap: tags of budgets and of their actions.

moto has none. In AWS, both have tags. Source: AWS Budgets API reference, CreateBudget, CreateBudgetAction,
TagResource, UntagResource and ListTagsForResource, read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.budgets.responses import BudgetsResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.utilities.tagging_service import TaggingService

from mlinfra.local_aws.mechanisms.api_model import ApiError, checked_request
from mlinfra.local_aws.mechanisms.extending import add_operations, kept

if TYPE_CHECKING:
    from moto.budgets.models import BudgetsBackend

_INVALID = "InvalidParameterException"


def is_open() -> bool:
    """True if moto has no tags of budgets."""
    return not hasattr(BudgetsResponse, "list_tags_for_resource")


def close() -> None:
    """Close the gap: add the operations on tags."""
    add_operations(BudgetsResponse, list_tags_for_resource, tag_resource, untag_resource)


def put_tags(response: BudgetsResponse, arn: str, tags: list[dict[str, str]]) -> None:
    """Set the tags of a new resource, without those of a deleted one of the same ARN."""
    tagger = _tagger(response.backend)
    tagger.delete_all_tags_for_resource(arn)
    tagger.tag_resource(arn, tags)
    _taggable(response.backend).add(arn)


def forget_tags(response: BudgetsResponse, arn: str) -> None:
    """Delete the tags of a deleted resource and of the resources below it."""
    taggable = _taggable(response.backend)
    for deleted in [each for each in taggable if each == arn or each.startswith(f"{arn}/")]:
        taggable.remove(deleted)
        _tagger(response.backend).delete_all_tags_for_resource(deleted)


def list_tags_for_resource(self: BudgetsResponse) -> ActionResult:
    """List the tags of a resource."""
    request = _checked(self, "ListTagsForResource")
    tags = _tagger(self.backend).list_tags_for_resource(request["ResourceARN"])["Tags"]
    return ActionResult({"ResourceTags": tags})


def tag_resource(self: BudgetsResponse) -> EmptyResult:
    """Add tags, or change the values of existing ones."""
    request = _checked(self, "TagResource")
    _tagger(self.backend).tag_resource(request["ResourceARN"], request["ResourceTags"])
    return EmptyResult()


def untag_resource(self: BudgetsResponse) -> EmptyResult:
    """Remove tags."""
    request = _checked(self, "UntagResource")
    _tagger(self.backend).untag_resource_using_names(request["ResourceARN"], request["ResourceTagKeys"])
    return EmptyResult()


def _checked(response: BudgetsResponse, operation: str) -> dict[str, Any]:
    request = checked_request(response, operation, code=_INVALID)
    if request["ResourceARN"] not in _taggable(response.backend):
        message = f"The resource {request['ResourceARN']} doesn't exist."
        raise ApiError(code="NotFoundException", message=message)
    return request


def _tagger(backend: BudgetsBackend) -> TaggingService:
    return kept(backend, "tags", TaggingService)


def _taggable(backend: BudgetsBackend) -> set[str]:
    return kept(backend, "taggable", set)
