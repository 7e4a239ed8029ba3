"""Classification of a resource by its manager."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mlinfra.functions.contract import Tag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlinfra.operations.audit.declared import Declared
    from mlinfra.operations.audit.found import Found
    from mlinfra.operations.audit.item import Classification
    from mlinfra.operations.audit.states import StateResource, States

_REPOSITORY: Final = "Repository"
_MANAGED_BY: Final = "managedby"
_TOOL_NAMES: Final = frozenset(
    {"ansible", "cdk", "cdktf", "cloudformation", "crossplane", "opentofu", "pulumi", "terraform", "terragrunt"}
)
"""Values of the tag ManagedBy that name a tool. Another value may name a person."""

_TOOLS: Final[Sequence[tuple[str, str]]] = (
    ("aws:cloudformation:stack-name", "CloudFormation stack"),
    ("aws:elasticmapreduce:job-flow-id", "EMR cluster"),
    ("aws:ec2:fleet-id", "EC2 fleet"),
    ("aws:ec2spot:fleet-request-id", "EC2 spot fleet"),
    ("aws:eks:cluster-name", "EKS cluster"),
    ("eks:cluster-name", "EKS cluster"),
    ("karpenter.sh/nodepool", "Karpenter node pool"),
    ("aws:backup:source-resource", "AWS Backup of"),
    ("parallelcluster:cluster-name", "AWS ParallelCluster"),
    ("skypilot-cluster-name", "SkyPilot cluster"),
    ("ray-cluster-name", "Ray cluster"),
)
"""Tags that services and tools write, with the word for their value. Tags with the prefix `aws:` are reserved for AWS
(AWS General Reference, "Tag naming limits and requirements"); the others are those of the tools' own documentation."""


@dataclass(frozen=True)
class Verdict:
    """The classification of a resource, with the reason."""

    classification: Classification
    manager: str = ""
    """The manager. Empty: unmanaged."""
    problem: str = ""
    """A contradiction between tags and states. Empty: none."""


def classify(found: Found, states: States, declared: Declared) -> Verdict:
    """Classify a resource by its entry in a state, its tags and its creator.

    Args:
        found: the resource.
        states: the resources of all states.
        declared: the resources that the code declares.
    """
    entry = states.of(found)
    if entry is not None:
        return _in_state(found, entry, declared)
    domain = _domain_of(found, states)
    if domain is not None:
        return _in_state(found, domain, declared)
    for tag, words in _TOOLS:
        if tag in found.tags:
            return Verdict("managed-elsewhere", f"{words} {found.tags[tag]}")
    if found.creator:
        return Verdict("managed-elsewhere", found.creator)
    return _by_tags(found, declared)


def _in_state(found: Found, entry: StateResource, declared: Declared) -> Verdict:
    environment = declared.environment_of(entry)
    if environment is None:
        return Verdict("managed-elsewhere", f"Terraform: {entry.place}")
    repository = found.tags.get(_REPOSITORY, environment.repository)
    if repository != environment.repository:
        # Several repositories may deploy stacks to the same environment.
        return Verdict("managed-elsewhere", f"repository {repository}: {entry.place}")
    if environment.name in declared.synthesized and not declared.declares(entry):
        return Verdict("orphaned", entry.place)
    return Verdict("managed", entry.place)


def _domain_of(found: Found, states: States) -> StateResource | None:
    """The domain of an app or a space, which its users create."""
    if found.kind not in {"app", "space"}:
        return None
    domain = found.id.partition("/")[0]
    return next(iter(states.by_id.get(("aws_sagemaker_domain", domain), ())), None)


def _by_tags(found: Found, declared: Declared) -> Verdict:
    environment = declared.of_tags(found.tags)
    if environment is not None:
        if found.kind == "volume" and found.tags.get(Tag.AUTO_STOP) == "true":
            return Verdict("managed", f"the shutdown of {environment.name}")
        problem = f"Its tags name the environment {environment.name}, and no state of {environment.name} contains it."
        return Verdict("unmanaged", problem=problem)
    tool = next((value for key, value in found.tags.items() if _plain(key) == _MANAGED_BY), "")
    if tool.lower() in _TOOL_NAMES:
        return Verdict("managed-elsewhere", f"{tool}, by the tag ManagedBy; no state that was read contains it")
    return Verdict("unmanaged")


def _plain(key: str) -> str:
    return key.lower().replace("-", "").replace("_", "").replace(":", "")
