"""The CDKTF app."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mlinfra.cdk_family import present

if not shutil.which(os.environ.get("JSII_NODE", "node")):
    # cdktf runs in Node.js, and jsii ends in two tracebacks without it.
    sys.exit(
        "Node.js 20 or newer is required, and 'node' is not on the PATH. Install it: https://nodejs.org/en/download"
    )
try:
    present()
except (ImportError, ValueError) as error:
    sys.exit(f"{error}")

from mlinfra._cdk import App
from mlinfra.checks.index import CHECKS
from mlinfra.checks.own_checks import read_checks, unique
from mlinfra.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mlinfra.checks.resource_check import AnyCheck
    from mlinfra.declarations import Environment

LOCK_FILE = ".terraform.lock.hcl"


class MlApp(App):
    """A cdktf app in which all stacks use the provider version that the repository has locked."""

    def __init__(
        self, root: Path | None = None, *, outdir: Path | None = None, checks: Sequence[AnyCheck] = ()
    ) -> None:
        """Create an app.

        Args:
            root: the folder of the repository, which may contain a `.terraform.lock.hcl`. Default: the current folder,
                in which `cdktf` runs an app.
            outdir: the output folder. Default: CDKTF_OUTDIR, or cdktf.out in the current folder.
            checks: checks of every MlStack, in addition to those in `mlinfra_checks.py`. Reviews do not apply them.
                Default: none.

        Raises:
            ValueError: if two checks have the same id.
            DeclarationError: if `mlinfra_checks.py` fails, or declares an invalid check.
        """
        root = root or Path.cwd()
        own = (*read_checks(root), *checks)
        unique((*CHECKS, *own))
        # Node would read the variable and the current folder of the time when it was started.
        super().__init__(outdir=str(Path(outdir or os.environ.get("CDKTF_OUTDIR") or "cdktf.out").absolute()))
        self.checks = own
        self._lock_file = root / LOCK_FILE

    def synth(self) -> None:
        """Write every stack as Terraform JSON, with the lock file beside it."""
        super().synth()
        if not self._lock_file.exists():
            return
        for stack in Path(self.outdir, "stacks").iterdir():
            shutil.copyfile(self._lock_file, stack / LOCK_FILE)


def warn_about_expired_experiments(environments: Iterable[Environment]) -> None:
    """Write a warning to stderr for each experiment that has expired by the day of its environment."""
    for environment in environments:
        for each in environment.expired_experiments():
            sys.stderr.write(f"warning: {each}\n")


@contextmanager
def problems_without_traceback() -> Iterator[None]:
    """End the program with a sentence where a declaration or a stack is wrong, not with a traceback.

    Everything else, such as a mistake in the code of a construct, keeps its traceback.
    """
    try:
        yield
    except DeclarationError as error:
        sys.exit(f"{error}")
    except RuntimeError as error:
        # What jsii raises when a validation of a stack fails; it carries cdktf's own wording.
        text = str(error)
        if "Validation failed" not in text:
            raise
        sys.exit(text.partition("If you wish to ignore")[0].strip())
