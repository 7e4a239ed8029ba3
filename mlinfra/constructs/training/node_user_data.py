"""Boot script of a node, composed of the files in `user_data/`."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from mlinfra.catalog import gpu_image_family
from mlinfra.functions.contract import Metric

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mlinfra.catalog import InstanceType

USER_DATA_LIMIT: Final = 16 * 1024
"""The maximum size of user data in EC2, in bytes, before it is encoded as Base64.

Source: EC2 user guide, "Run commands when you launch an EC2 instance with user data input", read
2026-11-24.
"""

MASTER_PORT: Final = 29500
"""The rendezvous port of torchrun: its own default."""

MAX_REPLACEMENTS: Final = 3
"""The maximum number of nodes with a hardware fault that one cluster replaces in one day (UTC)."""

_PATIENCE: Final = {"AWS_METADATA_SERVICE_TIMEOUT": "5", "AWS_METADATA_SERVICE_NUM_ATTEMPTS": "5"}
"""Where many processes of training code start at once, the metadata service answers some late or refuses them, and AWS
SDKs ask once and wait for a second by default. Sources: AWS SDKs reference guide, "Amazon EC2 instance metadata"; EC2
user guide, "Query throttling" of instance metadata. Read 2026-11-30."""

_END = "END-OF-FILE"
_METRIC_SECONDS = 60


def has_nvidia_gpu(instance_type: InstanceType) -> bool:
    """True if nvidia-smi reports its accelerators."""
    return gpu_image_family(instance_type.accelerator) is not None


@dataclass(frozen=True, kw_only=True)
class UserData:
    """Settings for the boot of a node. All are known at synth, so the same input gives the same bytes."""

    cluster: str
    """The name of its auto scaling group."""
    region: str
    log_group: str
    master_parameter: str
    """The SSM parameter under which the master publishes its address."""
    guard_parameters: Sequence[str]
    """The SSM parameters with the program of the node guard, at most 9."""
    lustre_parameter: str | None = None
    """The SSM parameter with the file system to mount. Default: none."""
    table: str
    """The DynamoDB table in which jobs are recorded."""
    nodes: int
    """The number of nodes of the cluster."""
    nvidia_gpus: int
    """The minimum number of its NVIDIA GPUs; 0: it has other accelerators."""
    efa_adapters: int = 0
    """The minimum number of its Elastic Fabric Adapters. Default: 0, not checked."""
    local_nvme: bool
    """True if it has local NVMe disks."""
    idle_minutes: int
    idle_gpu_percent: float
    stalled_minutes: int
    pause_minutes: int
    vacant_minutes: int
    driver: str | None = None
    """The required NVIDIA driver. Default: any that supports its GPUs."""
    cuda: str | None = None
    """The required CUDA version, such as 12.8. Default: any."""
    event_source: str
    event_type: str
    """The source and detail type of the event for an unhealthy node."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """The environment variables for users of the node. Default: none."""

    def render(self) -> str:
        """The script. Comment lines are omitted, to stay below EC2's limit."""
        return "\n".join(["#!/bin/bash", *self._settings(), *self._body()]) + "\n"

    def _settings(self) -> Iterator[str]:
        settings = {
            "CLUSTER": self.cluster,
            "NODES": self.nodes,
            "MAX_REPLACEMENTS": MAX_REPLACEMENTS,
            "REGION": self.region,
            "MASTER_PARAMETER": self.master_parameter,
            "MASTER_PORT": MASTER_PORT,
            "GUARD_PARAMETERS": " ".join(self.guard_parameters),
            "TABLE": self.table,
            "IDLE_MINUTES": self.idle_minutes,
            "IDLE_GPU_PERCENT": f"{self.idle_gpu_percent:g}",
            "STALLED_MINUTES": self.stalled_minutes,
            "PAUSE_MINUTES": self.pause_minutes,
            "VACANT_MINUTES": self.vacant_minutes,
            "EVENT_SOURCE": self.event_source,
            "EVENT_TYPE": self.event_type,
        }
        settings |= {
            "GPUS": self.nvidia_gpus or "",
            "EXPECTED_DRIVER": self.driver or "",
            "EXPECTED_CUDA": self.cuda or "",
            "EFA_ADAPTERS": self.efa_adapters or "",
        }
        if self.lustre_parameter:
            settings["LUSTRE_PARAMETER"] = self.lustre_parameter
        for name, value in settings.items():
            yield f"{name}={shlex.quote(str(value))}"

    def _body(self) -> Iterator[str]:
        steps = list(self._steps())
        yield _part("unhealthy.sh")
        yield _part("boot.sh")
        for part, _ in steps:
            yield _part(part)
        yield from self._files()
        # The agent starts before the checks, so that later errors are logged.
        for _, call in steps:
            yield call

    def _steps(self) -> Iterator[tuple[str, str]]:
        """The steps in order: the file of each, and the function to call."""
        if self.nvidia_gpus:
            yield "persistence.sh", "keep_gpus_initialized"
        yield "cloudwatch_agent.sh", "start_cloudwatch_agent"
        yield "guard.sh", "install_guard"
        if self.nvidia_gpus or self.efa_adapters:
            yield "check.sh", "check_node"
        if self.local_nvme:
            yield "scratch.sh", "mount_scratch"
        if self.lustre_parameter:
            yield "lustre.sh", "mount_lustre"
        yield "docker.sh", "start_docker"
        if self.nvidia_gpus:
            yield "docker_nvidia.sh", "add_nvidia_runtime"
        yield "containers.sh", "set_container_defaults"
        yield "minute.sh", "start_minute_timer"
        yield "ready.sh", "publish_environment"

    def _files(self) -> Iterator[str]:
        """The files to write on the node."""
        yield _file("/etc/systemd/system/mlinfra-minute.service", "644", _part("mlinfra-minute.service"))
        yield _file("/etc/systemd/system/mlinfra-minute.timer", "644", _part("mlinfra-minute.timer"))
        agent = json.dumps(self._agent_settings(), separators=(",", ":"))
        yield _file("/etc/mlinfra/cloudwatch-agent.json", "644", agent)
        yield _file("/etc/mlinfra/environment.new", "644", self._environment())

    def _environment(self) -> str:
        variables = {
            "AWS_DEFAULT_REGION": self.region,
            **_PATIENCE,
            "NNODES": str(self.nodes),
            "MASTER_PORT": str(MASTER_PORT),
            **({"CUDA_HOME": f"/usr/local/cuda-{self.cuda}"} if self.cuda else {}),
            **self.variables,
        }
        return "\n".join(f"{name}={_in_double_quotes(value)}" for name, value in variables.items())

    def _agent_settings(self) -> dict[str, Any]:
        """Settings of the CloudWatch agent.

        Source: CloudWatch user guide, "Collect NVIDIA GPU metrics", read 2026-11-24.
        """
        collected: dict[str, Any] = {"mem": {"measurement": ["mem_used_percent"]}}
        if self.nvidia_gpus:
            collected["nvidia_gpu"] = {
                "measurement": ["utilization_gpu", "memory_used", "memory_total", "temperature_gpu"]
            }
        return {
            "agent": {"metrics_collection_interval": _METRIC_SECONDS, "run_as_user": "root"},
            "metrics": {
                "namespace": Metric.NAMESPACE,
                "append_dimensions": {each: f"${{aws:{each}}}" for each in (Metric.INSTANCE, Metric.GROUP)},
                "aggregation_dimensions": [[Metric.INSTANCE], [Metric.GROUP]],
                "metrics_collected": collected,
            },
            "logs": {
                "logs_collected": {
                    "files": {
                        "collect_list": [
                            {
                                "file_path": f"/var/log/mlinfra-{name}.log",
                                "log_group_name": self.log_group,
                                "log_stream_name": f"{{instance_id}}/{name}",
                            }
                            for name in ("boot", "guard")
                        ]
                    }
                }
            },
        }


def size_problem(text: str) -> str | None:
    """The problem of user data that EC2 would reject. None: it fits."""
    over = len(text.encode()) - USER_DATA_LIMIT
    if over <= 0:
        return None
    return (
        f"variables: the user data is {over} bytes over the {USER_DATA_LIMIT} that EC2 takes. Expected: fewer or "
        f"shorter variables, such as the name of an SSM parameter or of an object in the data lake that holds them."
    )


def _file(path: str, mode: str, text: str) -> str:
    return f"write {path} {mode} <<'{_END}'\n{text}\n{_END}"


def _in_double_quotes(value: str) -> str:
    """A value quoted for both a POSIX shell and systemd's EnvironmentFile (systemd.exec(5))."""
    for special in ("\\", '"', "$", "`"):
        value = value.replace(special, f"\\{special}")
    return f'"{value}"'


def script(name: str) -> str:
    """A file of `user_data/` without its comments, such as scratch.sh."""
    return _part(name)


@cache
def _part(name: str) -> str:
    """A file of `user_data/` without its comments."""
    lines = (files(__package__) / "user_data" / name).read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if line.startswith("#!") or (line and not line.lstrip().startswith("#")))
