"""Settings of reviews: the file `approvals/settings.yaml` of a repository.

They are in a file that owners review, and not options: a merge request can change the commands of a pipeline.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from mlinfra.errors import DeclarationError
from mlinfra.operations.review.approval_files import FOLDER, SETTINGS, yaml_content
from mlinfra.operations.review.rules.money import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_NAME: Final = f"{FOLDER}/{SETTINGS}"
_EXPECTED: Final = {
    "self_approval": 'a list of stacks or patterns, such as ["sandbox-*"].',
    "max_increase_usd": "a number above 0: USD per month, of a stack.",
    "max_ratio": "a number above 1: the largest ratio of the new to the present monthly cost of a stack.",
}


@dataclass(frozen=True)
class Settings:
    """The settings of all reviews of a repository."""

    self_approval: tuple[str, ...] = ()
    """Patterns of the stacks whose changes their authors may approve. Default: none."""
    limits: Limits = field(default_factory=Limits)
    """The limits of increases of monthly costs."""


def read_settings(root: Path) -> Settings:
    """Read `approvals/settings.yaml`. Without the file, and for fields that it leaves out, the defaults apply.

    Raises:
        DeclarationError: with all problems of the file.
    """
    path = root / _NAME
    content = (yaml_content(path, _NAME) or {}) if path.is_file() else {}
    if not isinstance(content, dict):
        raise DeclarationError(_NAME, [f"the file is not a mapping. Expected: {', '.join(_EXPECTED)}."])
    problems = list(_problems(content))
    if problems:
        raise DeclarationError(_NAME, problems)
    default = Limits()
    limits = Limits(
        usd=float(content.get("max_increase_usd", default.usd)), ratio=float(content.get("max_ratio", default.ratio))
    )
    return Settings(tuple(content.get("self_approval", ())), limits)


def _problems(content: Mapping[Any, Any]) -> Iterator[str]:
    for name, value in content.items():
        if name not in _EXPECTED:
            yield f"{name}: unknown field. Expected: {', '.join(_EXPECTED)}."
        elif not _is_valid(name, value):
            yield f"{name}: {value!r}. Expected: {_EXPECTED[name]}"


def _is_valid(name: str, value: object) -> bool:
    if name == "self_approval":
        return isinstance(value, list) and all(isinstance(each, str) and each for each in value)
    least = {"max_increase_usd": 0.0, "max_ratio": 1.0}[name]
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and value > least  # type: ignore[arg-type, operator]
