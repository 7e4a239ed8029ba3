"""Position of this process in a distributed job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_NO_RUN_ID = "none"
"""The run id of torchrun without --rdzv-id."""


@dataclass(frozen=True)
class Rank:
    """The position of this process in a distributed job; 0 of 1 in a job that is not distributed."""

    rank: int = 0
    """Among all processes of the job; among its nodes if a launcher is wrapped."""
    local_rank: int = 0
    """Among the processes of this node."""
    run_id: str | None = None
    """The run id of torchrun, the same on all nodes."""
    restarts_left: int = 0
    """The number of times that torchrun would still restart the processes after a failure."""
    has_launcher: bool = False
    """True if a launcher started this process, and maybe others of the job on this node."""

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Rank:
        """The position that a launcher set in the environment variables.

        The names are torchrun's (https://pytorch.org/docs/stable/elastic/run.html, 2026-11); `RANK` and
        `LOCAL_RANK` are common to most launchers. `NODE_RANK` is common for scripts that start one launcher
        on each node.
        """
        run_id = environ.get("TORCHELASTIC_RUN_ID")
        restarts, limit = (_number(environ, f"TORCHELASTIC_{name}") for name in ("RESTART_COUNT", "MAX_RESTARTS"))
        return cls(
            rank=_number(environ, "RANK" if "RANK" in environ else "NODE_RANK"),
            local_rank=_number(environ, "LOCAL_RANK"),
            run_id=None if run_id == _NO_RUN_ID else run_id,
            restarts_left=max(limit - restarts, 0),
            has_launcher="LOCAL_RANK" in environ,
        )

    @property
    def reports(self) -> bool:
        """True if this process reports for its node."""
        return self.local_rank == 0

    @property
    def leads(self) -> bool:
        """True if this process reports for the whole job."""
        return self.rank == 0

    def record_of(self, job_id: str) -> str:
        """The id of this node's own record: nodes end one by one, which one record cannot express."""
        return job_id if self.leads else f"{job_id}#{self.rank}"


def _number(environ: Mapping[str, str], name: str) -> int:
    value = environ.get(name, "")
    return int(value) if value.isdecimal() else 0
