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
    """An endpoint."""

    name: str
    status: str
    """SageMaker's word for what it does."""
    changed: datetime
    """When it was made or last changed."""
    variants: tuple[str, ...]
    """The names of those of its variants that answer."""
    tags: Mapping[str, str]

    @property
    def may_be_stopped(self) -> bool:
        """Whether it may be deleted where nobody asks it."""
        return self.tags.get(Tag.AUTO_STOP) == "true"

    @property
    def unused_days(self) -> int | None:
        """After how many days without a request it counts as unused; None: its tag does not say."""
        text = self.tags.get(Tag.UNUSED_DAYS, "")
        return int(text) if text.isascii() and text.isdigit() and int(text) > 0 else None


def names(clients: Clients, prefix: str) -> Iterator[str]:
    """The names of the endpoints that begin with `prefix`.

    Raises:
        ClientError: where SageMaker refuses to list them, or the next page of them.
    """
    pages = clients.sagemaker.get_paginator("list_endpoints").paginate(
        NameContains=prefix, PaginationConfig={"PageSize": _ENDPOINTS_A_PAGE}
    )
    for page in pages:
        yield from (each["EndpointName"] for each in page["Endpoints"] if each["EndpointName"].startswith(prefix))


def described(clients: Clients, name: str) -> HostedEndpoint:
    """The endpoint of this name, as it is now.

    Raises:
        ClientError: where SageMaker refuses to describe it, or to say its tags.
        KeyError: where an answer lacks what it has to have.
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
