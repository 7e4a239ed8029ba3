"""Unexpectedly empty blocks."""

from __future__ import annotations

from mlinfra.checks.blocks import empty_blocks


def test_an_empty_block_is_reported_with_its_construct() -> None:
    body = {"//": {"metadata": {"path": "dev-test/one"}}, "network_interfaces": [{}]}
    (problem,) = empty_blocks({"resource": {"aws_launch_template": {"one": body}}})
    assert problem.path == "dev-test/one"
    assert problem.text.startswith("dev-test/one: the block 'network_interfaces' is empty")


def test_the_filter_of_a_lifecycle_rule_may_be_empty() -> None:
    body = {"rule": [{"id": "all", "filter": [{}]}]}
    assert list(empty_blocks({"resource": {"aws_s3_bucket_lifecycle_configuration": {"one": body}}})) == []
