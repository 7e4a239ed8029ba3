"""Tags with owners: proposals from the evidence of an audit, and their application."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mlinfra.errors import OperationError
from mlinfra.functions.contract import Tag
from mlinfra.operations.audit.scan import FAILURES, failed_read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlinfra.operations.audit.item import Audit, Item
    from mlinfra.operations.aws import AwsAccount

_ARNS_A_CALL: Final = 20
"""The maximum of TagResources (Resource Groups Tagging API reference, read 2026-11-29)."""
_VALID: Final = re.compile(r"[\w\s.:/=+@-]{1,256}")
"""Characters of the value of a tag that all services accept (AWS General Reference, "Tag naming limits and
requirements", read 2026-11-29)."""


@dataclass(frozen=True)
class ProposedTag:
    """The proposed owner of a resource."""

    item: Item
    arns: tuple[str, ...]
    owner: str
    evidence: str


@dataclass
class TaggingResult:
    """The result of tagging."""

    tagged: list[str] = field(default_factory=list)
    """ARNs."""
    failed: dict[str, str] = field(default_factory=dict)
    """The reason of AWS, by ARN."""


def proposed_tags(audit: Audit, ids: Sequence[str] = (), owner: str | None = None) -> tuple[ProposedTag, ...]:
    """Owners for resources that no declared stack manages and that have no owner by tag, the dearest first.

    Args:
        audit: the audit.
        ids: ids or names of resources. Default: all.
        owner: the owner of all of them. Default: the best guess of each.

    Raises:
        OperationError: if `owner` is not a valid value of a tag, or is given for all resources.
    """
    if owner is not None and not ids:
        message = "--owner applies to named resources only. Add their ids or names."
        raise OperationError(message)
    if owner is not None and not _VALID.fullmatch(owner):
        message = (
            f"{owner!r} is not a valid value of a tag. Expected: 1 to 256 letters, digits, spaces and . : / = + @ - _."
        )
        raise OperationError(message)
    proposals = []
    for each in audit.items:
        if ids and not {each.id, each.name} & set(ids):
            continue
        if each.classification not in {"unmanaged", "orphaned"} or each.owner_is_certain or not each.arn:
            continue
        name = owner or each.owner
        if _VALID.fullmatch(name):
            proposals.append(ProposedTag(each, _arns(each), name, "named" if owner else each.owner_evidence))
    return tuple(proposals)


def apply_tags(account: AwsAccount, proposals: Sequence[ProposedTag]) -> TaggingResult:
    """Set the tag `Owner`. The failure of one resource does not affect the others.

    Args:
        account: the account.
        proposals: the tags.
    """
    batches: dict[tuple[str, str], list[str]] = defaultdict(list)
    for each in proposals:
        batches[each.item.region, each.owner] += each.arns
    result = TaggingResult()
    for (region, owner), arns in batches.items():
        client = account.session.client("resourcegroupstaggingapi", region_name=region)
        for start in range(0, len(arns), _ARNS_A_CALL):
            some = arns[start : start + _ARNS_A_CALL]
            try:
                answer = client.tag_resources(ResourceARNList=some, Tags={Tag.OWNER: owner})
            except FAILURES as error:
                reason = failed_read(region, "tag", error).reason
                result.failed |= dict.fromkeys(some, reason)
                continue
            refused = answer.get("FailedResourcesMap", {})
            result.failed |= {
                arn: f"{each.get('ErrorCode', '')}: {each.get('ErrorMessage', '')}" for arn, each in refused.items()
            }
            result.tagged += [arn for arn in some if arn not in refused]
    return result


def _arns(item: Item) -> tuple[str, ...]:
    """The ARNs of a resource, and of the instances that are counted with it: the bill has their tags."""
    _, partition, _, _, account_id, *_ = [*item.arn.split(":"), *[""] * 4]
    instances = tuple(
        f"arn:{partition}:ec2:{item.region}:{account_id}:instance/{each}"
        for each in item.members
        if each.startswith("i-")
    )
    return instances if item.kind == "instance-group" else (item.arn, *instances)
