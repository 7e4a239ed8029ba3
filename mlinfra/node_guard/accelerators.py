"""Utilization and compute processes of NVIDIA, Neuron and AMD accelerators."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from mlinfra.node_guard.commands import Commands

NVIDIA_SECONDS = 20
"""Without persistence mode, nvidia-smi initializes every GPU at each call: 6 to 15 seconds on hosts with 8."""
WAITING_PERCENT = 99.0
WAITING_POWER = 0.3
"""A GPU whose kernels only wait for another process, as in a collective operation, is at 100 % utilization and draws
little power. Reported for hangs: 152 of 700 W (H100; github.com/NVIDIA/nccl, issue 1550), 72 of 350 W (H100 PCIe;
lambdal/deeplearning-benchmark, issue 21), 47 of 250 W (V100; horovod/horovod, issue 3611), read 2026-11-29."""
_NEURON_SECONDS = 12
"""neuron-monitor writes its first report after its period, 5 seconds. Source: Neuron documentation, "Neuron Monitor
User Guide", read 2026-11-28."""


@dataclass(frozen=True)
class Reading:
    """The accelerators at one moment."""

    percent: float | None = None
    """The utilization of the busiest accelerator, in percent. None: unknown."""
    complete: bool = False
    """True if all accelerators responded. Partitions of a GPU respond without a utilization."""
    process_ids: frozenset[int] | None = None
    """The ids of the compute processes. None: the driver's tools could not list them."""
    waiting: bool = False
    """True if GPUs are in use, and the kernels of each of them may only wait: full utilization, little power."""

    def beside(self, other: Reading) -> Reading:
        """Both, `other` being a reading of other accelerators of the node."""
        return self._join(other, complete=self.complete and other.complete)

    def then(self, other: Reading) -> Reading:
        """Both, `other` being a later reading of the same accelerators."""
        return self._join(other, complete=self.complete or other.complete)

    def _join(self, other: Reading, *, complete: bool) -> Reading:
        known = [each for each in (self.percent, other.percent) if each is not None]
        ids = [each for each in (self.process_ids, other.process_ids) if each is not None]
        return Reading(
            percent=max(known) if known else None,
            complete=complete,
            process_ids=frozenset().union(*ids) if ids else None,
            waiting=self.waiting and other.waiting,
        )


def read_accelerators(root: Path, commands: Commands) -> Reading | None:
    """The accelerators of the node, from the tools of those that it has. None: it has none.

    Args:
        root: the folder with /dev and /sys of the node.
        commands: how to run the tools.
    """
    readings = []
    if any(root.glob("dev/nvidia[0-9]*")) or any(root.glob("proc/driver/nvidia/gpus/*")):
        readings.append(_read_nvidia(commands))
    if any(root.glob("dev/neuron[0-9]*")):
        readings.append(_read_neuron(commands))
    if (root / "dev/kfd").exists():
        readings.append(_read_amd(root))
    if not readings:
        return None
    first, *others = readings
    for each in others:
        first = first.beside(each)
    return first


def _read_nvidia(commands: Commands) -> Reading:
    use = commands.run(
        [
            "nvidia-smi",
            "--query-gpu=utilization.gpu,mig.mode.current,power.draw,power.limit",
            "--format=csv,noheader,nounits",
        ],
        seconds=NVIDIA_SECONDS,
    )
    ids = None
    if use is not None:
        # One that took its time for the first question will do so for the second.
        ids = commands.run(
            ["nvidia-smi", "--query-compute-apps=pid", "--format=csv,noheader,nounits"], seconds=NVIDIA_SECONDS
        )
    return parse_nvidia(use, ids)


