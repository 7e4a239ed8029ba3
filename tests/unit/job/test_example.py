"""The example runs, on a laptop and on a node."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from tests.unit.job.conftest import Cluster

    Run = Callable[..., subprocess.Popen[str]]

FIRST_RUN = """\
epoch 50: loss 0.0213
epoch 100: loss 0.0117
epoch 150: loss 0.0113
epoch 200: loss 0.0113
y = 2.99x + 1.00
"""


def output(run: Run, checkpoint: Path) -> str:
    out, _ = run("-m", "examples.training_job.train", "--checkpoint", str(checkpoint)).communicate()
    return "".join(line for line in out.splitlines(keepends=True) if line.startswith(("epoch", "y =")))


def test_the_example_trains_on_a_laptop_and_goes_on_from_its_checkpoint(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLINFRA_TABLE", raising=False)
    assert output(run, tmp_path / "line.json") == FIRST_RUN
    assert output(run, tmp_path / "line.json") == "y = 2.99x + 1.00\n"


def test_the_example_is_a_job_on_a_node(cluster: Cluster, run: Run, tmp_path: Path) -> None:
    assert output(run, tmp_path / "line.json") == FIRST_RUN
    assert cluster.ends() == [("fit-a-line", "completed", "")]
