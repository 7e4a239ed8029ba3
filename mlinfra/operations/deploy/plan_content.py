"""The content of a plan file as Terraform reads it, which is what an apply does.

`plan.json` and the digests in `about.json` lie beside the plan and can be replaced together with it. A review before an
apply therefore reads the plan file itself.
"""

from __future__ import annotations

import json
import zipfile
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from mlinfra.command import own_command
from mlinfra.errors import OperationError
from mlinfra.operations.deploy.saved_plan import private_text

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.operations.deploy.saved_plan import About, SavedPlan
    from mlinfra.operations.terraform import Terraform

MAX_AGE: Final = timedelta(hours=24)
"""The default maximum age of a plan. What was reviewed a day ago may no longer be what the reviewer expects."""

_CONFIGURATION: Final = "tfconfig/m-/cdk.tf.json"
"""The root module's configuration in a plan file, a zip archive (Terraform, internal/plans/planfile, 1.6 to 1.13)."""


def document_of(
    saved: SavedPlan, about: About, terraform: Terraform, folder: Path, *, now: datetime, max_age: timedelta
) -> Path:
    """Write the content of a plan file as JSON to `folder`, after a check that it is the plan of its stack.

    Args:
        saved: the plan.
        about: its recorded origin.
        terraform: Terraform in the folder of its stack, initialized.
        folder: a private folder.
        now: the current time.
        max_age: the maximum age of the plan.

    Raises:
        OperationError: if the plan file is of another configuration, differs from `plan.json`, or is too old.
    """
    again = f"Nothing was applied. Plan again: {own_command()} plan {about.stack}"
    if _configuration(saved.tfplan) != (saved.stack / "cdk.tf.json").read_bytes():
        message = f"The plan file of {about.stack} was made from another configuration than {saved.stack}. {again}"
        raise OperationError(message)
    text = terraform.show_text(saved.tfplan)
    content = json.loads(text)
    if content != json.loads(saved.document.read_text(encoding="utf-8")):
        message = (
            f"{saved.document} is not the content of the plan file of {about.stack}, so the reviewed plan would not be "
            f"applied. {again}"
        )
        raise OperationError(message)
    # Terraform writes the time into the plan file; `created` in about.json could be changed.
    created = datetime.fromisoformat(content["timestamp"].replace("Z", "+00:00"))
    if now - created > max_age:
        age = int((now - created).total_seconds() // 3600)
        message = (
            f"The plan of {about.stack} was made {age} hours ago, and plans are applied for "
            f"{int(max_age.total_seconds() // 3600)} hours. {again}"
        )
        raise OperationError(message)
    document = folder / about.stack / "plan.json"
    document.parent.mkdir(mode=0o700)
    private_text(document, text)
    return document


def _configuration(path: Path) -> bytes | None:
    """The configuration that a plan file was made from; None if it is not a plan file."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(_CONFIGURATION)
    except (zipfile.BadZipFile, KeyError):
        return None
