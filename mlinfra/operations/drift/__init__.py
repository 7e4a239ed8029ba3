"""What differs in AWS from what Terraform recorded, and who made it so.

`run` looks at all stacks of an environment and writes nothing to AWS. The rest of the package are its parts:
`values` compares two values by content, `recorded` reads one plan, `reasons` is the table of what is left
out and why, `unmanaged` looks beside managed resources, `principals` asks CloudTrail, `ignore_list` and
`memory` are the files, `rendering` and `telling` bring the report to people.
"""

from __future__ import annotations

from mlinfra.operations.drift.detection import Options, detect_drift, remember
from mlinfra.operations.drift.ignore_list import IGNORE_FILE
from mlinfra.operations.drift.memory import FileMemory, Memory, ParameterMemory
from mlinfra.operations.drift.rendering import to_json, to_markdown, to_message, what
from mlinfra.operations.drift.report import Report, StackReport
from mlinfra.operations.drift.telling import WEBHOOK_VARIABLE, tell_slack, tell_sns

__all__ = [
    "IGNORE_FILE",
    "WEBHOOK_VARIABLE",
    "FileMemory",
    "Memory",
    "Options",
    "ParameterMemory",
    "Report",
    "StackReport",
    "detect_drift",
    "remember",
    "tell_slack",
    "tell_sns",
    "to_json",
    "to_markdown",
    "to_message",
    "what",
]
