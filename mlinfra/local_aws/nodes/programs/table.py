"""All commands that the local AWS answers, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlinfra.local_aws.nodes.programs import aws, nvidia_smi, system, systemd

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlinfra.local_aws.nodes.programs.answers import Program

AGENT_CONTROL: Final = "amazon-cloudwatch-agent-ctl"
EVERYWHERE: Final[Mapping[str, Program]] = {
    "aws": aws.run,
    "df": system.df,
    "dmesg": system.dmesg,
    "docker": system.docker,
    "install": system.install,
    "mountpoint": system.mountpoint,
    "systemctl": systemd.control,
    "systemd-run": systemd.run_transient,
    **dict.fromkeys(system.ABSENT, system.absent),
}
WITH_NVIDIA: Final[Mapping[str, Program]] = {"nvidia-smi": nvidia_smi.run, "nvidia-ctk": system.nvidia_ctk}
WITH_EFA: Final[Mapping[str, Program]] = {"fi_info": system.fi_info}


def programs_of(*, gpus: int, adapters: int) -> dict[str, Program]:
    """The commands of a node.

    Args:
        gpus: the number of its NVIDIA GPUs.
        adapters: the number of its Elastic Fabric Adapters.
    """
    return {**EVERYWHERE, **(WITH_NVIDIA if gpus else {}), **(WITH_EFA if adapters else {})}
