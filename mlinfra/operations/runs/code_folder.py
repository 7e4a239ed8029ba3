"""The code of an earlier run in a folder of its own: a detached worktree with its changes, or its archive."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from mlinfra.errors import OperationError
from mlinfra.operations.runs.packing import pack
from mlinfra.operations.runs.run_objects import read_object
from mlinfra.operations.runs.work_tree import SELECTING_VARIABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlinfra.operations.aws import AwsAccount
    from mlinfra.operations.runs.reproduction import Reproduction
    from mlinfra.operations.runs.request import RunRequest
    from mlinfra.operations.terraform import Repository
    from mlinfra.runner import RunSpecification

_IDENTITY = ("-c", "user.name=mlinfra", "-c", "user.email=mlinfra@localhost", "-c", "commit.gpgSign=false")


@contextmanager
def code_again(
    account: AwsAccount, spec: RunSpecification, reproduction: Reproduction, repository: Repository
) -> Iterator[Path]:
    """The code of a run in `reproduction.folder`, until the end of the block. The user's working tree is not changed.

    Raises:
        OperationError: if it can no longer be had, or the folder exists.
    """
    folder = reproduction.folder
    if folder.exists():
        message = (
            f"{folder} exists already, such as from another reproduction that runs now or was interrupted. Nothing was "
            f"started. If none runs, remove it: git worktree remove --force {folder}; or rm -r {folder}"
        )
        raise OperationError(message)
    folder.parent.mkdir(parents=True, exist_ok=True)
    if spec.code is None:
        folder.mkdir()
    elif reproduction.has_commit:
        repository.add_worktree(folder, str(spec.provenance.commit))
    try:
        if spec.code is not None and reproduction.has_commit:
            _apply_changes(account, spec, folder)
        elif spec.code is not None:
            _unpack(account, spec, folder)
        yield folder
    finally:
        if spec.code is not None and reproduction.has_commit:
            repository.remove_worktree(folder)
        shutil.rmtree(folder, ignore_errors=True)


def is_same_code(request: RunRequest, spec: RunSpecification) -> bool:
    """True if the code of a request is, byte for byte, that of a run.

    Raises:
        OperationError: if it cannot be packed.
    """
    if spec.code is None:
        return True
    with TemporaryDirectory(prefix="mlinfra-run-") as folder:
        packed = pack(request.folder, Path(folder, "code.tar.gz"), dirty=request.dirty)
    return packed.archive.sha256 == spec.code.sha256


def _apply_changes(account: AwsAccount, spec: RunSpecification, folder: Path) -> None:
    key = spec.provenance.patch_key
    if key is None:
        return
    patch = read_object(account, spec.bucket, key)
    if patch is None:
        message = f"The uncommitted changes of the run {spec.run_id} no longer exist: s3://{spec.bucket}/{key}"
        raise OperationError(message)
    _git(folder, "apply", "--binary", "--whitespace=nowarn", "-", text=patch)


def _unpack(account: AwsAccount, spec: RunSpecification, folder: Path) -> None:
    assert spec.code is not None  # noqa: S101  checked by the caller
    content = read_object(account, spec.bucket, spec.code.key)
    if content is None:
        message = f"The code of the run {spec.run_id} no longer exists: s3://{spec.bucket}/{spec.code.key}"
        raise OperationError(message)
    folder.mkdir()
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        archive.extractall(folder, filter="data")
    # Code is packed from a repository.
    _git(folder, "init", "--quiet")
    _git(folder, "add", "--force", ".")
    _git(folder, *_IDENTITY, "commit", "--quiet", "--no-verify", "--message", f"Code of the run {spec.run_id}")


def _git(folder: Path, *arguments: str, text: bytes | None = None) -> None:
    ended = subprocess.run(  # noqa: S603
        ["git", *arguments],  # noqa: S607
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name not in SELECTING_VARIABLES},
        input=text,
        capture_output=True,
        check=False,
    )
    if ended.returncode:
        command = next(each for each in arguments if not each.startswith("-") and "=" not in each)
        message = f"`git {command}` failed in {folder}"
        raise OperationError(message, details=ended.stderr.decode(errors="replace"))
