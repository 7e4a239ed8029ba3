"""Content and effect of the boot script of a node."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import mlinfra.constructs.training
from mlinfra.constructs.training.guard_program import check_program, guard_parameters, guard_program
from mlinfra.constructs.training.node_user_data import (
    MAX_REPLACEMENTS,
    USER_DATA_LIMIT,
    UserData,
    script,
    size_problem,
)
from mlinfra.functions.contract import Table
from tests.local_aws import make_records_table
from tests.unit.constructs.training.node import Node

if TYPE_CHECKING:
    from collections.abc import Callable

PARTS = Path(mlinfra.constructs.training.__file__).parent / "user_data"
SHELLCHECK = Path(sys.executable).parent / "shellcheck"
VARIANTS = {
    "-".join(name for name, wanted in zip(("nvidia", "nvme", "lustre", "cuda"), each, strict=True) if wanted): each
    for each in itertools.product((True, False), repeat=4)
    if each[0] or not each[3]  # CUDA is NVIDIA's
}
GUARD = "\t".join(guard_parameters())
AWKWARD = """ $HOME `id` "double" 'single' \\ back\\nslash #no %s * ~ äö """


def user_data(**changes: Any) -> UserData:
    values: dict[str, Any] = {
        "cluster": "recsys-dev-two-tower-v2",
        "region": "us-east-1",
        "log_group": "/mlinfra/recsys/dev/training/two-tower-v2",
        "master_parameter": "/mlinfra/recsys/dev/training/two-tower-v2/master",
        "table": "recsys-dev-clusters",
        "nodes": 2,
        "nvidia_gpus": 4,
        "local_nvme": False,
        "idle_minutes": 30,
        "idle_gpu_percent": 5,
        "stalled_minutes": 60,
        "pause_minutes": 10,
        "vacant_minutes": 5,
        "guard_parameters": ["/mlinfra/recsys/dev/training/two-tower-v2/guard-1"],
        "event_source": "mlinfra.node",
        "event_type": "Training Node Unhealthy",
        "variables": {"MLINFRA_TABLE": "recsys-dev-clusters", "MLINFRA_CLUSTER": "recsys-dev-two-tower-v2"},
    }
    return UserData(**values | changes)


def variant(*, nvidia: bool, nvme: bool, lustre: bool, cuda: bool) -> UserData:
    return user_data(
        nvidia_gpus=8 if nvidia else 0,
        local_nvme=nvme,
        lustre_parameter="/mlinfra/recsys/dev/training/two-tower-v2/lustre" if lustre else None,
        cuda="13.2" if cuda else None,
        driver="595.91.07" if cuda else None,
        variables={"AWKWARD": AWKWARD},
    )


def shellcheck(*arguments: str, script: str | None = None) -> str:
    found = subprocess.run(
        [str(SHELLCHECK), *arguments], input=script, capture_output=True, text=True, check=False, timeout=60
    )
    return found.stdout + found.stderr


@pytest.mark.parametrize("wanted", VARIANTS.values(), ids=[name or "plain" for name in VARIANTS])
def test_every_variant_passes_shellcheck_and_fits_into_ec2(wanted: tuple[bool, bool, bool, bool]) -> None:
    nvidia, nvme, lustre, cuda = wanted
    text = variant(nvidia=nvidia, nvme=nvme, lustre=lustre, cuda=cuda).render()
    assert shellcheck("--shell=bash", "-", script=text) == ""
    assert size_problem(text) is None


def test_the_script_with_every_step_leaves_2560_bytes_for_variables() -> None:
    prefix = "/mlinfra/recsys/dev/training/two-tower-v2"
    longest = user_data(
        nvidia_gpus=8,
        efa_adapters=32,
        local_nvme=True,
        guard_parameters=[f"{prefix}/guard-{number}" for number, _ in enumerate(guard_parameters(), start=1)],
        lustre_parameter=f"{prefix}/lustre",
        driver="595.91.07",
        cuda="13.2",
    )
    assert len(longest.render().encode()) <= USER_DATA_LIMIT - 2560


