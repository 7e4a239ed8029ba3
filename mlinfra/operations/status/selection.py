"""Selection of what belongs to the caller or to a team."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mlinfra.errors import OperationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlinfra.declarations import Environment, Queue
    from mlinfra.operations.runs import Run

_ADDRESS: Final = re.compile(r"[^@\s]+@[^@\s]+")


@dataclass(frozen=True)
class Selection:
    """The resources and runs to show. Default: all."""

    team: str | None = None
    """Only those of this team: of its people, and of environments that it owns."""
    mine: bool = False
    """Only those that the caller owns, and runs that the caller submitted."""
    address: str | None = None
    """The caller's e-mail address, such as that of git. None: that of the principal alone counts."""

    def check(self, environments: Sequence[Environment]) -> None:
        """Check that there is such a team.

        Raises:
            OperationError: if no environment has it, or both `team` and `mine` are given.
        """
        if self.team is not None and self.mine:
            message = "--team and --mine exclude each other."
            raise OperationError(message)
        known = sorted({name for each in environments for name in teams_of(each)})
        if self.team is not None and self.team not in known:
            message = f"There is no team {self.team!r}. Expected: one of {', '.join(known)}."
            raise OperationError(message)

    def in_environment(self, environment: Environment, caller: str) -> Chosen:
        """The selection in one environment.

        Args:
            environment: the environment.
            caller: the ARN of the caller.
        """
        if self.mine:
            return Chosen(owners=self._addresses(environment, caller), submitter=caller)
        if self.team is None or environment.team == self.team:
            return Chosen()
        return Chosen(
            owners=frozenset(each.email for each in environment.people if each.team == self.team), team=self.team
        )

    def _addresses(self, environment: Environment, caller: str) -> frozenset[str]:
        name = principal_name(caller)
        found = {each.email for each in environment.people if name in {each.name, each.email, each.sso_user_name}}
        found |= {each for each in (name, self.address) if each and _ADDRESS.fullmatch(each)}
        return frozenset(each.lower() for each in found)


@dataclass(frozen=True)
class Chosen:
    """A selection in one environment."""

    owners: frozenset[str] | None = None
    """The e-mail addresses of owners, in lower case. None: all."""
    submitter: str | None = None
    """The ARN of the principal that submitted runs. None: any."""
    team: str | None = None

    def owns(self, owner: str | None) -> bool:
        """True if it contains what this owner has."""
        return self.owners is None or (owner or "").lower() in self.owners

    def has_run(self, run: Run, experiment_owner: str | None) -> bool:
        """True if it contains the run, of an experiment with this owner."""
        if self.submitter is not None:
            return run.submitted_by == self.submitter
        return self.owns(experiment_owner) or self.owns(principal_name(run.submitted_by or ""))

    def has_queue(self, queue: Queue) -> bool:
        """True if it contains the queue: of its owner, or shared by the team."""
        return self.owns(queue.owner) or self.team in queue.teams


def teams_of(environment: Environment) -> set[str]:
    """The teams of an environment: the one that owns it, those of its people, and those that share its queues."""
    of_queues = {name for queue in environment.queues for name in queue.teams}
    return {environment.team, *(each.name for each in environment.teams), *of_queues}


def principal_name(arn: str) -> str:
    """The session of a role or the name of a user, in the ARN of a principal."""
    return arn.rpartition("/")[2]
