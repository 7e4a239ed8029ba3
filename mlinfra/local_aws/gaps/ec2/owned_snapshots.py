"""Gap: snapshots by owner.

moto ignores the owners of DescribeSnapshots, and returns the snapshots of all public images. In AWS, OwnerIds limits
the response to snapshots of these accounts, and `self` is the account of the caller. Source: EC2 API reference,
DescribeSnapshots, read 2026-11-29.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from moto.ec2.responses.elastic_block_store import ElasticBlockStore

from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable

    from moto.core.responses import ActionResult


def is_open() -> bool:
    """True if moto does not read the owners."""
    return "OwnerIds" not in ElasticBlockStore.describe_snapshots.__code__.co_consts


def close() -> None:
    """Close the gap: return only the snapshots of the named owners."""
    wrap(ElasticBlockStore, "describe_snapshots", _describe)


def _describe(original: Callable[[ElasticBlockStore], ActionResult], response: ElasticBlockStore) -> ActionResult:
    answer = original(response)
    owners = response._get_param("OwnerIds", [])  # noqa: SLF001  moto's way to read a parameter
    if owners:
        wanted = {response.current_account if each == "self" else each for each in owners}
        result = cast("dict[str, Any]", answer.result)
        result["Snapshots"] = [each for each in result["Snapshots"] if each.owner_id in wanted]
    return answer
