"""The scheduled action for quiet hours: layer 1 of docs/adr/0009."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk import Construct
from mlinfra._cdk.aws import autoscaling_schedule

if TYPE_CHECKING:
    from mlinfra.declarations import Environment, Experiment, QuietHours

_UNCHANGED = -1
"""The provider omits a size of -1, and sends 0 for a size that is not set."""


class QuietSchedule(Construct):
    """A scheduled action that sets an auto scaling group to zero when the quiet hours begin.

    Busy nodes are protected from scale-in and keep running until they are idle. The cluster is not started again
    automatically.
    """

    @staticmethod
    def applies_to(experiment: Experiment, environment: Environment) -> bool:
        """True if the environment has quiet hours and the experiment does not set `works_in_quiet_hours`."""
        return environment.quiet_hours is not None and experiment.works_in_quiet_hours is None

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        group_name: str,
        quiet_hours: QuietHours,
    ) -> None:
        """Declare the action.

        Args:
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            group_name: the auto scaling group. Pass the attribute of its resource, so that Terraform creates the group
                first.
            quiet_hours: the time and its time zone.
        """
        super().__init__(scope, id)
        self._action = autoscaling_schedule.AutoscalingSchedule(
            self,
            "action",
            autoscaling_group_name=group_name,
            scheduled_action_name="quiet-hours",
            recurrence=quiet_hours.cron,
            time_zone=quiet_hours.time_zone,
            min_size=0,
            max_size=_UNCHANGED,
            desired_capacity=0,
        )

    @property
    def action(self) -> autoscaling_schedule.AutoscalingSchedule:
        """The scheduled action."""
        return self._action
