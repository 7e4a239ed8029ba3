"""Archives (tar.gz) with the same bytes for the same content, on every machine."""

from __future__ import annotations

import gzip
import hashlib
import io
import struct
import tarfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TIME: Final = 315_619_200
"""1980-01-02 in epoch seconds, the time of all members: zip files, such as wheels that a node builds from the code, can
contain no time before 1980."""
_STORED_BLOCK: Final = 65_535
"""The largest stored block of DEFLATE, in bytes (RFC 1951, 3.2.4)."""
_GZIP_HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""DEFLATE, no flags, no time, an unknown operating system (RFC 1952, 2.3)."""


@dataclass(frozen=True)
class Archive:
    """An archive in a file."""

    path: Path
    sha256: str
    """The SHA-256 of the file, in hexadecimal."""
    bytes: int
    files: int


class ArchiveWriter:
    """Adds members to an archive: with a fixed time and owner, and of their modes only the executable bit."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        """Add to `tar`."""
        self._tar = tar
        self.files = 0

    def add_file(self, name: str, content: bytes | IO[bytes], *, size: int, executable: bool = False) -> None:
        """Add a file.

        Args:
            name: its path in the archive, with slashes.
            content: its content, or a stream with it.
            size: its size in bytes.
            executable: True if it can be executed. Default: False.
        """
        member = self._member(name)
        member.size = size
        member.mode = 0o755 if executable else 0o644
        self._tar.addfile(member, io.BytesIO(content) if isinstance(content, bytes) else content)
        self.files += 1

    def add_link(self, name: str, target: str) -> None:
        """Add a symbolic link."""
        member = self._member(name)
        member.type = tarfile.SYMTYPE
        member.mode = 0o777
        member.linkname = target
        self._tar.addfile(member)
        self.files += 1

    @staticmethod
    def _member(name: str) -> tarfile.TarInfo:
        member = tarfile.TarInfo(name)
        member.mtime = _TIME
        return member


class WrittenArchive:
    """The result of `writing_archive`, set at the end of its block."""

    archive: Archive
    writer: ArchiveWriter


@contextmanager
def writing_archive(path: Path, *, compressed: bool = True) -> Iterator[WrittenArchive]:
    """Write an archive to `path` until the end of the block. The order of members is that of the calls.

    Args:
        path: the new file.
        compressed: False: members are stored, so that the bytes do not depend on the version of zlib. Default: True.
    """
    made = WrittenArchive()
    with path.open("wb") as file:
        output = _Hashed(file)
        stream: IO[bytes] = (
            gzip.GzipFile(filename="", mode="wb", fileobj=output, mtime=0)  # type: ignore[assignment]
            if compressed
            else _Stored(output)
        )
        with stream, tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT, encoding="utf-8") as tar:
            made.writer = ArchiveWriter(tar)
            yield made
    made.archive = Archive(path, output.digest.hexdigest(), output.bytes, made.writer.files)


class _Hashed(io.RawIOBase):
    """Writes to a file, and counts and hashes what is written."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file = file
        self.digest = hashlib.sha256()
        self.bytes = 0

    def writable(self) -> bool:
        return True

    def write(self, data: bytes | memoryview) -> int:  # type: ignore[override]
        self._file.write(data)
        self.digest.update(data)
        self.bytes += len(data)
        return len(data)


class _Stored(io.RawIOBase):
    """A gzip stream without compression: stored blocks of fixed size.

    zlib's level 0 writes blocks whose sizes depend on its version.
    """

    def __init__(self, output: _Hashed) -> None:
        super().__init__()
        self._output = output
        self._pending = bytearray()
        self._crc = 0
        self._size = 0
        output.write(_GZIP_HEADER)

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._size

    def write(self, data: bytes | memoryview) -> int:  # type: ignore[override]
        self._crc = zlib.crc32(data, self._crc)
        self._size += len(data)
        self._pending += data
        while len(self._pending) > _STORED_BLOCK:
            self._block(is_last=False)
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._block(is_last=True)
            self._output.write(struct.pack("<LL", self._crc, self._size & 0xFFFF_FFFF))
        super().close()

    def _block(self, *, is_last: bool) -> None:
        block = bytes(self._pending[:_STORED_BLOCK])
        del self._pending[:_STORED_BLOCK]
        self._output.write(struct.pack("<BHH", is_last, len(block), len(block) ^ 0xFFFF) + block)
