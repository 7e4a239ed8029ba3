"""Hardware faults of GPUs in the log of the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.runner.hardware_faults import hardware_fault

if TYPE_CHECKING:
    from pathlib import Path


def fault(root: Path, *records: tuple[float, str]) -> str | None:
    """The fault among records of the kernel: seconds since the boot, and text. The command began at 100 seconds."""
    file = root / "dev/kmsg"
    file.parent.mkdir(exist_ok=True)
    file.write_text("".join(f"6,{number},{int(at * 1e6)},-;{text}\n" for number, (at, text) in enumerate(records)))
    return hardware_fault(root, since_seconds=100)


def test_a_gpu_that_has_failed_is_found(tmp_path: Path) -> None:
    text = "NVRM: Xid (PCI:0000:00:1e): 79, pid=1234, GPU has fallen off the bus."
    assert fault(tmp_path, (90, "x"), (120, text)) == "a GPU has fallen off the bus (Xid 79, GPU PCI:0000:00:1e)"


def test_faults_before_the_command_and_errors_of_programs_do_not_count(tmp_path: Path) -> None:
    assert fault(tmp_path, (50, "NVRM: Xid (PCI:0000:00:1e): 79, GPU has fallen off the bus.")) is None
    assert fault(tmp_path, (120, "NVRM: Xid (PCI:0000:00:1e): 31, pid=1234, Ch 00000010, MMU Fault")) is None


def test_a_log_that_cannot_be_read_shows_none(tmp_path: Path) -> None:
    assert hardware_fault(tmp_path, since_seconds=0) is None
