from __future__ import annotations

import json

from mlinfra.operations.audit.item import Audit, FailedRead
from tests.unit.operations.audit.an_item import NOW, an_item


def test_an_item_has_a_unique_key() -> None:
    assert an_item().key == "us-east-1/ec2/instance/i-0abc"


def test_an_item_needs_attention_unless_it_is_managed_and_in_order() -> None:
    assert an_item().is_attention_needed
    assert not an_item(classification="managed").is_attention_needed
    assert an_item(classification="managed", conditions=("idle",)).is_attention_needed
    assert an_item(classification="managed", problems=("The volume is not encrypted.",)).is_attention_needed


def test_the_cost_is_summed_by_classification_and_an_unknown_price_counts_nothing() -> None:
    items = (an_item(), an_item(classification="managed", usd_per_month=20.5), an_item(usd_per_month=None))
    audit = Audit(items, (), NOW)
    assert audit.usd_per_month() == 120.5
    assert audit.usd_per_month("managed") == 20.5
    assert audit.usd_per_month("orphaned") == 0


def test_the_json_names_failures_and_items_with_unknown_prices() -> None:
    failure = FailedRead("eu-west-1", "ec2", "not authorized", ("instance", "volume"), "UnauthorizedOperation")
    found = json.loads(json.dumps(Audit((an_item(usd_per_month=None),), (failure,), NOW, "123456789012").as_json()))
    assert found["is_complete"] is False
    assert found["failed_regions"] == [
        {
            "region": "eu-west-1",
            "service": "ec2",
            "reason": "not authorized",
            "kinds": ["instance", "volume"],
            "code": "UnauthorizedOperation",
        }
    ]
    assert found["unpriced"] == ["us-east-1/ec2/instance/i-0abc"]
    assert found["items"][0]["launched"] == "2026-10-18T12:00:00+00:00"
    assert found["items"][0]["usd_so_far"] == 138.08
    assert found["usd_per_month"] == {
        "total": 0,
        "managed": 0,
        "managed-elsewhere": 0,
        "unmanaged": 0,
        "orphaned": 0,
    }
