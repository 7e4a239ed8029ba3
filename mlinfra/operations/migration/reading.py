"""Reading of the state or plan of an existing Terraform configuration. Nothing in its folder is changed."""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mlinfra.command import terraform_command
from mlinfra.errors import OperationError
from mlinfra.operations.json_objects import json_object
from mlinfra.operations.migration.resource import Resource, resources_of
from mlinfra.operations.terraform import Terraform, TerraformError, find_terraform

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_STATE_FILE: Final = "terraform.tfstate"
_STATE_FORMAT: Final = 4
"""The format version of states since Terraform 0.12."""
_ARCHIVE: Final = b"PK\x03\x04"
"""The beginning of a saved plan, which is a zip archive."""
_DATA: Final = ".terraform"
"""The folder of `terraform init`. It contains the record of the backend, in the format of a state."""
_REMEDIES: Final[Mapping[str, str]] = {
    "credential|ExpiredToken|InvalidClientTokenId|AccessDenied|Forbidden|StatusCode: 403|SignatureDoesNotMatch": (
        "The credentials in use cannot read its state. Use those with which you run `{terraform} plan` there, or give "
        "a file: {terraform} state pull > state.json."
    ),
    "[Ii]nitialization required|terraform init|plugins are not installed|Module not installed|lock file": (
        "Run `{terraform} init` there, as you do before a plan, or give a file: {terraform} state pull > state.json."
    ),
    "newer than current|unsupported (state|plan)|created by .*(newer|different)|newer Terraform": (
        "It was written by another version of Terraform. Put that version on the PATH, or name it in "
        "TERRAFORM_BINARY_NAME."
    ),
}
"""Remedies of failures, by a pattern of Terraform's error, with the name of the program in use."""


@dataclass(frozen=True)
class Existing:
    """An existing Terraform configuration."""

    source: str
    """The folder or file."""
    resources: tuple[Resource, ...]
    state_bucket: str = ""
    """The bucket of its S3 backend. Empty: it has another backend, or the document does not name it."""

    @property
    def account_id(self) -> str:
        """The account of most of its resources. Empty: unknown."""
        return _most_common(each.account_id for each in self.resources)

    @property
    def region(self) -> str:
        """The region of most of its resources. Empty: unknown."""
        return _most_common(each.region for each in self.resources)


def read_existing(path: Path) -> Existing:
    """Read the resources of an existing configuration.

    Args:
        path: its folder, or a file: a state, a saved plan, or the output of `terraform show -json` for one of them.

    Raises:
        OperationError: if there is no state, it cannot be read, or it contains no resources.
    """
    if not path.exists():
        message = f"{path} does not exist. Expected: the folder of a Terraform configuration, or a state or plan of it."
        raise OperationError(message)
    document, bucket = _of_folder(path) if path.is_dir() else (_of_file(path), "")
    existing = Existing(str(path), tuple(resources_of(document)), bucket)
    if not existing.resources:
        message = (
            f"The state of {path} contains no resources. If it was applied, select its workspace there: "
            f"{terraform_command()} workspace select NAME. If it was only planned, give the plan: "
            f"{terraform_command()} show -json PLAN > plan.json."
        )
        raise OperationError(message)
    return existing


def _of_folder(folder: Path) -> tuple[dict[str, Any], str]:
    data = folder / (os.environ.get("TF_DATA_DIR") or _DATA)
    backend = data / _STATE_FILE
    if backend.is_file():
        record = _parsed(backend.read_bytes(), backend).get("backend") or {}
        bucket = (record.get("config") or {}).get("bucket") if record.get("type") == "s3" else ""
        return _shown(folder), str(bucket or "")
    state = folder / _STATE_FILE
    if state.is_file() and not _has_workspace(data):
        return _of_file(state), ""
    if data.is_dir():
        return _shown(folder), ""
    if (folder / "terragrunt.hcl").is_file():
        message = f"{folder} is a Terragrunt unit. Run `terragrunt state pull > state.json` there, and give that file."
    elif any(folder.glob("*.tf")) or any(folder.glob("*.tf.json")) or any(folder.glob("*.tofu")):
        message = (
            f"{folder} has no state: it is not initialized, and has no {_STATE_FILE}. Run "
            f"`{terraform_command()} init` there, as you do before a plan, or give a file: {terraform_command()} state "
            f"pull > state.json."
        )
    else:
        message = f"{folder} contains no Terraform configuration: no .tf files and no {_STATE_FILE}."
    raise OperationError(message)


def _has_workspace(data: Path) -> bool:
    """True if another workspace than the default one is selected, whose state is elsewhere."""
    record = data / "environment"
    selected = os.environ.get("TF_WORKSPACE") or (record.read_text().strip() if record.is_file() else "")
    return selected not in {"", "default"}


def _of_file(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    if content.startswith(_ARCHIVE):
        return _shown(path.parent, plan=path)
    document = _parsed(content, path)
    if "encrypted_data" in document:
        message = f"{path} is encrypted. Give the output of `tofu show -json` instead, which OpenTofu decrypts."
        raise OperationError(message)
    if "format_version" in document:
        if document["format_version"].partition(".")[0] not in {"0", "1"}:
            message = (
                f"{path} has the format version {document['format_version']} of `terraform show -json`. Expected: 1, "
                "of Terraform 1.1 or newer."
            )
            raise OperationError(message)
        if not any(name in document for name in ("values", "planned_values", "prior_state", "terraform_version")):
            return {"format_version": document["format_version"]}
        return document
    version = document.get("version")
    if version is None or ("resources" not in document and "modules" not in document):
        message = (
            f"{path} is neither a Terraform state nor the output of `terraform show -json`. Expected: one of them, or "
            f"the folder of the configuration."
        )
        raise OperationError(message)
    if version != _STATE_FORMAT:
        message = (
            f"{path} is a state of format version {version}. Expected: {_STATE_FORMAT}, which Terraform 0.12 and newer "
            f"write. Upgrade the configuration to a newer Terraform first; its apply rewrites the state."
        )
        raise OperationError(message)
    return document


def _parsed(content: bytes, path: Path) -> dict[str, Any]:
    document = json_object(content)
    if document is None:
        message = (
            f"{path} is not JSON. Expected: a Terraform state, a saved plan, or the output of `terraform show -json`."
        )
        raise OperationError(message)
    return document


def _shown(folder: Path, *, plan: Path | None = None) -> dict[str, Any]:
    """The output of `terraform show -json`, with the user's data folder and workspace."""
    kept = {name: os.environ.get(name) for name in ("TF_DATA_DIR", "TF_WORKSPACE")}
    terraform = Terraform(folder.resolve(), find_terraform().path, changes=kept)
    try:
        return terraform.show(plan.resolve()) if plan else terraform.show_state()
    except TerraformError as error:
        for pattern, remedy in _REMEDIES.items():
            if re.search(pattern, error.details):
                message = f"Terraform cannot read {plan or folder}. {remedy.format(terraform=terraform_command())}"
                raise OperationError(message, details=error.details) from None
        raise


def _most_common(values: Iterable[str]) -> str:
    counted = Counter(value for value in values if value)
    return counted.most_common(1)[0][0] if counted else ""
