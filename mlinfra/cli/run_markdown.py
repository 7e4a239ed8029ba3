"""The record of a run as Markdown, for the summary or the comment of a pipeline."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from mlinfra.cli.run_details import fact_lines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlinfra.operations.runs import RunDescription

_MARKUP: Final = re.compile(r"([\\`*_{}\[\]<>#|~@!])")
"""Characters with a meaning in the Markdown of GitLab and GitHub, such as the @ of a mention."""


def run_markdown(description: RunDescription, metrics: Mapping[str, float]) -> str:
    """The record: how the run ended, its metrics, and all facts about it.

    Args:
        description: the run.
        metrics: its metrics by name. Empty: it wrote none.
    """
    run = description.run
    lines = [f"### Run {run.run_id} of {_text(run.experiment)}: {_text(run.status)}", ""]
    if metrics:
        rows = [f"| {_text(name)} | {value:.6g} |" for name, value in sorted(metrics.items())]
        lines += ["| metric | value |", "|---|--:|", *rows, ""]
    if _has_other_infrastructure(description):
        lines += ["The infrastructure was applied from another commit than the code of the run.", ""]
    lines += ["| | |", "|---|---|", *(f"| {name} | {_text(value)} |" for name, value in fact_lines(description)), ""]
    return "\n".join(lines)


def _has_other_infrastructure(description: RunDescription) -> bool:
    specification = description.specification
    if specification is None:
        return False
    origin = specification.provenance
    return bool(origin.infrastructure_commit and origin.infrastructure_commit != origin.commit)


def _text(value: str) -> str:
    """Untrusted text in one cell of a table, without markup."""
    return _MARKUP.sub(r"\\\1", " ".join(value.split()))
