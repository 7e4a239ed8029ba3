"""Everything that this repository declares, synthesized as a user would: by main.py, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from ci import JUDGED_ON

ROOT = Path(__file__).resolve().parent.parent


def synthesize_all(outdir: Path) -> Path:
    """Synthesize the stacks of all environments, judged on the day that all checks share.

    Args:
        outdir: where to write.

    Returns:
        The folder with a folder for each stack.
    """
    environment = {**os.environ, "CDKTF_OUTDIR": str(outdir), "MLINFRA_TODAY": JUDGED_ON.isoformat()}
    environment.pop("MLINFRA_ENV", None)
    subprocess.run([sys.executable, "main.py"], cwd=ROOT, env=environment, check=True)
    return outdir / "stacks"
