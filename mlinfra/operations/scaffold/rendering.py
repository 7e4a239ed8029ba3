"""The files of a new project, made of templates.

In a template, `{{name}}` is replaced by a value, and the lines between `{% if name %}` and `{% endif %}` are dropped
unless the name is true. Expressions of GitHub, `${{ name }}`, have spaces and are kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlinfra.operations.scaffold.settings import UNKNOWN_ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlinfra.operations.scaffold.settings import Settings

_FOLDER: Final = Path(__file__).resolve().parent / "templates"
_SUFFIX: Final = ".template"
_CONDITION: Final = re.compile(r"^\{% (?:if (?P<name>\w+)|(?P<end>endif)) %\}\n", re.MULTILINE)
_VALUE: Final = re.compile(r"\{\{(\w+)\}\}")


@dataclass(frozen=True)
class ProjectFile:
    """A file of a new project."""

    path: str
    """Its path in the project, with slashes."""
    text: str

    @property
    def is_executable(self) -> bool:
        """True if it is a script."""
        return self.text.startswith("#!")


def project_files(settings: Settings) -> tuple[ProjectFile, ...]:
    """The files of a new project, in the order of their paths.

    Args:
        settings: the choices.
    """
    conditions, values = _conditions(settings), _values(settings)
    return tuple(
        ProjectFile(path, rendered(template.read_text(encoding="utf-8"), conditions, values))
        for path, template in sorted(_templates())
        if _is_wanted(path, conditions)
    )


def rendered(template: str, conditions: Mapping[str, bool], values: Mapping[str, str]) -> str:
    """The text of a template.

    Args:
        template: the template.
        conditions: the names after `if`.
        values: the names in double braces.

    Raises:
        KeyError: if the template has another name.
    """
    kept: list[str] = []
    position = 0
    open_conditions: list[bool] = []
    for each in _CONDITION.finditer(template):
        if all(open_conditions):
            kept.append(template[position : each.start()])
        if each["end"]:
            open_conditions.pop()
        else:
            open_conditions.append(conditions[each["name"]])
        position = each.end()
    kept.append(template[position:])
    return _VALUE.sub(lambda found: values[found[1]], "".join(kept))


def _conditions(settings: Settings) -> dict[str, bool]:
    known = settings.account_id != UNKNOWN_ACCOUNT
    return {
        "ci": bool(settings.services),
        "pipeline": settings.pipeline is not None,
        "no_pipeline": settings.pipeline is None,
        "undeclared": settings.pipeline is None and bool(settings.services),
        "gitlab": "gitlab" in settings.services,
        "github": "github" in settings.services,
        "issuer": bool(settings.issuer),
        "account_known": known,
        "account_unknown": not known,
        "pinned": settings.has_pinned_image,
    }


def _values(settings: Settings) -> dict[str, str]:
    environment, expires = settings.environment, settings.expires
    return {
        "project": environment.project,
        "team": environment.team,
        "cost_center": environment.cost_center,
        "repository": environment.repository,
        "repository_path": settings.repository_path,
        "provider": settings.provider if settings.services else "",
        "issuer": settings.issuer,
        "owner": settings.owner,
        "alert_email": environment.alert_emails[0],
        "account_id": environment.account_id,
        "region": environment.region,
        "experiment": settings.experiment,
        "description": settings.description,
        "nodes": str(settings.nodes),
        "expires": f"{expires.year}, {expires.month}, {expires.day}",
        "requirement": settings.requirement,
    }


def _templates() -> Iterator[tuple[str, Path]]:
    for each in _FOLDER.rglob(f"*{_SUFFIX}"):
        yield each.relative_to(_FOLDER).as_posix().removesuffix(_SUFFIX), each


def _is_wanted(path: str, conditions: Mapping[str, bool]) -> bool:
    """True if the file belongs to the project: files of pipelines are those of the chosen services."""
    if path.startswith((".gitlab-ci", "ci/gitlab/")):
        return conditions["gitlab"]
    if path.startswith((".github/", "ci/github/")) or path == "ci/install_terraform.py":
        return conditions["github"]
    return conditions["ci"] if path.startswith("ci/") else True
