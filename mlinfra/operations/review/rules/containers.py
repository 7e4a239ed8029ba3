"""Containers with control of their node: privileged ones, namespaces and sockets of the host, added capabilities."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from mlinfra.operations.review.change import items
from mlinfra.operations.review.finding import Finding, Level, Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlinfra.operations.review.change import Change
    from mlinfra.operations.review.plan import Plan

MORE_CONTROL: Final = Rule(
    "MLR519",
    Level.HOLD,
    "Containers of an existing workload get control of their node.",
    "Keep them isolated. For single devices or capabilities, add only these.",
)
CONTROL: Final = Rule(
    "MLR520",
    Level.WARNING,
    "Containers of a new workload have control of their node.",
    "Check that they need it: their code can read what other containers of the node read.",
)
RULES: Final = (MORE_CONTROL, CONTROL)

_DOCUMENTS: Final = {
    "aws_ecs_task_definition": "container_definitions",
    "aws_batch_job_definition": "container_properties",
}
TYPES: Final = frozenset(_DOCUMENTS)
"""The types that this module checks."""
_SOCKETS: Final = ("/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock")
_DANGEROUS: Final = frozenset({"ALL", "SYS_ADMIN", "SYS_PTRACE", "NET_ADMIN", "SYS_MODULE", "DAC_READ_SEARCH", "BPF"})
"""Capabilities that reach beyond the container: capabilities(7) of Linux (read 2026-11-29)."""


def check(plan: Plan) -> Iterator[Finding]:
    """Check definitions of containers."""
    for change in plan.of_types(TYPES):
        if change.after:
            had, has = (list(_control(change, value_of)) for value_of in (change.old, change.new))
            more = [each for each in has if each not in had]
            if more:
                # A new revision replaces the previous one.
                rule = MORE_CONTROL if change.before else CONTROL
                yield rule.at(plan.stack, change, f"Containers of {change.name('family', 'name')} {_joined(more)}.")


def _joined(facts: list[str]) -> str:
    return facts[0] if len(facts) == 1 else f"{', '.join(facts[:-1])} and {facts[-1]}"


def _control(change: Change, value_of: Callable[[str], Any]) -> Iterator[str]:
    """The ways in which containers control their node."""
    path = _DOCUMENTS[change.type]
    if change.is_sensitive(path):
        return
    containers = _parsed(value_of(path))
    if any(each.get("privileged") is True for each in containers):
        yield "are privileged"
    if value_of("network_mode") == "host":
        yield "use the network of the host"
    if value_of("pid_mode") == "host":
        yield "see the processes of the host"
    sources = [each.get("host_path") for each in items(value_of("volume")) if isinstance(each, dict)]
    sources += [
        _mapping(_mapping(volume).get("host")).get("sourcePath")
        for each in containers
        for volume in items(each.get("volumes"))
    ]
    if any(source in _SOCKETS for source in sources):
        yield "control the container runtime by its socket"
    if "/" in sources:
        yield "mount the root file system of the host"
    parameters = [_mapping(each.get("linuxParameters")) for each in containers]
    added = {str(name) for each in parameters for name in items(_mapping(each.get("capabilities")).get("add"))}
    if found := sorted(added & _DANGEROUS):
        yield f"have the capabilities {', '.join(f'`{name}`' for name in found)}"


def _parsed(text: object) -> list[dict[str, Any]]:
    """The containers in a JSON document. Empty: none, or not readable."""
    try:
        document = json.loads(text) if isinstance(text, str) else []
    except ValueError:
        return []
    found = document if isinstance(document, list) else [document]
    return [each for each in found if isinstance(each, dict)]


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
