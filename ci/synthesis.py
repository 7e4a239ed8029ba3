"""Synthesis of all environments and examples, each by its main.py in a separate process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import IO

from ci import JUDGED_ON

ROOT = Path(__file__).resolve().parent.parent


def synthesize_all(outdir: Path, *, output: IO[str] | None = None) -> Path:
    """Synthesize the stacks of all environments, with the day that all checks share.

    Args:
        outdir: the output folder.
        output: a file for what the program writes. Default: the streams of this process.

    Returns:
        The folder with a folder for each stack.
    """
    _run(ROOT / "main.py", outdir, output)
    return outdir / "stacks"


def synthesize_examples(outdir: Path) -> list[Path]:
    """Synthesize each folder of examples/ that has a main.py.

    Args:
        outdir: the output folder, with a subfolder for each example.

    Returns:
        The folders with a folder for each stack.
    """
    names = sorted(program.parent.name for program in ROOT.glob("examples/*/main.py"))
    return [synthesize_example(name, outdir / name) for name in names]


def synthesize_example(name: str, outdir: Path) -> Path:
    """Synthesize one folder of examples/.

    Args:
        name: the name of the folder.
        outdir: the output folder.

    Returns:
        The folder with a folder for each stack.
    """
    _run(ROOT / "examples" / name / "main.py", outdir)
    return outdir / "stacks"


def _run(program: Path, outdir: Path, output: IO[str] | None = None) -> None:
    environment = {**os.environ, "CDKTF_OUTDIR": str(outdir), "MLINFRA_TODAY": JUDGED_ON.isoformat()}
    environment.pop("MLINFRA_ENV", None)
    # Examples import mlinfra as an installed package, wherever this repository is.
    environment["PYTHONPATH"] = str(ROOT)
    subprocess.run(  # noqa: S603
        [sys.executable, program], cwd=program.parent, env=environment, stdout=output, stderr=output, check=True
    )