def parse_nvidia(use: str | None, ids: str | None) -> Reading:
    """The answers of nvidia-smi.

    A GPU in MIG mode has no utilization (`[N/A]`; source: NVIDIA MIG user guide, "Monitoring MIG devices", read
    2026-11-28): it is readable, and its processes decide. Any other text in place of the number, such as
    `[Not Supported]`, `[Unknown Error]` or `[GPU is lost]`, is an unreadable GPU.

    Args:
        use: lines of utilization, MIG mode, power draw and power limit. None: no answer.
        ids: lines of process ids. None: no answer.
    """
    percents, complete, seen, are_known = [], True, False, True
    waiting = []
    for line in (use or "").splitlines():
        if not line.strip():
            continue
        seen = True
        value, *others = (part.strip() for part in line.split(","))
        if re.fullmatch(r"\d+(\.\d+)?( %)?", value):
            percents.append(float(value.split()[0]))
            if percents[-1] > 0:
                waiting.append(percents[-1] >= WAITING_PERCENT and _is_low(others[1:]))
        else:
            are_known = False
            complete = complete and "".join(others[:1]).lower() == "enabled"
    complete = complete and seen
    return Reading(
        percent=_busiest(percents, complete=complete),
        complete=complete,
        process_ids=None if ids is None else parse_ids(ids),
        waiting=are_known and bool(waiting) and all(waiting),
    )


def _is_low(power: Sequence[str]) -> bool:
    """True if the draw is known, and far below the limit."""
    try:
        draw, limit = (float(each) for each in power)
    except ValueError:
        return False
    return 0 < draw < WAITING_POWER * limit


def parse_ids(text: str) -> frozenset[int] | None:
    """The process ids at the beginning of lines. None: there are lines, and at least one has an error in its place."""
    ids = set()
    for line in text.splitlines():
        value = line.partition(",")[0].strip()
        if value.isdigit():
            ids.add(int(value))
        elif value and not value.lower().startswith("no running"):
            return None
    return frozenset(ids)


def _busiest(percents: list[float], *, complete: bool) -> float | None:
    # An idle GPU beside an unreadable one proves nothing.
    return max(percents) if percents and (complete or any(percents)) else None


def _read_neuron(commands: Commands) -> Reading:
    return parse_neuron(commands.run(["neuron-monitor"], seconds=_NEURON_SECONDS, first_line=True))


def parse_neuron(report: str | None) -> Reading:
    """The first report of neuron-monitor. The open device files tell the processes.

    It lists the applications that have Neuron cores in use, with the utilization of each core; without an application,
    the list is empty. Source: Neuron documentation, "Neuron Monitor User Guide", read 2026-11-28. neuron-ls lists
    processes too, but its JSON changes with Neuron 2.34.
    """
    try:
        applications = json.loads((report or "").partition("\n")[0])["neuron_runtime_data"] or []
        percent = max((each for app in applications for each in _core_percents(app)), default=0.0)
    except (ValueError, AttributeError, TypeError, KeyError):
        return Reading()
    return Reading(percent=percent, complete=True)


def _core_percents(application: dict[str, Any]) -> Iterator[float]:
    counters = ((application.get("report") or {}).get("neuroncore_counters") or {}).get("neuroncores_in_use") or {}
    for core in counters.values():
        yield float(core.get("neuroncore_utilization") or 0)


def _read_amd(root: Path) -> Reading:
    """AMD GPUs, from the files of their driver, which answer at once.

    Source: Linux kernel documentation, "GPU power/thermal controls and monitoring" (gpu_busy_percent), and amdkfd's
    kfd_process.c (a folder for every process with a compute queue), read 2026-11-28.
    """
    percents, complete, seen = [], True, False
    for file in root.glob("sys/class/drm/card*/device/gpu_busy_percent"):
        seen = True
        try:
            percents.append(float(file.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            complete = False
    complete = complete and seen
    processes = root / "sys/class/kfd/kfd/proc"
    ids = None
    with suppress(OSError):
        ids = frozenset(int(each.name) for each in processes.iterdir() if each.name.isdigit())
    return Reading(percent=_busiest(percents, complete=complete), complete=complete, process_ids=ids)
