"""Activation of tag keys for cost allocation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk import Construct
from mlinfra._cdk.aws import ce_cost_allocation_tag

if TYPE_CHECKING:
    from collections.abc import Sequence


class CostAllocationTags(Construct):
    """Tag keys that bills, budgets and reports distinguish.

    Only the management account of an organization, or an account without one, can activate a key, and only about 24
    hours after a resource with the key was first billed. Cost is allocated from the activation on. Source: Billing user
    guide, "Activating user-defined cost allocation tags", read 2026-11-29.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        keys: Sequence[str],
    ) -> None:
        """Activate `keys`.

        Args:
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            keys: the tag keys, such as Team and Owner.
        """
        super().__init__(scope, id)
        self._tags = {
            key: ce_cost_allocation_tag.CeCostAllocationTag(self, f"tag-{key}", tag_key=key, status="Active")
            for key in keys
        }

    @property
    def tags(self) -> dict[str, ce_cost_allocation_tag.CeCostAllocationTag]:
        """The activated tags, by key."""
        return dict(self._tags)
