"""Which process of a distributed job this is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_NO_RUN_ID = "none"
"""What torchrun calls a run that was given no --rdzv-id."""


@dataclass(frozen=True)
class Rank:
    """The place of this process in a distributed job; the only one of a job that is none."""

    rank: int = 0
    """Among all processes of the job; among its nodes where a launcher is wrapped."""
    local_rank: int = 0
    """Among the processes of this node."""
    run_id: str | None = None
    """What torchrun calls this run, the same on all nodes."""
    restarts_left: int = 0
    """How often torchrun would still start the processes again after a failure."""

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Rank:
        """The place that a launcher gave this process in its environment variables.

        The names are torchrun's (https://pytorch.org/docs/stable/elastic/run.html, 2026-11); `RANK` and
        `LOCAL_RANK` are common to most launchers. `NODE_RANK` is what scripts that start one launcher a
        node are commonly given.
        """
        run_id = environ.get("TORCHELASTIC_RUN_ID")
        restarts, limit = (_number(environ, f"TORCHELASTIC_{name}") for name in ("RESTART_COUNT", "MAX_RESTARTS"))
        return cls(
            rank=_number(environ, "RANK" if "RANK" in environ else "NODE_RANK"),
            local_rank=_number(environ, "LOCAL_RANK"),
            run_id=None if run_id == _NO_RUN_ID else run_id,
            restarts_left=max(limit - restarts, 0),
        )

    @property
    def reports(self) -> bool:
        """Whether this process speaks for its node."""
        return self.local_rank == 0

    @property
    def leads(self) -> bool:
        """Whether this process speaks for the whole job."""
        return self.rank == 0

    def record_of(self, job_id: str) -> str:
        """The id of this node's own record: nodes end one by one, and one record cannot say so."""
        return job_id if self.leads else f"{job_id}#{self.rank}"


def _number(environ: Mapping[str, str], name: str) -> int:
    value = environ.get(name, "")
    return int(value) if value.isdecimal() else 0
