"""Settings of the last apply of a stack, saved beside a plan for its review."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from mlinfra.operations.deploy import applied_commit
from mlinfra.operations.deploy.saved_plan import private_text
from mlinfra.operations.review import APPLIED_SETTINGS

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.declarations import Environment
    from mlinfra.operations.aws import AwsAccount


def save_applied_settings(folder: Path, account: AwsAccount, environment: Environment, component: str) -> None:
    """Save the settings of the last apply of a component to `folder`, unless none are recorded.

    Raises:
        OperationError: if AWS denies or fails the request.
    """
    applied = applied_commit.read(account, environment, component)
    if applied and applied.settings:
        private_text(folder / APPLIED_SETTINGS, applied.settings)


def copy_settings(stack: Path, folder: Path) -> None:
    """Copy the files with the settings of a synthesized stack to `folder`."""
    folder.mkdir(mode=0o700)
    for name in ("cdk.tf.json", ".terraform.lock.hcl"):
        if (stack / name).is_file():
            shutil.copyfile(stack / name, folder / name)
