"""Folders and files of a run on its node."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mlinfra.runner.specification import RunSpecification

ROOT_VARIABLE: Final = "MLINFRA_NODE_ROOT"
"""The environment variable with the root folder of the node, if it is not `/`. The local AWS sets it."""
STATE: Final = "var/lib/mlinfra"
"""The folder of all runs, below the root of the node."""
SCRATCH: Final = "scratch"
"""The mount point of the local disks, which is preferred for code, virtual environments and outputs."""
LEFT: Final = "left"
"""The file in the folder of a run with the number of the attempt that the node is not a member of. The runner is
started again once a later one begins."""
_SCRATCH_FOLDER: Final = "mlinfra"


def root() -> Path:
    """The root folder of the node: `/`, or `MLINFRA_NODE_ROOT`."""
    return Path(os.environ.get(ROOT_VARIABLE) or "/")


def state_folder(of: Path) -> Path:
    """The folder with the state of runs on the root disk, such as /var/lib/mlinfra.

    Args:
        of: the root folder of the node.
    """
    return of / STATE


def data_folder(of: Path) -> Path:
    """The folder for large files: /scratch/mlinfra where local disks are mounted, otherwise the state folder.

    Every user of the node may write to /scratch, so a folder of another user is not trusted.

    Args:
        of: the root folder of the node.
    """
    scratch = of / SCRATCH
    if not os.path.ismount(scratch):
        return state_folder(of)
    folder = scratch / _SCRATCH_FOLDER
    try:
        folder.mkdir(mode=0o755, exist_ok=True)
        is_own = not folder.is_symlink() and folder.stat().st_uid == os.geteuid()
    except OSError:
        is_own = False
    return folder if is_own else state_folder(of)


@dataclass(frozen=True)
class RunPaths:
    """The folders and files of one run on one node. Creates none of them, except /scratch/mlinfra.

    Paths of the specification that are absolute are below `root`, which is `/` on EC2.
    """

    root: Path
    """The root folder of the node."""
    spec: RunSpecification

    @property
    def run(self) -> Path:
        """The folder of the run on the root disk, with its log and its state."""
        return state_folder(self.root) / "runs" / self.spec.run_id

    @property
    def data(self) -> Path:
        """The folder of all runs for large files, such as /scratch/mlinfra."""
        return data_folder(self.root)

    @property
    def archives(self) -> Path:
        """The folder with downloaded archives of code, named `<sha256>.tar.gz`, which runs share."""
        return self.data / "code"

    @property
    def code(self) -> Path:
        """The working tree of the run. Not shared with other runs of the same code: commands write into it."""
        return self.data / "runs" / self.spec.run_id / "code"

    @property
    def work(self) -> Path:
        """The working directory of the command."""
        return self._in(self.code, self.spec.working_directory)

    @property
    def outputs(self) -> Path:
        """The folder that is uploaded at the end."""
        return self._in(self.work, self.spec.outputs)

    @property
    def checkpoints(self) -> Path | None:
        """The folder that is uploaded while the command runs. None: there is none."""
        return None if self.spec.checkpoints is None else self._in(self.work, self.spec.checkpoints)

    @property
    def notice(self) -> Path:
        """The file that exists once EC2 has announced to terminate the node: `MLINFRA_NOTICE_FILE`."""
        return self.run / "notice.json"

    @property
    def log(self) -> Path:
        """The output of the command of the current attempt."""
        return self.run / "output.log"

    @property
    def virtualenvs(self) -> Path:
        """The folder with virtual environments by the digest of their lock file, which runs share."""
        return self.data / "virtualenvs"

    def _in(self, folder: Path, path: str) -> Path:
        """`path` in `folder`, or below the root of the node if it is absolute."""
        return Path(os.path.normpath(self.root / path.lstrip("/") if path.startswith("/") else folder / path))
