"""Units: each resource is counted once."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from mlinfra.operations.audit.assembling import Context, Unit, cost_of_unit, item_of, units_of
from mlinfra.operations.audit.declared import Declared
from mlinfra.operations.audit.found import Charge, Found
from mlinfra.operations.audit.ownership import People
from mlinfra.operations.audit.states import StateResource, States
from mlinfra.operations.audit.usage import Usage
from tests.unit.operations.audit.found_resources import a_resource

NOW = datetime(2026, 11, 29, 12, tzinfo=timezone.utc)
CONTEXT = Context({}, {}, People(), {}, NOW)


def units(*found: Found, states: States | None = None) -> dict[str, Unit]:
    made = units_of(found, states or States(), Declared())
    assert sum(len(each.all) for each in made) == len(found), "each resource is in one unit"
    return {each.head.id: each for each in made}


def ids(unit: Unit) -> set[str]:
    return {each.id for each in unit.all}


def test_volumes_and_addresses_are_counted_with_the_group_of_their_instance() -> None:
    group = a_resource(service="autoscaling", kind="auto-scaling-group", id="nodes")
    instance = a_resource(id="i-1", part_of=("auto-scaling-group", "nodes"))
    volume = a_resource(kind="volume", id="vol-1", part_of=("instance", "i-1"))
    address = a_resource(kind="address", id="eipalloc-1", part_of=("instance", "i-1"))
    made = units(volume, address, instance, group)
    assert made.keys() == {"nodes"}
    assert ids(made["nodes"]) == {"nodes", "i-1", "vol-1", "eipalloc-1"}


def test_a_part_whose_whole_was_not_read_is_counted_itself() -> None:
    assert units(a_resource(kind="volume", id="vol-1", part_of=("instance", "i-gone"))).keys() == {"vol-1"}


def test_a_part_in_another_region_is_another_resource() -> None:
    group = a_resource(region="eu-west-1", kind="auto-scaling-group", id="nodes")
    assert len(units(group, a_resource(part_of=("auto-scaling-group", "nodes")))) == 2


def test_the_groups_of_eks_and_batch_are_counted_with_their_owners() -> None:
    node_group = a_resource(service="eks", kind="node-group", id="kube:gpu")
    eks = a_resource(kind="auto-scaling-group", id="eks-gpu", part_of=("node-group", "kube:gpu"))
    queue = a_resource(service="batch", kind="compute-environment", id="queue")
    batch = a_resource(kind="auto-scaling-group", id="queue-asg-0a1b", creator="AWS Batch")
    other = a_resource(kind="auto-scaling-group", id="unknown-asg-0a1b", creator="AWS Batch")
    made = units(node_group, eks, queue, batch, other)
    assert {each: ids(unit) for each, unit in made.items()} == {
        "kube:gpu": {"kube:gpu", "eks-gpu"},
        "queue": {"queue", "queue-asg-0a1b"},
        "unknown-asg-0a1b": {"unknown-asg-0a1b"},
    }


def test_parts_of_each_other_end() -> None:
    first = a_resource(id="i-1", part_of=("instance", "i-2"))
    second = a_resource(id="i-2", part_of=("instance", "i-1"))
    assert len(units(first, second)) == 2


def test_instances_of_one_launch_are_one_unit_unless_one_of_them_is_managed() -> None:
    hints = {"reservation": "r-1"}
    some = [a_resource(id=f"i-{number}", hints=hints) for number in range(3)]
    assert [len(each.heads) for each in units(*some).values()] == [3]
    states = States()
    states.add([StateResource("bucket", "key", "aws_instance.box", "aws_instance", "i-1")])
    assert sorted(len(each.heads) for each in units(*some, states=states).values()) == [1, 2]


def test_the_name_of_a_group_has_no_number_of_a_node() -> None:
    some = [a_resource(id=f"i-{number}", name=f"llm_{number:02}") for number in range(2)]
    (unit,) = units(*some).values()
    item = item_of(unit, cost_of_unit(unit, {}, NOW), CONTEXT)
    assert (item.name, item.kind, item.members) == ("llm", "instance-group", ("i-0", "i-1"))


def test_only_tags_that_all_instances_have_are_those_of_the_group() -> None:
    some = [a_resource(id=f"i-{n}", name="llm", tags={"Name": "llm", "number": str(n)}) for n in range(2)]
    (unit,) = units(*some).values()
    assert item_of(unit, cost_of_unit(unit, {}, NOW), CONTEXT).tags == {"Name": "llm"}


def test_a_stopped_cluster_does_not_expire() -> None:
    stopped = a_resource(kind="auto-scaling-group", id="nodes", tags={"Expires": "2026-01-31"})
    running = a_resource(id="i-1", part_of=("auto-scaling-group", "nodes"))
    (unit,) = units(stopped).values()
    assert item_of(unit, cost_of_unit(unit, {}, NOW), CONTEXT).conditions == ()
    (unit,) = units(stopped, running).values()
    assert item_of(unit, cost_of_unit(unit, {}, NOW), CONTEXT).conditions == ("expired",)


def test_the_last_day_is_inclusive_and_an_invalid_day_is_ignored() -> None:
    for day in ("2026-11-29", "soon"):
        (unit,) = units(a_resource(tags={"Expires": day})).values()
        assert item_of(unit, cost_of_unit(unit, {}, NOW), CONTEXT).conditions == ()


def test_a_bucket_costs_what_it_stores() -> None:
    bucket = a_resource(service="s3", kind="bucket", id="data", launched=NOW)
    usage = {bucket.key: Usage({"bytes": [[2.0 * 1024**3, 4.0 * 1024**3]]})}
    (unit,) = units(bucket).values()
    assert cost_of_unit(unit, usage, NOW).basis[0].startswith("3 x s3 storage_standard_first_50tb x 0.023 USD/GB-month")


def test_an_endpoint_without_requests_is_idle_once_it_is_old_enough() -> None:
    for days, conditions in ((2, ()), (4, ("idle",))):
        endpoint = a_resource(
            service="sagemaker",
            kind="endpoint",
            id="ranker",
            launched=NOW - timedelta(days=days),
            charges=(Charge("sagemaker", "ml.g5.xlarge", 2, component="hosting"),),
        )
        context = Context({endpoint.key: Usage({"requests": [[]]})}, {}, People(), {}, NOW)
        (unit,) = units(endpoint).values()
        item = item_of(unit, cost_of_unit(unit, {}, NOW), context)
        assert item.conditions == conditions
        assert (item.nodes, item.accelerators, item.instance_types) == (2, 2, ("ml.g5.xlarge",))
