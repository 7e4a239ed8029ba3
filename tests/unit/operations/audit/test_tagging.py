"""Tags with owners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.audit.auditing import account_in_use
from mlinfra.operations.audit.item import Audit, Item
from mlinfra.operations.audit.tagging import ProposedTag, apply_tags, proposed_tags
from tests.unit.operations.audit.an_item import NOW, an_item
from tests.unit.operations.audit.story import a_group, run_instances

if TYPE_CHECKING:
    from collections.abc import Callable

BASE = "arn:aws:ec2:us-east-1:123456789012:instance"


def proposals(*items: Item, **arguments: Any) -> list[tuple[str, str]]:
    return [(each.item.id, each.owner) for each in proposed_tags(Audit(items, (), NOW), **arguments)]


def guessed(**changes: Any) -> Item:
    values = {"owner": "ana@example.com", "owner_evidence": "key pair ana", "arn": f"{BASE}/i-0abc"} | changes
    return an_item(**values)


def test_only_guesses_about_unmanaged_resources_are_proposed() -> None:
    assert proposals(guessed()) == [("i-0abc", "ana@example.com")]
    assert proposals(guessed(classification="orphaned")) == [("i-0abc", "ana@example.com")]
    for other in (
        guessed(classification="managed"),
        guessed(classification="managed-elsewhere"),
        guessed(owner_is_certain=True),
        guessed(owner=""),
        guessed(arn=""),
        guessed(owner="a,b"),  # services refuse the comma
    ):
        assert proposals(other) == []


def test_a_named_owner_applies_to_named_resources() -> None:
    items = (guessed(owner=""), guessed(id="i-2", name="other"))
    assert proposals(*items, ids=["hackathon"], owner="ben@example.com") == [("i-0abc", "ben@example.com")]
    with pytest.raises(OperationError, match="--owner applies to named resources only"):
        proposals(*items, owner="ben@example.com")
    with pytest.raises(OperationError, match="'a,b' is not a valid value of a tag"):
        proposals(*items, ids=["hackathon"], owner="a,b")


def test_all_instances_of_a_group_are_tagged_in_batches(client: Callable[..., Any]) -> None:
    ids = run_instances(client, "hackathon", "t3.micro", 45, "us-east-1")
    item = guessed(kind="instance-group", id=ids[0], arn=f"{BASE}/{ids[0]}", members=tuple(ids))
    account, _ = account_in_use(())
    result = apply_tags(account, proposed_tags(Audit((item,), (), NOW)))
    assert (len(result.tagged), result.failed) == (45, {})
    tags = client("ec2").describe_tags(Filters=[{"Name": "key", "Values": ["Owner"]}], MaxResults=1000)["Tags"]
    assert {each["ResourceId"] for each in tags} == set(ids)


def test_a_refused_resource_is_named_and_the_others_are_tagged(client: Callable[..., Any]) -> None:
    (instance,) = run_instances(client, "box", "t3.micro", 1, "us-east-1")
    arns = (f"{BASE}/{instance}", "arn:aws:unknown:us-east-1:123456789012:thing/1")
    account, _ = account_in_use(())
    result = apply_tags(account, [ProposedTag(guessed(), arns, "ana@example.com", "named")])
    assert result.tagged == [arns[0]]
    assert result.failed == {arns[1]: "InternalServiceException: Service not yet supported"}


def test_a_group_is_tagged_with_its_instances(client: Callable[..., Any]) -> None:
    arn = a_group(client, "nodes", "t3.micro", 2, "us-east-1")["attributes"]["arn"]
    (found,) = client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    ids = tuple(each["InstanceId"] for each in found["Instances"])
    item = guessed(service="autoscaling", kind="auto-scaling-group", id="nodes", arn=arn, members=ids)
    account, _ = account_in_use(())
    result = apply_tags(account, proposed_tags(Audit((item,), (), NOW)))
    assert result.tagged == [arn, *(f"{BASE}/{each}" for each in ids)]
    assert result.failed == {}
