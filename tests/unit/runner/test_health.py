"""Checks of a node before a run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import mlinfra.constructs.training
from mlinfra.runner.hardware_faults import FAULTY
from mlinfra.runner.health import CHECK_NODE, HealthProblem, check_node, disk_mib_per_second


def _checked(root: Path, script: str | None) -> tuple[list[HealthProblem], list[str]]:
    """The problems and what is said, on a node whose check is `script`."""
    if script is not None:
        program = root / CHECK_NODE
        program.parent.mkdir(parents=True)
        program.write_text(f"#!/bin/bash\n{script}\n")
        program.chmod(0o755)
    said: list[str] = []
    return check_node(root, data=root / "data", say=said.append), said


def test_a_healthy_node_has_no_problem(tmp_path: Path) -> None:
    problems, said = _checked(tmp_path, "echo '8 GPUs, driver 570.195.03'; echo '32 Elastic Fabric Adapters'")
    assert problems == []
    assert said[-1] == "8 GPUs, driver 570.195.03; 32 Elastic Fabric Adapters"


def test_faulty_hardware_is_replaced(tmp_path: Path) -> None:
    problems, _ = _checked(tmp_path, "echo '8 GPUs'; echo 'hardware: it has 7 GPUs, and 8 are expected'; exit 3")
    assert problems == [HealthProblem("It has 7 GPUs, and 8 are expected.", replaces=True)]


def test_a_fault_of_the_image_does_not_replace_the_node(tmp_path: Path) -> None:
    problems, _ = _checked(tmp_path, "echo 'image: the driver is not loaded'; exit 4")
    assert problems == [HealthProblem("The driver is not loaded.", replaces=False)]


@pytest.mark.parametrize("script", [None, "echo broken; exit 1"])
def test_a_check_that_cannot_be_carried_out_is_said_and_not_a_problem(tmp_path: Path, script: str | None) -> None:
    problems, said = _checked(tmp_path, script)
    assert problems == []
    assert said[-1].startswith("the hardware is not checked: ")


def test_the_speed_of_the_disk_is_measured_and_leaves_nothing(tmp_path: Path) -> None:
    assert (disk_mib_per_second(tmp_path / "data") or 0) > 0
    assert list((tmp_path / "data").iterdir()) == []


def test_a_disk_that_cannot_be_written_is_not_measured(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    assert disk_mib_per_second(tmp_path / "data") is None


def test_the_errors_that_fail_the_check_of_the_boot_count_as_faults_of_hardware_in_a_run_too() -> None:
    script = (Path(mlinfra.constructs.training.__file__).parent / "user_data/gpus.sh").read_text()
    (numbers,) = re.findall(r"NVRM: Xid .*?: \(([\d|]+)\),", script)
    assert {int(each) for each in numbers.split("|")} <= set(FAULTY)
