"""The command `nvidia-smi` of a node with NVIDIA GPUs: count and memory of the instance type, simulated use.

The utilization follows the CPU time of the programs that run on the node (`usage.py`): one core is one GPU. Sources of
names, units and statuses: nvidia-smi(1), and NVML, nvmlReturn_t, read 2026-11-29.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlinfra.catalog import gpu_name
from mlinfra.local_aws.nodes.programs.answers import Answer, refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mlinfra.local_aws.nodes.node import Node
    from mlinfra.local_aws.nodes.programs.answers import Call

DRIVER: Final = "595.91.07"
CUDA: Final = "13.2"
"""The driver of NVIDIA and its CUDA version, as on the newest Deep Learning images of `mlinfra.local_aws.seed`, which
environments pin: a node with another driver ends its boot."""
FALLEN_OFF_BUS: Final = 79
"""The Xid error of a GPU that the driver cannot reach."""
_GPU_IS_LOST: Final = 15
"""The status of nvidia-smi then (NVML_ERROR_GPU_IS_LOST)."""
_IDLE_WATTS: Final = 30.0
_LIMIT_WATTS: Final = 300.0
_INVALID_FIELD: Final = 2


def _uuid(node: Node, index: int) -> str:
    digits = node.instance.instance_id.removeprefix("i-").rjust(17, "0")
    return f"GPU-{digits[:8]}-{digits[8:12]}-0000-0000-{index:012d}"


_FIELDS: Final[dict[str, Callable[[Node, int], str]]] = {
    "index": lambda _node, index: str(index),
    "name": lambda node, _index: _model(node),
    "gpu_name": lambda node, _index: _model(node),
    "count": lambda node, _index: str(node.instance.nvidia_gpus),
    "uuid": _uuid,
    "gpu_uuid": _uuid,
    "pci.bus_id": lambda _node, index: pci_address(index),
    "driver_version": lambda node, _index: node.instance.image_version("EXPECTED_DRIVER", DRIVER),
    "utilization.gpu": lambda node, index: f"{_percent(node, index):.0f} %",
    "utilization.memory": lambda node, index: f"{_percent(node, index) / 2:.0f} %",
    "memory.total": lambda node, _index: f"{_memory(node)} MiB",
    "memory.used": lambda node, index: f"{_used(node, index)} MiB",
    "memory.free": lambda node, index: f"{_memory(node) - _used(node, index)} MiB",
    "mig.mode.current": lambda _node, _index: "[N/A]",
    "persistence_mode": lambda _node, _index: "Enabled",
    "power.draw": lambda node, index: (
        f"{_IDLE_WATTS + (_LIMIT_WATTS - _IDLE_WATTS) * _percent(node, index) / 100:.2f} W"
    ),
    "power.limit": lambda _node, _index: f"{_LIMIT_WATTS:.2f} W",
    "temperature.gpu": lambda node, index: f"{35 + _percent(node, index) / 4:.0f}",
    "ecc.mode.current": lambda _node, _index: "Enabled",
    "ecc.errors.uncorrected.volatile.total": lambda _node, _index: "0",
    "ecc.errors.corrected.volatile.total": lambda _node, _index: "0",
    "retired_pages.pending": lambda _node, _index: "[N/A]",
    "compute_mode": lambda _node, _index: "Default",
}
_ROW_FIELDS: Final[dict[str, Callable[[Node, int], str]]] = {
    "gpu_bus_id": lambda _node, index: pci_address(index),
    "gpu_uuid": _uuid,
    "remapped_rows.correctable": lambda _node, _index: "0",
    "remapped_rows.uncorrectable": lambda _node, _index: "0",
    "remapped_rows.pending": lambda _node, _index: "No",
    "remapped_rows.failure": lambda _node, _index: "No",
}
_APP_FIELDS: Final = ("pid", "process_name", "used_memory", "used_gpu_memory", "gpu_uuid")


def run(node: Node, call: Call) -> Answer:
    """Execute a command line of nvidia-smi."""
    lost = [index for index, error in node.xids if error == FALLEN_OFF_BUS]
    if lost:
        address = pci_address(lost[0])
        message = f"Unable to determine the device handle for GPU{lost[0]}: {address}: GPU is lost.  Reboot the system"
        return Answer(f"{message} to recover this GPU\n", status=_GPU_IS_LOST)
    options = dict(each.partition("=")[::2] for each in call.arguments if each.startswith("--"))
    style = set(options.get("--format", "").split(","))
    for option, known in (("--query-gpu", _FIELDS), ("--query-remapped-rows", _ROW_FIELDS)):
        if option in options:
            return _table(node, options[option].split(","), known, style)
    if "--query-compute-apps" in options:
        return _processes(node, options["--query-compute-apps"].split(","), style)
    count = node.instance.nvidia_gpus
    if call.arguments[:1] == ("-L",):
        return Answer("".join(f"GPU {each}: {_model(node)} (UUID: {_uuid(node, each)})\n" for each in range(count)))
    if call.arguments[:1] == ("-pm",) or not call.arguments:
        driver = node.instance.image_version("EXPECTED_DRIVER", DRIVER)
        cuda = node.instance.image_version("EXPECTED_CUDA", CUDA)
        return Answer(f"NVIDIA-SMI {driver}, CUDA Version: {cuda}, {count} GPUs (local AWS)\n")
    return refused("nvidia-smi", f"the local AWS has no {' '.join(call.arguments)}", _INVALID_FIELD)


def pci_address(index: int) -> str:
    """The PCI address of a GPU."""
    return f"00000000:00:{0x1E - index:02X}.0"


def _table(node: Node, fields: list[str], known: Mapping[str, Callable[[Node, int], str]], style: set[str]) -> Answer:
    unknown = [each for each in fields if each.strip() not in known]
    if unknown:
        return Answer(f'Field "{unknown[0]}" is not a valid field to query.\n\n', status=_INVALID_FIELD)
    rows = [[known[each.strip()](node, index) for each in fields] for index in range(node.instance.nvidia_gpus)]
    return Answer(_csv(fields, rows, style))


def _processes(node: Node, fields: list[str], style: set[str]) -> Answer:
    unknown = [each for each in fields if each.strip() not in _APP_FIELDS]
    if unknown:
        return Answer(f'Field "{unknown[0]}" is not a valid field to query.\n\n', status=_INVALID_FIELD)
    rows = []
    for pid, name in sorted(node.usage.programs.items()):
        values = {
            "pid": str(pid),
            "process_name": name,
            "used_memory": "512 MiB",
            "used_gpu_memory": "512 MiB",
            "gpu_uuid": _uuid(node, 0),
        }
        rows.append([values[each.strip()] for each in fields])
    return Answer(_csv(fields, rows, style))


def _csv(fields: list[str], rows: list[list[str]], style: set[str]) -> str:
    if "nounits" in style:
        rows = [[_without_unit(value) for value in row] for row in rows]
    lines = [] if "noheader" in style else [", ".join(fields)]
    return "".join(f"{line}\n" for line in [*lines, *(", ".join(row) for row in rows)])


def _without_unit(value: str) -> str:
    number, _, unit = value.rpartition(" ")
    return number if unit in {"%", "MiB", "W"} else value


def _model(node: Node) -> str:
    kind = node.instance.type
    return f"NVIDIA {gpu_name(kind.accelerator)}" if kind else "NVIDIA"


def _memory(node: Node) -> int:
    kind = node.instance.type
    return int(kind.accelerator_memory_mib_each or 0) if kind else 0


def _used(node: Node, index: int) -> int:
    used = 512 * len(node.usage.programs) if index == 0 else 0
    return min(_memory(node), used)


def _percent(node: Node, index: int) -> float:
    """The first core of its programs is the use of the first GPU, and so on."""
    return min(100.0, max(0.0, 100 * (node.usage.cores - index)))
