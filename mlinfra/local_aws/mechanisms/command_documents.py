"""Command documents of Systems Manager: parameters and the scripts of their steps.

Supported are steps of `aws:runShellScript` (schema 2.2). Source: Systems Manager user guide, "Data elements and
parameters" (types, allowedValues, allowedPattern, minChars, maxChars, default) and "Command document plugin reference",
"aws:runShellScript" (runCommand, workingDirectory, timeoutSeconds: 3,600 by default), read 2026-11-30.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

PLUGIN: Final = "aws:runShellScript"
RUN_SHELL_SCRIPT: Final = "AWS-RunShellScript"
"""AWS's own document that executes any commands."""
EXECUTION_SECONDS: Final = 3600
_PLACE: Final = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")
_OWN: Final[Mapping[str, Any]] = {
    "schemaVersion": "2.2",
    "parameters": {
        "commands": {"type": "StringList"},
        "workingDirectory": {"type": "String", "default": ""},
        "executionTimeout": {
            "type": "String",
            "default": "3600",
            "allowedPattern": "([1-9][0-9]{0,4})|(1[0-6][0-9]{4})",
        },
    },
    "mainSteps": [
        {
            "action": PLUGIN,
            "name": PLUGIN,
            "inputs": {
                "runCommand": "{{ commands }}",
                "workingDirectory": "{{ workingDirectory }}",
                "timeoutSeconds": "{{ executionTimeout }}",
            },
        }
    ],
}


class InvalidParametersError(Exception):
    """Parameters that the document does not allow. The message is the reason."""


class UnsupportedDocumentError(Exception):
    """A document that the local AWS cannot execute. The message is the reason."""


@dataclass(frozen=True)
class Step:
    """A step of a document."""

    name: str
    script: str
    directory: str | None
    seconds: float
    """The time after which it is ended."""


def own_document(name: str) -> Mapping[str, Any] | None:
    """One of AWS's own documents. None: the local AWS does not have it."""
    return _OWN if name == RUN_SHELL_SCRIPT else None


def content_of(document: Any) -> Mapping[str, Any]:  # noqa: ANN401  moto's
    """The content of a document as a JSON value."""
    content = document.content
    if isinstance(content, dict):
        return content
    parsed: Mapping[str, Any] = yaml.safe_load(content) if document.document_format == "YAML" else json.loads(content)
    return parsed


def steps(content: Mapping[str, Any], given: Mapping[str, list[str]]) -> list[Step]:
    """The steps of a document with parameters.

    Args:
        content: the document.
        given: the values of its parameters.

    Raises:
        InvalidParametersError: if a parameter is unknown, missing, or not allowed.
        UnsupportedDocumentError: if a step is not a shell script.
    """
    values = _values(content.get("parameters") or {}, given)
    found = []
    for step in content.get("mainSteps") or ():
        if step.get("action") != PLUGIN:
            message = f"the local AWS executes {PLUGIN} only, and not {step.get('action')}"
            raise UnsupportedDocumentError(message)
        inputs = step.get("inputs") or {}
        lines = _filled(inputs.get("runCommand") or [], values)
        found.append(
            Step(
                name=str(step.get("name", PLUGIN)),
                script="\n".join(lines) + "\n",
                directory=_text(inputs.get("workingDirectory"), values) or None,
                seconds=float(_text(inputs.get("timeoutSeconds"), values) or EXECUTION_SECONDS),
            )
        )
    return found


def _values(declared: Mapping[str, Any], given: Mapping[str, list[str]]) -> dict[str, list[str]]:
    unknown = given.keys() - declared.keys()
    if unknown:
        message = f"Parameters provided in the request do not match the document: {', '.join(sorted(unknown))}"
        raise InvalidParametersError(message)
    values = {}
    for name, rule in declared.items():
        if name in given:
            values[name] = list(given[name])
            for each in values[name]:
                _check(name, each, rule)
            if rule.get("type") == "String" and len(values[name]) != 1:
                message = f"{name} must have one value"
                raise InvalidParametersError(message)
        elif "default" in rule:
            default = rule["default"]
            values[name] = [str(each) for each in default] if isinstance(default, list) else [str(default)]
        else:
            message = f"{name} is a required parameter of the document"
            raise InvalidParametersError(message)
    return values


def _check(name: str, value: str, rule: Mapping[str, Any]) -> None:
    allowed, pattern = rule.get("allowedValues"), rule.get("allowedPattern")
    if allowed and value not in [str(each) for each in allowed]:
        message = f"Parameter value for {name} is not in the list of allowed values: {value}"
        raise InvalidParametersError(message)
    if pattern and not re.search(pattern, value):
        message = f"Parameter value for {name} does not match the allowed pattern {pattern}: {value}"
        raise InvalidParametersError(message)
    if len(value) > int(rule.get("maxChars", len(value))) or len(value) < int(rule.get("minChars", 0)):
        message = f"Parameter value for {name} has {len(value)} characters, which the document does not allow"
        raise InvalidParametersError(message)


def _filled(lines: list[str] | str, values: Mapping[str, list[str]]) -> list[str]:
    if isinstance(lines, str):
        place = _PLACE.fullmatch(lines.strip())
        return values.get(place.group(1), [lines]) if place else [_text(lines, values)]
    return [_text(each, values) for each in lines]


def _text(value: object, values: Mapping[str, list[str]]) -> str:
    def fill(found: re.Match[str]) -> str:
        return " ".join(values[found.group(1)]) if found.group(1) in values else found.group()

    return "" if value is None else _PLACE.sub(fill, str(value))
