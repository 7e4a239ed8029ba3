"""File into which stacks write their findings at synth, instead of failing: `mlinfra checks run` reads it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlinfra.checks.acknowledgements import Acknowledgement
    from mlinfra.checks.evaluation import CheckResult

FINDINGS_FILE: Final = "MLINFRA_FINDINGS_FILE"
"""The environment variable with the path of the file."""


def append_findings(stack: str, results: Iterable[CheckResult], unused: Iterable[Acknowledgement]) -> bool:
    """Append the findings of a stack to the file that the environment names, as a line of JSON.

    Returns:
        False: the environment names no file, and nothing was written.
    """
    path = os.environ.get(FINDINGS_FILE)
    if not path:
        return False
    line = {
        "stack": stack,
        "results": [_written(each) for each in results],
        "unused": [each.to_metadata() for each in unused],
    }
    with Path(path).open("a", encoding="utf-8") as file:
        file.write(f"{json.dumps(line)}\n")
    return True


def _written(result: CheckResult) -> dict[str, Any]:
    return {
        "check": result.check.id,
        "title": result.check.title,
        "fix": result.check.fix,
        "level": result.level.value,
        "text": result.problem.text,
        "path": result.problem.path,
        "acknowledged": None if result.acknowledged is None else result.acknowledged.to_metadata(),
        "expired": None if result.expired is None else result.expired.to_metadata(),
    }