def test_the_command_of_a_node_passes_shellcheck() -> None:
    assert shellcheck(str(PARTS / "mlinfra-torchrun-env")) == ""


def test_the_check_of_a_node_passes_shellcheck(tmp_path: Path) -> None:
    (tmp_path / "check").write_text(check_program())
    assert shellcheck("--exclude=SC1091", str(tmp_path / "check")) == ""  # the settings of the node


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not here")
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    for name in ("mlinfra-minute.service", "mlinfra-minute.timer"):
        text = (PARTS / name).read_text()
        (tmp_path / name).write_text(re.sub(r"=-/usr/(local/bin|bin/systemd-run).*", "=-/bin/true", text))
    found = subprocess.run(
        [str(shutil.which("systemd-analyze")), "verify", *map(str, tmp_path.iterdir())],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "mlinfra-minute" not in found.stderr


def test_the_same_input_gives_the_same_bytes() -> None:
    assert user_data().render() == user_data().render()


def test_user_data_contains_no_comments() -> None:
    lines = user_data(local_nvme=True).render().splitlines()
    assert [line for line in lines if line.lstrip().startswith("#") and not line.startswith("#!")] == []
    assert lines[0] == "#!/bin/bash"


def test_user_data_over_the_limit_is_reported_with_the_excess() -> None:
    size = len(user_data(variables={"X": ""}).render())
    fitting = user_data(variables={"X": "x" * (USER_DATA_LIMIT - size)}).render()
    assert size_problem(fitting) is None
    problem = size_problem(fitting + "12345")
    assert problem is not None
    assert problem.startswith("variables: the user data is 5 bytes over the 16384 that EC2 takes.")


def test_the_agent_reports_the_gpus_of_the_node_and_of_the_group_once_a_minute() -> None:
    text = user_data().render()
    settings = json.loads(next(line for line in text.splitlines() if line.startswith('{"agent"')))
    assert settings["agent"]["metrics_collection_interval"] == 60
    metrics = settings["metrics"]
    assert metrics["namespace"] == "CWAgent"
    assert "utilization_gpu" in metrics["metrics_collected"]["nvidia_gpu"]["measurement"]
    assert metrics["append_dimensions"] == {
        "InstanceId": "${aws:InstanceId}",
        "AutoScalingGroupName": "${aws:AutoScalingGroupName}",
    }
    assert metrics["aggregation_dimensions"] == [["InstanceId"], ["AutoScalingGroupName"]]
    logs = settings["logs"]["logs_collected"]["files"]["collect_list"]
    assert [each["log_stream_name"] for each in logs] == ["{instance_id}/boot", "{instance_id}/guard"]


def test_nodes_without_nvidia_gpus_install_the_guard() -> None:
    text = user_data(nvidia_gpus=0).render()
    assert "nvidia-smi" not in text
    assert "install_guard" in text


# The tests below run the script. The system's commands are replaced: each records its call and gives a fixed answer.


def a_node(folder: Path) -> Node:
    """A node of a Deep Learning image with four GPUs."""
    made = Node(folder / "node")
    made.command(
        "curl", 'case "$*" in *api/token) echo token;; *instance-id) echo i-0a;; *local-ipv4) echo 10.0.0.4;; esac'
    )
    made.command("nvidia-smi", "for _ in 1 2 3 4; do echo 595.91.07; done")
    made.command("nvidia-ctk", "")
    made.command("docker", """echo '{"nvidia":{},"runc":{}}'""")
    made.command("systemctl", "")
    made.command("aws", f"""[ "$2" != get-parameters ] || echo '{GUARD}'""")
    made.write("/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl", "#!/bin/bash\nexit 0\n", mode=0o755)
    (made.root / "usr/local/cuda-13.2").mkdir(parents=True)
    return made


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A node that has not booted."""
    return a_node(tmp_path)


@pytest.fixture(scope="module")
def booted(tmp_path_factory: pytest.TempPathFactory) -> Node:
    """A node after its first boot, which tests do not change."""
    made = a_node(tmp_path_factory.mktemp("booted"))
    ended = made.run(user_data(driver="595.91.07", cuda="13.2").render())
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return made


def with_disks(node: Node, *names: str, signature: str = "") -> None:
    node.command("lsblk", "\n".join(f"echo '{name} Amazon EC2 NVMe Instance Storage'" for name in names))
    node.command("wipefs", f"echo -n '{signature}'")
    node.command("mountpoint", "exit 1")
    node.command("blkid", "exit 2")
    node.command("df", "printf 'Size\\n 7.0T\\n'")
    for name in ("mdadm", "mkfs.xfs", "mount"):
        node.command(name, "")


def test_a_healthy_node_publishes_its_environment_after_all_other_steps(booted: Node) -> None:
    assert booted.read("/var/log/mlinfra-boot.log").splitlines()[-1].endswith("ready")
    (guard,) = [call for call in booted.calls if call.startswith("aws")]
    assert guard.startswith("aws ssm get-parameters --names /mlinfra/recsys/dev/training/two-tower-v2/guard-1 --query")
    assert "systemctl enable --now mlinfra-minute.timer" in booted.calls


def test_the_guard_is_installed_from_its_parameters(booted: Node) -> None:
    installed = booted.root / "usr/local/bin/mlinfra-node-guard"
    assert installed.read_bytes() == guard_program()
    assert installed.stat().st_mode & 0o777 == 0o755


def test_the_program_for_users_is_installed_with_the_guard(booted: Node) -> None:
    installed = booted.root / "usr/local/bin/mlinfra-torchrun-env"
    assert installed.read_text() == script("mlinfra-torchrun-env")
    assert installed.stat().st_mode & 0o777 == 0o755
    assert not booted.has("/run/mlinfra-guard")


def test_guard_parameters_of_two_versions_are_read_again(node: Node) -> None:
    reads = node.root / "reads"
    first, second, *others = guard_parameters()
    mixed = "\t".join([first, second[::-1], *others])
    whole = "\t".join([first, second, *others])
    node.command(
        "aws",
        f"""[ "$2" != get-parameters ] || {{ echo >>{reads}
        [ "$(wc -l <{reads})" -le 2 ] && echo '{mixed}' || echo '{whole}'; }}""",
    )
    assert node.run(user_data().render()).returncode == 0
    assert (node.root / "usr/local/bin/mlinfra-node-guard").read_bytes() == guard_program()


def test_throttled_reads_of_the_guard_are_repeated_at_random_intervals(node: Node) -> None:
    reads = node.root / "reads"
    node.command(
        "aws",
        f"""[ "$2" != get-parameters ] || {{ echo >>{reads}
        [ "$(wc -l <{reads})" -gt 5 ] || {{ echo 'ThrottlingException: Rate exceeded' >&2; exit 254; }}
        echo '{GUARD}'; }}""",
    )
    assert node.run(user_data().render()).returncode == 0
    assert (node.root / "usr/local/bin/mlinfra-node-guard").read_bytes() == guard_program()
    intervals = [int(call.split()[1]) for call in node.calls if call.startswith("sleep")]
    assert len(intervals) == 5
    assert all(5 <= each < 25 for each in intervals)


def test_the_guard_runs_with_a_python_that_is_new_enough(node: Node) -> None:
    (node.root / "commands/python3").unlink()
    node.command("python3", "exit 1")
    (node.root / "commands/python3.10").symlink_to(sys.executable)
    ended = node.run(user_data().render())
    assert ended.returncode == 0, ended.stdout
    assert (node.root / "usr/local/bin/mlinfra-python3").readlink() == node.root / "commands/python3.10"


def test_an_image_without_a_python_for_the_guard_fails_the_boot(node: Node) -> None:
    (node.root / "commands/python3").unlink()
    assert node.run(user_data().render()).returncode == 1
    log = node.read("/var/log/mlinfra-boot.log")
    assert "UNHEALTHY: the image has no Python 3.9 or later, which the guard needs" in log


def test_a_reboot_keeps_the_guard_if_its_parameters_cannot_be_read(node: Node) -> None:
    assert node.run(user_data().render()).returncode == 0
    node.command("aws", '[ "$2" != get-parameters ]')
    assert node.run(user_data().render()).returncode == 0
    assert (node.root / "usr/local/bin/mlinfra-node-guard").read_bytes() == guard_program()


def test_variables_reach_shells_services_and_containers_unchanged(node: Node) -> None:
    assert node.run(user_data(cuda="13.2", variables={"AWKWARD": AWKWARD}).render()).returncode == 0
    profile = node.root / "etc/profile.d/mlinfra.sh"
    shell = subprocess.run(
        ["/bin/bash", "-c", f'. {profile}; printf %s "$AWKWARD"; echo "|$NNODES|$MASTER_PORT|$CUDA_HOME"'],
        capture_output=True,
        text=True,
        check=True,
        timeout=10,
    )
    assert shell.stdout == f"{AWKWARD}|2|29500|{node.root}/usr/local/cuda-13.2\n"
    containers = dict(line.split("=", 1) for line in node.read("/etc/mlinfra/environment.docker").splitlines())
    assert containers["AWKWARD"] == AWKWARD
    patience = {"AWS_METADATA_SERVICE_NUM_ATTEMPTS", "AWS_METADATA_SERVICE_TIMEOUT"}
    assert set(containers) - patience == {"AWKWARD", "AWS_DEFAULT_REGION", "CUDA_HOME", "MASTER_PORT", "NNODES"}
    assert {containers[each] for each in patience} == {"5"}


def test_the_script_is_run_again_at_a_reboot(node: Node) -> None:
    script = user_data().render()
    assert node.run(script).returncode == 0
    assert node.read("/var/lib/cloud/scripts/per-boot/mlinfra") == node.moved(script)
    assert node.run(script).returncode == 0


def test_docker_gets_defaults_for_locked_and_shared_memory(node: Node) -> None:
    runtimes = {"nvidia": {"path": "nvidia-container-runtime"}}
    node.write("/etc/docker/daemon.json", json.dumps({"runtimes": runtimes}))
    node.command("docker", """[ "$1" = ps ] || echo '{"nvidia":{},"runc":{}}'""")
    ended = node.run(user_data().render())
    assert ended.returncode == 0, ended.stdout
    settings = json.loads(node.read("/etc/docker/daemon.json"))
    assert settings["runtimes"] == runtimes
    assert settings["default-ulimits"] == {"memlock": {"Name": "memlock", "Hard": -1, "Soft": -1}}
    assert settings["default-shm-size"].endswith("m")
    assert node.calls.count("systemctl restart docker") == 1
    assert "DefaultLimitMEMLOCK=infinity" in node.read("/etc/systemd/system.conf.d/mlinfra.conf")


def test_invalid_settings_of_docker_are_logged_and_do_not_fail_the_boot(node: Node) -> None:
    node.write("/etc/docker/daemon.json", "{")
    assert node.run(user_data().render()).returncode == 0
    log = node.read("/var/log/mlinfra-boot.log")
    assert "Docker has no default for locked and shared memory: daemon.json is not valid JSON" in log
    assert "containers need --ulimit memlock=-1 and --shm-size" in log


def test_a_node_without_gpus_boots_from_an_image_without_docker(node: Node) -> None:
    (node.root / "commands/docker").unlink()
    ended = node.run(user_data(nvidia_gpus=0).render())
    assert ended.returncode == 0, ended.stdout
    log = node.read("/var/log/mlinfra-boot.log")
    assert "the image has no container runtime: jobs run without containers" in log
    assert log.splitlines()[-1].endswith("ready")
    assert not node.has("/etc/docker/daemon.json")
    assert not any("docker" in call for call in node.calls)


def fi_info(*domains: str) -> str:
    """The command fi_info, as libfabric prints providers."""
    return "\n".join(
        f"printf 'provider: efa\\n    fabric: efa\\n    domain: {each}\\n    type: FI_EP_RDM\\n'" for each in domains
    )


def test_warnings_of_nvidia_smi_do_not_count_as_gpus(node: Node) -> None:
    node.command("nvidia-smi", "for _ in 1 2 3; do echo 595.91.07; done; echo 'WARNING: infoROM is corrupted at gpu 0'")
    assert node.run(user_data().render()).returncode == 1
    assert "it has 3 GPUs, and 4 are expected" in node.read("/var/log/mlinfra-boot.log")


def test_gpus_are_initialized_before_the_agent_starts(node: Node) -> None:
    agent = "/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl"
    node.write(agent, f"#!/bin/bash\necho agent >>{node.root}/calls\n", mode=0o755)
    assert node.run(user_data().render()).returncode == 0
    assert node.calls.index("nvidia-smi -pm 1") < node.calls.index("agent")


def test_a_node_with_all_its_elastic_fabric_adapters_passes_the_check(node: Node) -> None:
    node.command("fi_info", fi_info("rdmap0s6-rdm", "rdmap0s7-rdm"))
    ended = node.run(user_data(efa_adapters=2).render())
    assert ended.returncode == 0, ended.stdout
    assert "fi_info -p efa -t FI_EP_RDM" in node.calls


def test_an_adapter_that_libfabric_lists_with_two_fabrics_counts_once(node: Node) -> None:
    node.command("fi_info", fi_info("rdmap0s6-rdm", "rdmap0s6-direct", "rdmap0s7-rdm", "rdmap0s7-direct"))
    assert node.run(user_data(efa_adapters=4).render()).returncode == 1
    assert "it has 2 Elastic Fabric Adapters, and 4 are expected" in node.read("/var/log/mlinfra-boot.log")


class Group:
    """An auto scaling group of two nodes in the local AWS, the first of which boots."""

    def __init__(self, client: Callable[..., Any], node: Node) -> None:
        self._node, self._autoscaling, self._events = node, client("autoscaling"), node.root / "events"
        client("ec2").create_launch_template(
            LaunchTemplateName="node", LaunchTemplateData={"ImageId": "ami-12345678", "InstanceType": "g5.xlarge"}
        )
        self._autoscaling.create_auto_scaling_group(
            AutoScalingGroupName="recsys-dev-two-tower-v2",
            MinSize=0,
            MaxSize=2,
            DesiredCapacity=2,
            LaunchTemplate={"LaunchTemplateName": "node"},
            AvailabilityZones=["us-east-1a"],
            NewInstancesProtectedFromScaleIn=True,
        )
        make_records_table(client, "recsys-dev-clusters")
        prefix = "/mlinfra/recsys/dev/training/two-tower-v2"
        self._guard = {f"{prefix}/guard-{at}": value for at, value in enumerate(guard_parameters(), start=1)}
        for name, value in self._guard.items():
            client("ssm").put_parameter(Name=name, Value=value, Type="String")
        node.aws_command()

    @property
    def description(self) -> dict[str, Any]:
        (group,) = self._autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"]
        return dict(group)

    def boot(self, **changes: Any) -> None:
        """Boot its first node."""
        first = min(each["InstanceId"] for each in self.description["Instances"])
        self._node.command(
            "curl",
            f'case "$*" in *api/token) echo token;; *instance-id) echo {first};; *local-ipv4) echo 10.0.0.4;; esac',
        )
        assert self._node.run(user_data(guard_parameters=list(self._guard), **changes).render()).returncode == 1
        assert first not in {each["InstanceId"] for each in self.description["Instances"]}

    @property
    def size(self) -> tuple[int, int]:
        """The desired capacity and the number of instances."""
        return self.description["DesiredCapacity"], len(self.description["Instances"])


def test_an_image_fault_lowers_the_desired_capacity(client: Callable[..., Any], node: Node) -> None:
    group = Group(client, node)
    group.boot(driver="570.1")
    assert group.size == (1, 1)


def test_hardware_faults_are_replaced_up_to_the_limit_of_a_day(client: Callable[..., Any], node: Node) -> None:
    group = Group(client, node)
    for _ in range(MAX_REPLACEMENTS):
        group.boot(nvidia_gpus=8)
        assert group.size == (2, 2)
    group.boot(nvidia_gpus=8)
    assert group.size == (1, 1)
    (item,) = client("dynamodb").scan(TableName="recsys-dev-clusters")["Items"]
    assert item[Table.RECORD]["S"].startswith(Table.REPLACEMENTS_PREFIX)
    assert item[Table.REPLACEMENTS]["N"] == str(MAX_REPLACEMENTS)
    assert float(item[Table.EXPIRE_AT]["N"]) > time.time()


def test_a_hardware_fault_is_not_replaced_if_the_records_cannot_be_written(
    client: Callable[..., Any], node: Node
) -> None:
    group = Group(client, node)
    client("dynamodb").delete_table(TableName="recsys-dev-clusters")
    group.boot(nvidia_gpus=8)
    assert group.size == (1, 1)


@pytest.mark.parametrize(
    ("spoil", "changes", "reason"),
    [
        (lambda _: None, {"driver": "570.1"}, "its driver is 595.91.07, and 570.1 is expected"),
        (lambda _: None, {"cuda": "12.8"}, "CUDA 12.8 is expected, and it has: "),
        (lambda _: None, {"nvidia_gpus": 8}, "hardware: it has 4 GPUs, and 8 are expected"),
        (
            lambda node: node.command("nvidia-smi", "echo 'No devices were found'; exit 6"),
            {},
            "hardware: nvidia-smi fails with status 6: No devices were found",
        ),
        (
            lambda node: node.command("nvidia-smi", "echo 'NVIDIA-SMI has failed'; exit 9"),
            {},
            "nvidia-smi fails with status 9, so the driver does not run these GPUs: NVIDIA-SMI has failed",
        ),
        (
            lambda node: node.command("nvidia-smi", "echo 'Driver/library version mismatch'; exit 18"),
            {},
            "nvidia-smi fails with status 18, so the driver does not run these GPUs: Driver/library version mismatch",
        ),
        (
            lambda node: node.command(
                "dmesg", "echo '[ 9.1] NVRM: Xid (PCI:0000:b3:00): 79, pid=7, GPU has fallen off the bus.'"
            ),
            {},
            "hardware: a GPU reports an error: [ 9.1] NVRM: Xid (PCI:0000:b3:00): 79, pid=7, GPU has fallen off",
        ),
        (lambda _: None, {"efa_adapters": 2}, "the image lacks libfabric for Elastic Fabric Adapters"),
        (
            lambda node: node.command("fi_info", "echo 'fi_getinfo: -61'; exit 61"),
            {"efa_adapters": 2},
            "hardware: fi_info finds no Elastic Fabric Adapter: fi_getinfo: -61",
        ),
        (
            lambda node: node.command("fi_info", fi_info("rdmap0s6-rdm", "rdmap0s6-rdm")),
            {"efa_adapters": 2},
            "hardware: it has 1 Elastic Fabric Adapters, and 2 are expected",
        ),
        (
            lambda node: (node.root / "commands/docker").unlink(),
            {},
            "the image has no container runtime: docker is missing",
        ),
        (
            lambda node: (node.root / "commands/nvidia-ctk").unlink(),
            {},
            "the image lacks the NVIDIA container toolkit: nvidia-ctk is missing",
        ),
        (
            lambda node: with_disks(node, "/dev/nvme1n1", signature="LVM2"),
            {"local_nvme": True},
            "the local disk /dev/nvme1n1 is in use",
        ),
        (
            lambda node: node.command("aws", '[ "$2" != get-parameters ]'),
            {},
            "its guard cannot be installed: the parameters cannot be read",
        ),
        (with_disks, {"local_nvme": True}, "hardware: it has no local NVMe disk, and at least one is expected"),
    ],
    ids=[
        *(
            "driver",
            "cuda",
            "fewer-gpus",
            "no-gpus",
            "no-driver",
            "other-driver",
            "xid",
            "no-libfabric",
            "no-efa",
            "fewer-efa",
        ),
        *("no-docker", "no-toolkit", "disk-in-use", "no-guard", "no-disk"),
    ],
)
def test_a_failed_check_is_logged_sent_as_an_event_and_terminates_the_node(
    node: Node, spoil: Callable[[Node], None], changes: dict[str, Any], reason: str
) -> None:
    if changes.get("local_nvme"):
        node.command("systemctl", '[ "$1" != cat ]')
    spoil(node)
    node.write("/etc/mlinfra/environment", "OLD=1\n")
    ended = node.run(user_data(**changes).render())
    assert ended.returncode == 1
    fault = "hardware" if reason.startswith("hardware: ") else "image"
    reason = reason.removeprefix("hardware: ")
    assert f"UNHEALTHY: {reason}" in node.read("/var/log/mlinfra-boot.log")
    event, leave = [
        call
        for call in node.calls
        if call.startswith("aws") and "get-parameters" not in call and "update-item" not in call
    ]
    (entry,) = json.loads(event.removeprefix("aws events put-events --entries "))
    assert (entry["Source"], entry["DetailType"]) == ("mlinfra.node", "Training Node Unhealthy")
    detail = json.loads(entry["Detail"])
    assert (detail["cluster"], detail["instance_id"]) == ("recsys-dev-two-tower-v2", "i-0a")
    assert detail["reason"].startswith(reason)
    assert (detail["fault"], detail["replaced"]) == (fault, fault == "hardware")
    prefix = "--no-should" if fault == "hardware" else "--should"
    assert leave.endswith(f"--instance-id i-0a {prefix}-decrement-desired-capacity")
    assert not node.has("/etc/mlinfra/environment")
    assert not node.has("/etc/profile.d/mlinfra.sh")


def test_a_failed_command_is_logged(node: Node) -> None:
    node.command("systemctl", "exit 3")
    assert node.run(user_data().render()).returncode != 0
    assert "systemctl enable --now docker" in node.read("/var/log/mlinfra-boot.log")
    assert any("put-events" in call for call in node.calls)


def test_a_refused_termination_is_repeated(node: Node) -> None:
    tries = node.root / "tries"
    node.command("aws", f'[[ "$2" != term* ]] || {{ echo >>{tries}; [ "$(wc -l <{tries})" -ge 4 ]; }}')
    assert node.run(user_data(nvidia_gpus=8).render()).returncode == 1
    assert sum("terminate-instance" in call for call in node.calls) == 4


def test_several_disks_are_combined_into_one_stripe(node: Node) -> None:
    with_disks(node, "/dev/nvme1n1", "/dev/nvme2n1")
    node.command("systemctl", '[ "$1" != cat ]')
    assert node.run(user_data(local_nvme=True).render()).returncode == 0
    calls = [call.replace(str(node.root), "") for call in node.calls]
    assert (
        "mdadm --create /dev/md/scratch --level=0 --name=scratch --raid-devices=2 --run /dev/nvme1n1 /dev/nvme2n1"
        in calls
    )
    assert "mkfs.xfs -q -L scratch /dev/md/scratch" in calls
    assert "mount -o noatime /dev/md/scratch /scratch" in calls
    assert (node.root / "scratch").stat().st_mode & 0o7777 == 0o1777


def test_a_single_disk_is_formatted_without_raid(node: Node) -> None:
    with_disks(node, "/dev/nvme1n1")
    node.command("systemctl", '[ "$1" != cat ]')
    assert node.run(user_data(local_nvme=True).render()).returncode == 0
    assert "mkfs.xfs -q -L scratch /dev/nvme1n1" in node.calls
    assert not any(call.startswith("mdadm --create") for call in node.calls)


def test_disks_of_an_earlier_boot_are_mounted_and_not_formatted(node: Node) -> None:
    with_disks(node, "/dev/nvme1n1", signature="xfs")
    node.command("blkid", "echo /dev/md127")
    node.command("systemctl", '[ "$1" != cat ]')
    assert node.run(user_data(local_nvme=True).render()).returncode == 0
    assert f"mount -o noatime /dev/md127 {node.root}/scratch" in node.calls
    assert not any(call.startswith("mkfs") for call in node.calls)


def test_disks_that_the_image_has_mounted_are_bound_to_scratch(node: Node) -> None:
    with_disks(node, "/dev/nvme1n1", signature="LVM2_member")
    node.command("mountpoint", '[[ "$2" = */opt/dlami/nvme ]]')
    assert node.run(user_data(local_nvme=True).render()).returncode == 0
    assert "systemctl start dlami-nvme.service" in node.calls
    assert f"mount --bind {node.root}/opt/dlami/nvme {node.root}/scratch" in node.calls
    assert not any(call.startswith(("mkfs", "mdadm")) for call in node.calls)


def with_lustre(node: Node, os_release: str) -> None:
    node.write("/etc/os-release", os_release)
    node.command("mountpoint", "exit 1")
    node.command("modprobe", f"[ -e {node.root}/client ]")
    node.command(
        "aws",
        f"""[ "$2" = get-parameters ] && echo '{GUARD}' ||
        echo fs-1.fsx.us-east-1.amazonaws.com@tcp:/abcd""",
    )
    for name in ("amazon-linux-extras", "apt-get", "dnf", "gpg", "mount"):
        node.command(name, f"touch {node.root}/client")


@pytest.mark.parametrize(
    ("os_release", "install"),
    [
        ('ID=ubuntu\nVERSION_ID="22.04"\nVERSION_CODENAME=jammy\n', "apt-get install -q -y"),
        ('ID="amzn"\nVERSION_ID="2"\n', "amazon-linux-extras install -y lustre"),
        ('ID="amzn"\nVERSION_ID="2023"\n', "dnf install -y -q lustre-client"),
    ],
    ids=["ubuntu", "amazon-linux-2", "amazon-linux-2023"],
)
def test_a_missing_lustre_client_is_installed_before_the_mount(node: Node, os_release: str, install: str) -> None:
    with_lustre(node, os_release)
    (node.root / "usr/share/keyrings").mkdir(parents=True)
    (node.root / "etc/apt/sources.list.d").mkdir(parents=True)
    ended = node.run(user_data(lustre_parameter="/mlinfra/x/lustre").render())
    assert ended.returncode == 0, ended.stdout
    assert any(call.startswith(install) for call in node.calls)
    source = "fs-1.fsx.us-east-1.amazonaws.com@tcp:/abcd"
    assert f"mount -t lustre -o relatime,flock {source} {node.root}/lustre" in node.calls


def test_an_operating_system_without_a_lustre_client_fails_the_boot(node: Node) -> None:
    with_lustre(node, "ID=debian\nVERSION_ID=12\n")
    assert node.run(user_data(lustre_parameter="/mlinfra/x/lustre").render()).returncode == 1
    assert "there is no Lustre client for debian-12" in node.read("/var/log/mlinfra-boot.log")
