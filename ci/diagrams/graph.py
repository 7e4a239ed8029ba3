"""Nodes and arrows of a picture, from the Terraform JSON of stacks."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from mlinfra.checks.wildcards import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_REFERENCE = re.compile(r"\$\{[^}]*?\b((?:data\.)?aws_[a-z0-9_]+\.[A-Za-z0-9_-]+)")


class DiagramError(Exception):
    """A picture that shows what the stacks do not contain."""


@dataclass(frozen=True)
class Resource:
    """A resource or data source of a stack."""

    stack: str
    address: str
    path: str
    """The path of its construct below the stack, such as `shutdown/janitor/function/role`."""
    body: Mapping[str, Any]

    @property
    def type(self) -> str:
        """Its Terraform type without `aws_`."""
        return self.address.partition(".")[0].removeprefix("aws_")


@dataclass(frozen=True)
class Node:
    """A part of a picture: all resources of some constructs."""

    title: str
    paths: tuple[str, ...]
    """Patterns of STACK/PATH, such as `dev-training/shutdown/janitor/*`."""
    types: tuple[str, ...] = ("*",)
    """Patterns of Terraform types without `aws_`."""
    note: str | Callable[[Sequence[Resource]], str] = ""
    """A second line, which may be read from the resources."""
    changed_by: tuple[str, ...] = ()
    """Actions of IAM policies: an arrow leads to this node from each node with a policy that allows one of them."""
    verb: str = ""
    """The label of these arrows."""


@dataclass(frozen=True)
class Picture:
    """A picture of some nodes."""

    name: str
    alt: str
    nodes: tuple[Node, ...]
    of_stacks: bool = False
    """True if each node is a stack: arrows are then the dependencies of the stacks."""


@dataclass(frozen=True)
class Arrow:
    """An arrow between two nodes, by their positions in the picture."""

    begin: int
    end: int
    label: str = ""


@dataclass(frozen=True)
class Drawn:
    """A node with the texts that are drawn."""

    title: str
    note: str


def resources(stacks: Mapping[str, Mapping[str, Any]]) -> list[Resource]:
    """All resources and data sources.

    Args:
        stacks: Terraform JSON by the names of the stacks.
    """
    return [
        Resource(stack, f"{prefix}{kind}.{name}", _path(stack, body), body)
        for stack, configuration in stacks.items()
        for block, prefix in (("resource", ""), ("data", "data."))
        for kind, named in configuration.get(block, {}).items()
        for name, body in named.items()
    ]


def first(found: Sequence[Resource], kind: str) -> Any:  # noqa: ANN401  the arguments of a resource
    """The arguments of the first resource of a type, which is given without `aws_`."""
    return next(each.body for each in found if each.type == kind)


def _path(stack: str, body: Mapping[str, Any]) -> str:
    path: str = body.get("//", {}).get("metadata", {}).get("path", "")
    return path.removeprefix(f"{stack}/")


def drawn(
    picture: Picture, found: Sequence[Resource], dependencies: Mapping[str, Sequence[str]]
) -> tuple[list[Drawn], list[Arrow]]:
    """The nodes and arrows of a picture.

    Args:
        picture: the picture.
        found: all resources.
        dependencies: by the name of a stack, the stacks that are deployed before it.

    Raises:
        DiagramError: if a node has no resource, or no arrow.
    """
    members = [_members(node, found) for node in picture.nodes]
    for node, own in zip(picture.nodes, members, strict=True):
        if not own:
            message = f"{picture.name}: no resource belongs to {node.title!r} ({', '.join(node.paths)})"
            raise DiagramError(message)
    if picture.of_stacks:
        arrows = list(_dependencies([own[0].stack for own in members], dependencies))
    else:
        arrows = [*_references(members, found), *_permissions(picture.nodes, members)]
    kept = _without_detours(_without_repetitions(arrows))
    alone = set(range(len(members))) - {end for each in kept for end in (each.begin, each.end)}
    if alone:
        names = ", ".join(picture.nodes[each].title for each in sorted(alone))
        message = f"{picture.name}: no arrow leads to or from {names}"
        raise DiagramError(message)
    nodes = [
        Drawn(node.title, node.note if isinstance(node.note, str) else node.note(own))
        for node, own in zip(picture.nodes, members, strict=True)
    ]
    return nodes, kept


def _members(node: Node, found: Sequence[Resource]) -> list[Resource]:
    return [
        each
        for each in found
        if any(fnmatchcase(f"{each.stack}/{each.path}", pattern) for pattern in node.paths)
        and any(fnmatchcase(each.type, pattern) for pattern in node.types)
        and not each.address.startswith("data.")
    ]


def _dependencies(names: Sequence[str], dependencies: Mapping[str, Sequence[str]]) -> Iterator[Arrow]:
    """Arrows to the direct dependencies, without those that another dependency has too."""
    for begin, name in enumerate(names):
        direct = dependencies[name]
        indirect = {other for each in direct for other in dependencies[each]}
        yield from (Arrow(begin, names.index(each)) for each in direct if each in names and each not in indirect)


def _references(members: Sequence[Sequence[Resource]], found: Sequence[Resource]) -> Iterator[Arrow]:
    """Arrows from nodes to those that their resources refer to, also by a parameter of another stack."""
    node_of = {(each.stack, each.address): index for index, own in enumerate(members) for each in own}
    by_address = {(each.stack, each.address): each for each in found}
    producers = {
        each.body["name"]: each
        for each in found
        if each.address.startswith("aws_ssm_parameter.") and isinstance(each.body.get("name"), str)
    }
    buckets = {each.body["bucket"]: each for each in found if each.type == "s3_bucket" and "bucket" in each.body}
    for index, own in enumerate(members):
        for each in own:
            text = json.dumps({**each.body, "//": None})
            # Names of buckets are computed, so policies of other stacks contain them without a reference.
            named = [bucket for name, bucket in buckets.items() if name in text]
            for used in (*_used(each, by_address, producers), *named):
                other = node_of.get((used.stack, used.address))
                if other is not None and other != index:
                    yield Arrow(index, other)


def _used(
    resource: Resource, by_address: Mapping[tuple[str, str], Resource], producers: Mapping[str, Resource]
) -> Iterator[Resource]:
    for address in _REFERENCE.findall(json.dumps({**resource.body, "//": None})):
        used = by_address.get((resource.stack, address))
        if used is None:
            continue
        yield used
        producer = producers.get(used.body.get("name", "")) if address.startswith("data.aws_ssm_parameter.") else None
        if producer:
            yield producer
            yield from _used(producer, by_address, producers)


def _permissions(nodes: Sequence[Node], members: Sequence[Sequence[Resource]]) -> Iterator[Arrow]:
    for begin, own in enumerate(members):
        allowed = {action for each in own for action in _allowed(each)}
        for end, node in enumerate(nodes):
            if begin != end and allowed & set(node.changed_by):
                yield Arrow(begin, end, node.verb)


def _allowed(resource: Resource) -> Iterator[str]:
    policy = resource.body.get("policy")
    if resource.type == "iam_role_policy" and isinstance(policy, str):
        for statement in listed(json.loads(policy)["Statement"]):
            if statement["Effect"] == "Allow":
                yield from listed(statement["Action"])


def _without_detours(arrows: Sequence[Arrow]) -> list[Arrow]:
    """Arrows, except those without a label if other arrows without a label lead to the same node on a longer way."""
    after: dict[int, set[int]] = {}
    for each in arrows:
        if not each.label:
            after.setdefault(each.begin, set()).add(each.end)

    def reached(node: int, seen: frozenset[int] = frozenset()) -> set[int]:
        found = set(after.get(node, ())) - seen
        return found.union(*(reached(each, seen | {node}) for each in found))

    return [
        each
        for each in arrows
        if each.label or not any(each.end in reached(other) for other in after[each.begin] - {each.end})
    ]


def _without_repetitions(arrows: Sequence[Arrow]) -> list[Arrow]:
    """One arrow between two nodes, in the direction of the first; with the label of one that has a label."""
    kept: dict[frozenset[int], Arrow] = {}
    for each in arrows:
        pair = frozenset((each.begin, each.end))
        earlier = kept.get(pair)
        if earlier is None or (each.label and not earlier.label):
            kept[pair] = each
    return list(kept.values())
