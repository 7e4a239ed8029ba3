"""Commands in notifications: they start, stop and extend what a notification is about, in its region.

The commands of mlinfra are for its own clusters, whose groups have the tags of an environment and an experiment. Other
groups with the tag AutoStop, such as adopted ones, and single instances have commands of AWS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.functions.contract import Tag
from mlinfra.functions.notifications import command

if TYPE_CHECKING:
    from mlinfra.functions.fleet import Target


def start_command(target: Target, region: str) -> str:
    """The command that starts a target.

    Args:
        target: the group or instance.
        region: its region.
    """
    if target.kind == "instance":
        return f"aws ec2 start-instances --instance-ids {target.name} --region {region}"
    return command("start", target.tags) if _is_cluster(target) else resize_command(target.name, "NODES", region)


def stop_command(target: Target, region: str, *, force: bool = False) -> str:
    """The command that stops a target.

    Args:
        target: the group or instance.
        region: its region.
        force: True: a command that ends running jobs. Default: False, a command that refuses a busy cluster of mlinfra,
            with the option that does not.
    """
    if target.kind == "instance":
        return f"aws ec2 stop-instances --instance-ids {target.name} --region {region}"
    if not _is_cluster(target):
        return resize_command(target.name, "0", region)
    if force:
        return command("stop", target.tags, "--force")
    return f"{command('stop', target.tags)} (with --force if it is busy, which ends its jobs)"


def way_to_extend(target: Target) -> str:
    """The way to extend the expiry of a target: a command, or a sentence."""
    if target.kind == "instance" or not _is_cluster(target):
        return f"set its tag {Tag.EXPIRES} to a later day, such as 2026-12-18."
    return command("extend", target.tags, "--until YYYY-MM-DD")


def resume_command(target: Target, process: str, region: str) -> str:
    """The command that resumes a suspended process of a group.

    Args:
        target: the group.
        process: the process, such as `Launch`.
        region: its region.
    """
    return (
        f"aws autoscaling resume-processes --auto-scaling-group-name {target.name} --scaling-processes {process} "
        f"--region {region}"
    )


def resize_command(name: str, size: str, region: str) -> str:
    """The command that sets the desired capacity of a group, which is refused below its minimum.

    Args:
        name: the name of the group.
        size: the desired capacity, or a placeholder for it.
        region: its region.
    """
    return (
        f"aws autoscaling set-desired-capacity --auto-scaling-group-name {name} --desired-capacity {size} "
        f"--region {region}"
    )


def _is_cluster(target: Target) -> bool:
    return bool(target.tags.get(Tag.ENVIRONMENT) and target.tags.get(Tag.EXPERIMENT))
