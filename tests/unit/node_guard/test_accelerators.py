"""Readings of NVIDIA, Neuron and AMD accelerators."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from mlinfra.node_guard.accelerators import Reading, parse_ids, parse_neuron, parse_nvidia, read_accelerators
from mlinfra.node_guard.commands import Commands, Stuck

if TYPE_CHECKING:
    from tests.unit.node_guard.conftest import FakeNode

EIGHT = "\n".join(f"{each}, Disabled" for each in (0, 0, 3, 0, 0, 0, 0, 0)) + "\n"


def commands(seconds: float = 30) -> Commands:
    return Commands(Stuck({}), seconds=seconds)


@pytest.mark.parametrize(
    ("use", "percent", "complete"),
    [
        (EIGHT, 3, True),
        ("100, Disabled\n" + EIGHT, 100, True),
        ("0\n2\n", 2, True),
        ("97 %, [N/A]\n", 97, True),
        ("0, Disabled\n[N/A], Disabled\n", None, False),
        ("0, Disabled\n[Not Supported], [N/A]\n", None, False),
        ("0, Disabled\n[Unknown Error], [Unknown Error]\n", None, False),
        ("0, Disabled\n[GPU is lost], [GPU is lost]\n", None, False),
        ("64, Disabled\n[GPU is lost], [GPU is lost]\n", 64, False),
        ("0, Disabled\nUnable to determine the device handle for GPU 0000:10:1C.0: Unknown Error\n", None, False),
        ("No devices were found\n", None, False),
        ("", None, False),
        (None, None, False),
    ],
)
def test_the_utilization_of_the_busiest_gpu(use: str | None, percent: float | None, *, complete: bool) -> None:
    reading = parse_nvidia(use, "")
    assert (reading.percent, reading.complete) == (percent, complete)


def test_gpus_in_mig_mode_respond_without_a_utilization() -> None:
    assert parse_nvidia("[N/A], Enabled\n" * 8, "4711\n") == Reading(None, complete=True, process_ids=frozenset({4711}))
    assert parse_nvidia("[N/A], Enabled\n12, Disabled\n", "").percent == 12


@pytest.mark.parametrize(
    ("use", "waiting"),
    [
        ("100, Disabled, 152.31, 700.00\n0, Disabled, 129.00, 700.00\n", True),  # nccl, issue 1550
        ("100, [N/A], 47.00, 250.00\n" * 8, True),  # horovod, issue 3611
        ("100, Disabled, 211.00, 700.00\n", False),
        ("98, Disabled, 100.00, 700.00\n", False),
        ("100, Disabled, 152.31, 700.00\n30, Disabled, 129.00, 700.00\n", False),
        ("100, Disabled, 152.31, 700.00\n100, Disabled, 650.00, 700.00\n", False),
        ("100, Disabled, [N/A], [N/A]\n", False),
        ("100, Disabled, 0.00, 0.00\n", False),
        ("100, Disabled\n", False),
        ("100, Disabled, 152.31, 700.00\n[N/A], Enabled, 129.00, 700.00\n", False),
        ("100, Disabled, 152.31, 700.00\n[GPU is lost], [GPU is lost], [GPU is lost], [GPU is lost]\n", False),
        ("0, Disabled, 70.00, 700.00\n", False),
        (None, False),
    ],
)
def test_gpus_that_only_wait_are_at_full_utilization_and_draw_little_power(use: str | None, *, waiting: bool) -> None:
    assert parse_nvidia(use, "").waiting == waiting


def test_gpus_wait_if_they_do_in_each_sample_and_if_all_accelerators_of_the_node_do() -> None:
    waits, works = Reading(100, waiting=True), Reading(100)
    assert waits.then(waits).waiting
    assert not waits.then(works).waiting
    assert not waits.beside(works).waiting


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", set()),
        ("No running processes found\n", set()),
        ("4711\n4712\n4711\n", {4711, 4712}),
        ("4711, /usr/bin/python3\n", {4711}),
        ("[Insufficient Permissions]\n", None),
        ("4711\n[Unknown Error]\n", None),
        ("Unable to determine the device handle for GPU\n", None),
    ],
)
def test_the_ids_of_compute_processes(text: str, ids: set[int] | None) -> None:
    assert parse_ids(text) == (None if ids is None else frozenset(ids))


def test_a_lost_gpu_leaves_the_processes_unknown() -> None:
    assert parse_nvidia(None, None).process_ids is None


def neuron(*applications: dict[str, float]) -> str:
    runtime = [
        {
            "pid": 4000 + index,
            "report": {
                "neuroncore_counters": {
                    "period": 5.0,
                    "neuroncores_in_use": {core: {"neuroncore_utilization": use} for core, use in each.items()},
                }
            },
        }
        for index, each in enumerate(applications)
    ]
    return json.dumps({"neuron_runtime_data": runtime, "system_data": {}}) + "\n"


@pytest.mark.parametrize(
    ("report", "percent", "complete"),
    [
        (neuron({"0": 0.0, "1": 42.5}), 42.5, True),
        (neuron({"0": 0.0}, {"8": 7.0}), 7.0, True),
        (neuron(), 0.0, True),
        ('{"neuron_runtime_data": null}', 0.0, True),
        ('{"neuron_runtime_data": [{"report": {}}]}', 0.0, True),
        ("no such device", None, False),
        ("", None, False),
        (None, None, False),
    ],
)
def test_the_utilization_of_the_busiest_neuron_core(
    report: str | None, percent: float | None, *, complete: bool
) -> None:
    assert parse_neuron(report) == Reading(percent, complete, None)


def test_the_tools_of_the_accelerators_that_the_node_has_are_run(node: FakeNode) -> None:
    node.write("dev/nvidia0", "")
    node.command("nvidia-smi", '[[ "$*" = *compute-apps* ]] && echo 4711 || echo "12, Disabled"')
    assert read_accelerators(node.root, commands()) == Reading(12, complete=True, process_ids=frozenset({4711}))
    assert [each.split()[0] for each in node.calls] == ["nvidia-smi", "nvidia-smi"]


def test_a_neuron_monitor_is_stopped_after_its_first_report(node: FakeNode) -> None:
    node.write("dev/neuron0", "")
    node.command("neuron-monitor", f"echo '{neuron({'0': 50.0}).strip()}'\nexec sleep 60")
    assert read_accelerators(node.root, commands()) == Reading(50, complete=True, process_ids=None)


def test_amd_gpus_are_read_from_the_files_of_their_driver(node: FakeNode) -> None:
    node.write("dev/kfd", "")
    node.write("sys/class/drm/card0/device/gpu_busy_percent", "0\n")
    node.write("sys/class/drm/card1/device/gpu_busy_percent", "31\n")
    (node.root / "sys/class/kfd/kfd/proc/4711").mkdir(parents=True)
    assert read_accelerators(node.root, commands()) == Reading(31, complete=True, process_ids=frozenset({4711}))


def test_a_node_without_accelerators_has_no_reading(node: FakeNode) -> None:
    assert read_accelerators(node.root, commands()) is None


def test_a_missing_tool_is_an_unreadable_accelerator(node: FakeNode, monkeypatch: pytest.MonkeyPatch) -> None:
    node.write("dev/nvidia0", "")
    monkeypatch.setenv("PATH", str(node.root / "bin"))
    assert read_accelerators(node.root, commands()) == Reading(None, complete=False, process_ids=None)


def test_a_later_reading_completes_an_earlier_one() -> None:
    failed, idle, busy = (
        Reading(),
        Reading(0, complete=True, process_ids=frozenset()),
        Reading(80, complete=True, process_ids=frozenset({1})),
    )
    assert failed.then(idle) == idle
    assert idle.then(busy) == busy
    assert busy.then(failed) == busy


def test_accelerators_beside_each_other_are_readable_together_only() -> None:
    assert not Reading(0, complete=True, process_ids=frozenset()).beside(Reading()).complete
