"""The notice of EC2 that it terminates the node: 10 minutes before, at the end of a Capacity Block."""

from __future__ import annotations

import json
import os
from pathlib import Path


class Notice:
    """The notice to the node of this process."""

    def __init__(self) -> None:
        """Read nothing yet."""
        self.reason: str | None = None
        """The reason of EC2. None: there is no notice."""

    def is_given(self) -> bool:
        """True once there is a notice. One process of a node asks, and tells the others."""
        if self.reason is None and os.environ.get("LOCAL_RANK", "0") == "0":
            self.reason = _reason()
        return self.reason is not None


def _reason() -> str | None:
    if file := os.environ.get("MLINFRA_NOTICE_FILE"):  # within `mlinfra run`
        path = Path(file)
        return str(json.loads(path.read_text())["reason"]) if path.is_file() else None
    try:
        from mlinfra.job import termination_notice
    except ImportError:
        return None
    notice = termination_notice()  # calls AWS at most once in 15 seconds
    return notice.reason if notice else None
