"""Adopted Auto Scaling groups: listed with the clusters, and stopped with the AWS command line only.

Their nodes have no node guard and no records, so that a running job is not known, and the documented permissions of
operators are for the groups of mlinfra.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.declarations import adopted_file
from mlinfra.functions.remedies import resize_command

if TYPE_CHECKING:
    from mlinfra.declarations import Adopted, Environment


def adopted_groups(environment: Environment) -> tuple[Adopted, ...]:
    """The Auto Scaling groups that an environment has adopted, of all regions."""
    return tuple(each for each in environment.adopted if each.type == "aws_autoscaling_group")


def way_to_stop(name: str, environment: Environment, region: str, minimum: int) -> str:
    """The way to stop an adopted group, as a sentence without a full stop.

    Args:
        name: the name of the group.
        environment: its environment.
        region: its region.
        minimum: its minimum size. AWS refuses a desired capacity below it (EC2 Auto Scaling API reference,
            SetDesiredCapacity, read 2026-11-30).
    """
    command = resize_command(name, "0", region)
    if minimum:
        record = f"environments/{adopted_file(environment.name)}"
        command = f"change min_size from {minimum} to 0 in {record} and apply it, then {command}"
    return f"To stop it, and lose what is running on it: {command}"


def refusal(name: str, environment: Environment, region: str, minimum: int) -> str:
    """The message to a user who wants to start, stop or extend an adopted group.

    Args:
        name: the name of the group.
        environment: its environment.
        region: its region.
        minimum: its minimum size.
    """
    return (
        f"{name} is an adopted Auto Scaling group. mlinfra lists it, and does not start, stop or extend it: its nodes "
        f"have no node guard, so that a running job is not known. Nothing was changed. "
        f"{way_to_stop(name, environment, region, minimum)}"
    )
