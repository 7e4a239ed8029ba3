"""Stops a cluster when the quiet hours begin: the first layer of docs/adr/0005."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk import Construct
from mlinfra._cdk.aws import autoscaling_schedule

if TYPE_CHECKING:
    from mlinfra.declarations import Environment, Experiment, QuietHours

_UNCHANGED = -1
"""The provider leaves out a size of -1, and takes one that is not set for 0."""


class QuietSchedule(Construct):
    """A scheduled action that sets an auto scaling group to zero when the quiet hours begin.

    Nodes that work are protected from scale-in and go on until they are idle. Nothing starts the
    cluster again but people.
    """

    @staticmethod
    def applies_to(experiment: Experiment, environment: Environment) -> bool:
        """Whether the cluster of `experiment` has to be quiet: there are quiet hours, and it has no reason to work."""
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
            scope: what it belongs to.
            id: the construct's id, unique in its scope.
            group_name: the auto scaling group. Best the attribute of its resource, so that Terraform
                makes the group first.
            quiet_hours: when, by the clock of which time zone.
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
        """The scheduled action itself."""
        return self._action
