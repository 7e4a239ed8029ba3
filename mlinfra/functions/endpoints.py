"""The endpoints of an environment, as SageMaker describes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlinfra.functions.contract import Tag

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from mlinfra.functions.clients import Clients

_ENDPOINTS_A_PAGE = 100


@dataclass(frozen=True)
class HostedEndpoint:
    """A SageMaker endpoint."""

    name: str
    status: str
    """Its `EndpointStatus`."""
    changed: datetime
    """The time of its creation or last change."""
    variants: tuple[str, ...]
    """The names of its production variants."""
    tags: Mapping[str, str]

    @property
    def may_be_stopped(self) -> bool:
        """True if it may be deleted when it is unused."""
        return self.tags.get(Tag.AUTO_STOP) == "true"

    @property
    def unused_days(self) -> int | None:
        """The number of days without a request after which it is unused. None: its tag is missing or invalid."""
        text = self.tags.get(Tag.UNUSED_DAYS, "")
        return int(text) if text.isascii() and text.isdigit() and int(text) > 0 else None


def names(clients: Clients, prefix: str) -> Iterator[str]:
    """The names of the endpoints that begin with `prefix`.

    Raises:
        ClientError: if SageMaker refuses to list them, or a further page of them.
    """
    pages = clients.sagemaker.get_paginator("list_endpoints").paginate(
        NameContains=prefix, PaginationConfig={"PageSize": _ENDPOINTS_A_PAGE}
    )
    for page in pages:
        yield from (each["EndpointName"] for each in page["Endpoints"] if each["EndpointName"].startswith(prefix))


def describe(clients: Clients, name: str) -> HostedEndpoint:
    """The current state of the endpoint.

    Raises:
        ClientError: if SageMaker refuses to describe it or to list its tags.
        KeyError: if a required field is missing from a response.
    """
    answer = clients.sagemaker.describe_endpoint(EndpointName=name)
    return HostedEndpoint(
        name=answer["EndpointName"],
        status=answer["EndpointStatus"],
        changed=max(answer["CreationTime"], answer["LastModifiedTime"]),
        variants=tuple(each["VariantName"] for each in answer.get("ProductionVariants") or ()),
        tags=_tags(clients, answer["EndpointArn"]),
    )


def _tags(clients: Clients, arn: str) -> dict[str, str]:
    pages: Any = clients.sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
    return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}
