"""Traffic allowed by security groups, rule by rule, for all ways to declare rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mlinfra.operations.review.change import UNKNOWN, Change, Kind, items, number
from mlinfra.operations.review.escaping import first_of, quoted
from mlinfra.operations.review.finding import Finding, Level, Rule
from mlinfra.operations.review.networks import is_large_and_public

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from mlinfra.operations.review.plan import Plan

WORLD: Final = Rule(
    "MLR301",
    Level.HOLD,
    "A security group opens a port to the internet, or to a large part of it.",
    "Allow only the addresses or the security group that need access. For a shell on a node, use Session Manager.",
)
OPENS: Final = Rule(
    "MLR302",
    Level.WARNING,
    "A security group allows additional inbound traffic.",
    "Check that the port and the source are intended.",
)
OUT: Final = Rule(
    "MLR303",
    Level.NOTE,
    "A security group allows additional outbound traffic.",
    "Check that the port and the destination are intended.",
)
WORLD_OUT: Final = Rule(
    "MLR307",
    Level.WARNING,
    "A security group that limited outbound traffic allows it to the internet, or to a large part of it.",
    "Allow only the addresses that are needed. Data can leave to all others.",
)
CLOSES: Final = Rule(
    "MLR304",
    Level.NOTE,
    "A security group allows less traffic.",
    "Check that no running workload needs it.",
)
UNREADABLE: Final = Rule(
    "MLR305",
    Level.WARNING,
    "The source of a security group rule is known after apply, or is sensitive.",
    "Check the code of the rule.",
)
CLUSTER: Final = Rule(
    "MLR306",
    Level.HOLD,
    "The API of a Kubernetes cluster is reachable from the internet, or from a large part of it.",
    "Set `public_access_cidrs` to the addresses that need access, or disable `endpoint_public_access`.",
)
RULES: Final = (WORLD, OPENS, OUT, CLOSES, UNREADABLE, CLUSTER, WORLD_OUT)

_GROUPS: Final = frozenset({"aws_security_group", "aws_default_security_group"})
_SINGLE: Final = {
    "aws_vpc_security_group_ingress_rule": "ingress",
    "aws_vpc_security_group_egress_rule": "egress",
}
_ALL: Final = "-1"


@dataclass(frozen=True)
class _Opening:
    """Traffic that a security group allows, of one direction, port range and peer."""

    inwards: bool
    ports: str
    peer: str
    """An address range, a group, a prefix list, or `itself`."""


TYPES: Final = frozenset({*_GROUPS, *_SINGLE, "aws_security_group_rule", "aws_eks_cluster"})
"""The types that this module checks."""


def check(plan: Plan) -> Iterator[Finding]:
    """Check security groups, their rules, and the endpoints of Kubernetes clusters."""
    for change in plan.changes:
        if change.kind in {Kind.FORGET, Kind.READ} or _is_deleted_with_group(plan, change):
            continue
        if change.type in _GROUPS:
            yield from _group(plan, change)
        elif change.type in _SINGLE or change.type == "aws_security_group_rule":
            yield from _rule(plan, change)
        elif change.type == "aws_eks_cluster" and (change.creates or change.kind is Kind.UPDATE):
            yield from _cluster(plan, change)


def _cluster(plan: Plan, change: Change) -> Iterator[Finding]:
    before, after = _reach(change.old), _reach(change.new)
    more = [each for each in after if change.creates or each not in before]
    if more:
        name = change.name("name")
        yield CLUSTER.at(
            plan.stack, change, f"The API of {name} becomes reachable from {', '.join(map(quoted, more))}."
        )


def _reach(value_of: Callable[[str], Any]) -> list[str]:
    """The large networks with access to the API of a cluster."""
    if value_of("vpc_config.0.endpoint_public_access") is not True:
        return []
    # Default of AWS: all addresses.
    ranges = value_of("vpc_config.0.public_access_cidrs")
    return (
        ["0.0.0.0/0"] if ranges is UNKNOWN else [each for each in map(str, items(ranges)) if is_large_and_public(each)]
    )


def _group(plan: Plan, change: Change) -> Iterator[Finding]:
    name = change.name("name", "id")
    if change.is_sensitive("ingress") or change.is_sensitive("egress"):
        yield UNREADABLE.at(plan.stack, change, f"The rules of {name} are sensitive.")
        return
    if _has_unknown_range(change, "ingress"):
        yield UNREADABLE.at(plan.stack, change, f"The sources allowed by {name} are known after apply.")
    # A direction that is not set has separate rules, and its value is known after apply.
    sides = [side for side in ("ingress", "egress") if change.new(side) is not UNKNOWN]
    before, after = _of_group(change.old, sides), _of_group(change.new, sides)
    yield from _compared(plan, change, before, after, name)


def _rule(plan: Plan, change: Change) -> Iterator[Finding]:
    reading = _of_rule if change.type == "aws_security_group_rule" else _of_single(_SINGLE[change.type])
    paths = ("cidr_blocks", "ipv6_cidr_blocks", "source_security_group_id", "prefix_list_ids", "cidr_ipv4", "cidr_ipv6",
             "referenced_security_group_id", "prefix_list_id", "from_port", "to_port", "type")  # fmt: skip
    group = change.name("security_group_id")
    if any(change.is_sensitive(path) for path in paths):
        yield UNREADABLE.at(plan.stack, change, f"The source in a rule of {group} is sensitive.")
        return
    if change.new("cidr_blocks") is UNKNOWN or change.new("cidr_ipv4") is UNKNOWN or change.new("cidr_ipv6") is UNKNOWN:
        yield UNREADABLE.at(plan.stack, change, f"The source in a rule of {group} is known after apply.")
    yield from _compared(plan, change, reading(change.old), reading(change.new), group)


def _compared(plan: Plan, change: Change, before: set[_Opening], after: set[_Opening], group: str) -> Iterator[Finding]:
    opened, closed = after - before, before - after
    large = {each for each in opened if is_large_and_public(each.peer)}
    world = {each for each in large if each.inwards}
    had = [each for each in before if not each.inwards]
    was_limited = bool(had) and not any(is_large_and_public(each.peer) for each in had)
    out = {each for each in large if not each.inwards and was_limited}
    for rule, some, verb in (
        (WORLD, world, "now allows"),
        (OPENS, {each for each in opened - world if each.inwards}, "now allows"),
        (WORLD_OUT, out, "now allows"),
        (OUT, {each for each in opened - out if not each.inwards}, "now allows"),
        (CLOSES, closed, "no longer allows"),
    ):
        if some:
            yield rule.at(plan.stack, change, f"{group} {verb} {_in_words(some)}.")


def _in_words(some: Iterable[_Opening]) -> str:
    each = []
    for one in sorted(some, key=lambda one: (one.ports, one.peer)):
        direction = "inbound from" if one.inwards else "outbound to"
        each.append(f"{one.ports} {direction} {one.peer if one.peer == 'itself' else quoted(one.peer)}")
    most = 12
    return first_of(each, most)


def _of_group(value_of: Callable[[str], Any], sides: Sequence[str]) -> set[_Opening]:
    """Traffic allowed by the blocks inside a group."""
    return {
        opening
        for side in sides
        for block in items(value_of(side))
        if isinstance(block, dict)
        for opening in _openings(
            inwards=side == "ingress",
            ports=_ports(block.get("protocol"), block.get("from_port"), block.get("to_port")),
            peers=[
                *items(block.get("cidr_blocks")),
                *items(block.get("ipv6_cidr_blocks")),
                *items(block.get("prefix_list_ids")),
                *items(block.get("security_groups")),
                *(["itself"] if block.get("self") is True else []),
            ],
        )
    }


def _of_rule(value_of: Callable[[str], Any]) -> set[_Opening]:
    lists = [value_of(path) for path in ("cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids")]
    peers = [*(peer for each in lists for peer in items(each)), *(["itself"] if value_of("self") is True else [])]
    source = value_of("source_security_group_id")
    # A rule has addresses, lists and itself as peers, or a group. An unset group is marked as unknown, too.
    if not (source is UNKNOWN and (peers or UNKNOWN in lists)):
        peers += _one(source)
    ports = _ports(value_of("protocol"), value_of("from_port"), value_of("to_port"))
    return set(_openings(inwards=value_of("type") != "egress", ports=ports, peers=peers))


def _of_single(side: str) -> Callable[[Callable[[str], Any]], set[_Opening]]:
    def reading(value_of: Callable[[str], Any]) -> set[_Opening]:
        paths = ("cidr_ipv4", "cidr_ipv6", "prefix_list_id", "referenced_security_group_id")
        peers = [peer for path in paths for peer in _one(value_of(path))]
        ports = _ports(value_of("ip_protocol"), value_of("from_port"), value_of("to_port"))
        return set(_openings(inwards=side == "ingress", ports=ports, peers=peers))

    return reading


def _one(value: object) -> list[str]:
    if value is UNKNOWN:
        return ["a group or list that this plan creates"]
    return [value] if isinstance(value, str) and value else []


def _openings(*, inwards: bool, ports: str, peers: Iterable[object]) -> Iterator[_Opening]:
    for peer in peers:
        yield _Opening(inwards, ports, str(peer))


def _ports(protocol: object, first: object, last: object) -> str:
    """The ports in words, such as `port 22 (tcp)`."""
    name = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6", "all": _ALL}.get(str(protocol), str(protocol))
    if name == _ALL:
        return "all traffic"
    start, end = number(first), number(last)
    if name.startswith("icmp"):
        return "ICMP"
    if name not in {"tcp", "udp"}:
        return f"protocol {quoted(name)}"
    if start is None or end is None:
        return f"ports that are known after apply ({name})"
    if (start, end) == (0, 65535):
        return f"all ports ({name})"
    return f"port {start:.0f} ({name})" if start == end else f"ports {start:.0f} to {end:.0f} ({name})"


def _has_unknown_range(change: Change, side: str) -> bool:
    return any(
        change.new(f"{side}.{place}.{ranges}") is UNKNOWN
        for place in range(len(items(change.new(side))))
        for ranges in ("cidr_blocks", "ipv6_cidr_blocks")
    )


def _is_deleted_with_group(plan: Plan, change: Change) -> bool:
    group = change.old("id") if change.type in _GROUPS else change.old("security_group_id")
    return change.kind is Kind.DESTROY and isinstance(group, str) and group in plan.destroyed_names
