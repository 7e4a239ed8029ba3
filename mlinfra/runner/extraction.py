"""Archive of code on a node: download, verification and extraction."""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import tempfile
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra.runner.programs import Login
    from mlinfra.runner.specification import Code

_CHUNK: Final = 1 << 20


class ArchiveError(Exception):
    """The archive is not the submitted one, or must not be extracted. The message is a sentence."""


def fetch_archive(code: Code, folder: Path, download: Callable[[str, Path], None]) -> Path:
    """The verified archive in `folder`, which runs share. It is downloaded unless it is there.

    Concurrent calls download it twice and keep one: the file appears under its name once it is complete.

    Args:
        code: the archive.
        folder: the folder of archives.
        download: writes the object of a key to a file.

    Raises:
        ArchiveError: if the digest of the object is another.
    """
    path = folder / f"{code.sha256}.tar.gz"
    if path.is_file() and sha256_of(path) == code.sha256:
        return path
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{code.sha256[:16]}-", dir=str(folder))
    os.close(descriptor)
    part = Path(name)
    try:
        download(code.key, part)
        found = sha256_of(part)
        if found != code.sha256:
            message = f"The archive {code.key} has the digest {found}, and {code.sha256} was submitted."
            raise ArchiveError(message)
        part.chmod(0o644)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for chunk in iter(lambda: file.read(_CHUNK), b""):
            digest.update(chunk)
    return digest.hexdigest()


def extract(archive: Path, destination: Path, *, owner: Login | None = None) -> None:
    """Extract `archive` to the folder `destination`, which appears once it is complete.

    Only files, folders and symbolic links inside the folder are accepted. Does nothing if the folder exists: a retry of
    the run goes on with it.

    Args:
        archive: a tar.gz.
        destination: the folder.
        owner: the owner of everything extracted. Default: the user of this process.

    Raises:
        ArchiveError: if a member leads out of the folder, or is of another kind.
    """
    if destination.is_dir():
        return
    destination.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=f".{destination.name}-", dir=str(destination.parent)))
    try:
        new.chmod(0o755)
        with tarfile.open(archive, "r:gz") as members:
            _extract_members(members, new)
        if owner:
            _give(new, owner)
        new.rename(destination)
    except (tarfile.TarError, EOFError) as error:
        message = f"The archive {archive.name} cannot be read: {error}."
        raise ArchiveError(message) from None
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _extract_members(members: tarfile.TarFile, folder: Path) -> None:
    links: set[PurePosixPath] = set()
    for member in members:
        name = PurePosixPath(member.name)
        if name.is_absolute() or ".." in name.parts or not links.isdisjoint([name, *name.parents]):
            message = f"The archive contains {member.name!r}, which is outside its folder."
            raise ArchiveError(message)
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if member.isdir():
            path.mkdir(exist_ok=True)
        elif member.issym():
            path.symlink_to(member.linkname)
            links.add(name)
        elif member.isfile():
            _write(members, member, path)
        else:
            message = f"The archive contains {member.name!r}, which is not a file, folder or symbolic link."
            raise ArchiveError(message)
    for link in links:
        _check_link(folder, link)


def _check_link(folder: Path, name: PurePosixPath) -> None:
    """Refuse a link that leads out of the folder, also by way of other links."""
    path, inside = folder / name, os.path.realpath(folder)
    target = os.path.realpath(path)
    if path.readlink().is_absolute() or os.path.commonpath([inside, target]) != inside:
        message = (
            f"The archive contains the link {str(name)!r} to {str(path.readlink())!r}, which is outside its folder."
        )
        raise ArchiveError(message)


def _write(members: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    source = cast("IO[bytes]", members.extractfile(member))  # it is a file
    # O_EXCL also refuses a link that another member left there.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o755 if member.mode & 0o111 else 0o644)
    with os.fdopen(descriptor, "wb") as file:
        shutil.copyfileobj(source, file, _CHUNK)
    os.utime(path, (member.mtime, member.mtime))


def _give(folder: Path, owner: Login) -> None:
    for path, folders, files in os.walk(folder):
        for name in (".", *folders, *files):
            os.chown(os.path.join(path, name), owner.uid, owner.gid, follow_symlinks=False)  # noqa: PTH118
