"""List operations of SageMaker: filters, order and pages, the same for every kind of resource.

Source: SageMaker API reference, ListUserProfiles, ListImages, ListFeatureGroups and the other List
operations, read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.sagemaker.exceptions import AWSValidationException

from mlinfra.local_aws.mechanisms.pages import page

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

# Members of a list request that concern the list, not the listed resources.
_ABOUT_THE_LIST = frozenset({"MaxResults", "NextToken", "SortBy", "SortOrder"})
_TIMES = {"Creat": "CreationTime", "Modif": "LastModifiedTime"}
_PAGE = 10


def listed(
    descriptions: Sequence[Mapping[str, Any]],
    request: Mapping[str, Any],
    *,
    name: str,
    status: str | None = None,
    filters: Mapping[str, str] | None = None,
    order: str = "Ascending",
) -> tuple[list[Mapping[str, Any]], str | None]:
    """The page that a request asks for, and the token of the next one.

    Args:
        descriptions: all resources, as returned by their describe operation.
        request: the input of the list operation.
        name: the member that holds the name.
        status: the member that holds the status. Default: none.
        filters: the compared member by the name of the filter, if the name of the filter does not
            determine it. Default: none.
        order: the order of a request without `SortOrder`. Default: `Ascending`.

    Raises:
        AWSValidationException: the token is invalid.
    """
    about = {"NameContains": name, "StatusEquals": status or "", **(filters or {})}
    wanted = {key: value for key, value in request.items() if key not in _ABOUT_THE_LIST}
    chosen = [each for each in descriptions if all(_passes(each, key, value, about) for key, value in wanted.items())]
    by = _sort_member(request.get("SortBy") or "CreationTime", name, status)
    chosen.sort(
        key=lambda each: (each.get(by) is not None, each.get(by)),
        reverse=(request.get("SortOrder") or order).lower() == "descending",
    )
    try:
        return page(chosen, token=request.get("NextToken"), size=int(request.get("MaxResults") or _PAGE))
    except ValueError as error:
        message = f"Invalid NextToken: {error}."
        raise AWSValidationException(message) from None


def _passes(description: Mapping[str, Any], key: str, value: Any, about: Mapping[str, str]) -> bool:  # noqa: ANN401
    if key.endswith(("After", "Before")):
        time: datetime = description[next(member for part, member in _TIMES.items() if part in key)]
        return bool(time > value if key.endswith("After") else time < value)
    if key.endswith("Contains"):
        return bool(value in description[about.get(key, key.removesuffix("Contains"))])
    return bool(description.get(about.get(key, key.removesuffix("Equals"))) == value)


def _sort_member(sort_by: str, name: str, status: str | None) -> str:
    """The member to sort by. Some operations use CREATION_TIME, others CreationTime."""
    member = "".join(word.title() for word in sort_by.split("_")) if sort_by.isupper() else sort_by
    return {"Name": name, "Status": status or ""}.get(member, member)
