"""The check of a node's hardware, at its boot, before each run and once an hour."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from mlinfra.constructs.training.guard_program import check_program
from tests.unit.constructs.training.node import Node

if TYPE_CHECKING:
    from pathlib import Path

_SETTINGS = """\
CLUSTER="recsys-dev-two-tower-v2"
REGION="us-east-1"
INSTANCE_ID="i-0aa"
TABLE="recsys-dev-clusters"
MAX_REPLACEMENTS="3"
EVENT_SOURCE="mlinfra.node"
EVENT_TYPE="Training Node Unhealthy"
GPUS="2"
EXPECTED_DRIVER=""
EXPECTED_CUDA=""
EFA_ADAPTERS=""
"""
# Answers of nvidia-smi 570.195.03: nvidia-smi(1) for the queries, and NVIDIA, "GPU Memory Error Management".
_HEALTHY = """case "$*" in
  *driver_version*) printf '%s\\n' 570.195.03 570.195.03 ;;
  *remapped_rows*) printf '%s\\n' '00000000:00:1C.0, No' '00000000:00:1D.0, No' ;;
esac"""


@pytest.fixture
def node(tmp_path: Path) -> Node:
    node = Node(tmp_path)
    node.write("/etc/mlinfra/node", _SETTINGS)
    node.write("/usr/local/bin/mlinfra-check-node", check_program(), mode=0o755)
    node.command("nvidia-smi", _HEALTHY)
    node.command("dmesg", "true")
    node.command("aws", "true")
    return node


def _check(node: Node, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/bash", str(node.root / "usr/local/bin/mlinfra-check-node"), *arguments],
        env={**os.environ, "PATH": str(node.root / "commands"), "MLINFRA_NODE_ROOT": str(node.root)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_healthy_node_passes(node: Node) -> None:
    ended = _check(node)
    assert (ended.returncode, ended.stdout) == (0, "2 GPUs, driver 570.195.03, CUDA not asked for\n")


@pytest.mark.parametrize(
    ("number", "text"),
    [(79, "GPU has fallen off the bus."), (48, "DBE (double bit error) ECC Error"), (95, "Uncontained")],
)
def test_a_hardware_error_in_the_kernels_log_is_a_fault(node: Node, number: int, text: str) -> None:
    line = f"[ 4104.3] NVRM: Xid (PCI:0000:00:1c): {number}, pid='<unknown>', name=<unknown>, {text}"
    node.command("dmesg", f'echo "{line}"')
    ended = _check(node)
    assert ended.returncode == 3
    assert ended.stdout == f"hardware: a GPU reports an error: {line}\n"


def test_an_error_of_a_program_is_not_a_fault(node: Node) -> None:
    node.command("dmesg", "echo 'NVRM: Xid (PCI:0000:00:1c): 13, pid=42, Graphics SM Warp Exception'")
    assert _check(node).returncode == 0


def test_memory_that_cannot_be_repaired_is_a_fault(node: Node) -> None:
    node.command("nvidia-smi", _HEALTHY.replace("1D.0, No", "1D.0, Yes"))
    ended = _check(node)
    assert ended.returncode == 3
    assert "remapped_rows.failure): 00000000:00:1D.0, Yes" in ended.stdout


def test_gpus_without_the_repair_of_memory_pass(node: Node) -> None:
    node.command("nvidia-smi", _HEALTHY.replace("1C.0, No", "1C.0, [N/A]").replace("1D.0, No", "1D.0, [N/A]"))
    assert _check(node).returncode == 0


def test_a_missing_gpu_is_a_fault(node: Node) -> None:
    node.command("nvidia-smi", "echo 570.195.03")
    ended = _check(node)
    assert (ended.returncode, ended.stdout) == (3, "hardware: it has 1 GPUs, and 2 are expected\n")


def test_a_driver_that_was_updated_under_the_node_is_a_fault_of_the_image(node: Node) -> None:
    node.command("nvidia-smi", "echo 'Failed to initialize NVML: Driver/library version mismatch'; exit 18")
    ended = _check(node)
    assert ended.returncode == 4
    assert ended.stdout.startswith("image: nvidia-smi fails with status 18")


def test_a_missing_adapter_is_a_fault(node: Node) -> None:
    node.write("/etc/mlinfra/node", _SETTINGS.replace('EFA_ADAPTERS=""', 'EFA_ADAPTERS="2"'))
    node.command("fi_info", "printf '    domain: rdmap0s6-rdm\\n'")
    ended = _check(node)
    assert ended.returncode == 3
    assert "it has 1 Elastic Fabric Adapters, and 2 are expected" in ended.stdout


class TestHourly:
    def test_a_healthy_node_is_checked_once_an_hour(self, node: Node) -> None:
        _check(node, "--hourly")
        checks = len(node.calls)
        assert checks > 0
        _check(node, "--hourly")
        assert len(node.calls) == checks
        two_hours_ago = (node.root / "run/mlinfra/checked").stat().st_mtime - 7200
        os.utime(node.root / "run/mlinfra/checked", (two_hours_ago, two_hours_ago))
        _check(node, "--hourly")
        assert len(node.calls) == 2 * checks

    def test_a_node_with_a_hardware_fault_is_replaced_and_its_owner_notified(self, node: Node) -> None:
        node.command("nvidia-smi", '[[ "$*" == *compute-apps* ]] || echo 570.195.03')
        node.write("/run/mlinfra/guard.json", '{"activity": "idle", "idle": true}')
        assert _check(node, "--hourly").returncode == 0
        counted, told, terminated = [call for call in node.calls if call.startswith("aws")]
        assert counted.startswith("aws dynamodb update-item --table-name recsys-dev-clusters")
        assert (
            '\\"reason\\":\\"it has 1 GPUs, and 2 are expected\\",\\"fault\\":\\"hardware\\",\\"replaced\\":true'
            in told
        )
        assert terminated.endswith("--instance-id i-0aa --no-should-decrement-desired-capacity")
        assert "HEALTH: hardware: it has 1 GPUs" in node.read("/var/log/mlinfra-guard.log")

    def test_a_node_whose_gpus_are_in_use_is_not_terminated_and_checked_again_in_a_minute(self, node: Node) -> None:
        node.command("nvidia-smi", '[[ "$*" == *compute-apps* ]] && echo 4711 || echo 570.195.03')
        node.write("/run/mlinfra/guard.json", '{"activity": "idle", "idle": true}')
        _check(node, "--hourly")
        assert [call for call in node.calls if call.startswith("aws")] == []
        assert not node.has("/run/mlinfra/checked")

    @pytest.mark.parametrize(
        ("state", "age"),
        [('{"activity": "busy", "idle": false}', 0), ('{"activity": "idle", "idle": true}', 600), ("", 0)],
        ids=["busy", "silent guard", "no answer"],
    )
    def test_a_node_with_a_lost_gpu_is_not_terminated_unless_its_guard_finds_it_idle(
        self, node: Node, state: str, age: int
    ) -> None:
        # Status 15, NVML_ERROR_GPU_IS_LOST: it lists no process either, and a job can go on with the other GPUs.
        node.command("nvidia-smi", "echo 'Unable to determine the device handle for GPU0: GPU is lost'; exit 15")
        node.write("/run/mlinfra/guard.json", state)
        written = (node.root / "run/mlinfra/guard.json").stat().st_mtime - age
        os.utime(node.root / "run/mlinfra/guard.json", (written, written))
        _check(node, "--hourly")
        assert [call for call in node.calls if call.startswith("aws")] == []
        assert not node.has("/run/mlinfra/checked")
        assert "HEALTH: hardware: nvidia-smi fails with status 15" in node.read("/var/log/mlinfra-guard.log")

    def test_a_fault_of_the_image_does_not_replace_the_node(self, node: Node) -> None:
        node.command("nvidia-smi", "exit 18")
        _check(node, "--hourly")
        assert [call for call in node.calls if call.startswith("aws")] == []
        assert node.has("/run/mlinfra/checked")
