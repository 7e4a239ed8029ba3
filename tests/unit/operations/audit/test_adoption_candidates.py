"""Resources that an environment can adopt."""

from __future__ import annotations

from mlinfra.operations.audit.adoption_candidates import Adoptable, adoptable
from mlinfra.operations.audit.item import Audit
from tests.unit.operations.audit.an_item import NOW, an_item

AUDIT = Audit(
    (
        an_item(kind="instance-group", members=("i-1", "i-2")),
        an_item(kind="auto-scaling-group", id="nodes", name="nodes"),
        an_item(region="eu-west-1", kind="bucket", id="data", name="data"),
        an_item(kind="volume", id="vol-1", name="vol-1"),
        an_item(kind="endpoint", id="ranker", name="ranker", classification="managed"),
    ),
    (),
    NOW,
)


def test_unmanaged_resources_are_adoptable_by_region() -> None:
    found, others = adoptable(AUDIT)
    assert found == (
        Adoptable("us-east-1", ("i-1", "i-2", "nodes"), ("instance", "auto-scaling-group")),
        Adoptable("eu-west-1", ("data",), ("bucket",)),
    )
    assert others == ("us-east-1/ec2/volume/vol-1",)


def test_named_resources_only() -> None:
    assert adoptable(AUDIT, ["nodes"]) == ((Adoptable("us-east-1", ("nodes",), ("auto-scaling-group",)),), ())
    assert adoptable(AUDIT, ["i-2"])[0][0].ids == ("i-1", "i-2")
