"""The list of resource types with tags."""

from __future__ import annotations

from mlinfra.catalog import taggable_types
from mlinfra.catalog.tag_support import TYPES_FILE


def test_it_has_types_with_tags_and_no_others() -> None:
    types = taggable_types()
    assert len(types) > 700
    assert {"aws_s3_bucket", "aws_launch_template", "aws_sagemaker_endpoint", "aws_budgets_budget"} <= types
    # Groups have `tag` blocks, which default tags do not reach; the others have no tags.
    assert not types & {"aws_autoscaling_group", "aws_route", "aws_ce_cost_allocation_tag", "aws_s3_bucket_policy"}


def test_it_is_sorted_and_has_no_duplicates() -> None:
    lines = TYPES_FILE.read_text(encoding="utf-8").splitlines()
    assert lines == sorted({*lines})
