"""Upload of the files of a folder to S3."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from mlinfra.runner.files import KEY_BYTES, open_regular, read_tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

log = logging.getLogger("mlinfra.runner")

_REPORTED: Final = 50
"""The number of skipped files that a result lists."""
_TRIES: Final = 3


@dataclass
class Uploaded:
    """The effect of an upload."""

    files: int = 0
    bytes: int = 0
    skipped: list[str] = field(default_factory=list)
    """The files that were not uploaded, each with the reason."""

    def to_json(self) -> dict[str, Any]:
        """The effect for `result.json`, with the first 50 of the skipped files."""
        return {
            "files": self.files,
            "bytes": self.bytes,
            "skipped": self.skipped[:_REPORTED],
            "skipped_files": len(self.skipped),
        }


def upload_folder(
    s3: Any,  # noqa: ANN401  boto3 has no types
    folder: Path,
    *,
    bucket: str,
    prefix: str,
    say: Callable[[str], None] = lambda _: None,
) -> Uploaded:
    """Upload the regular files of `folder`, in multiple parts where they are large.

    A file that cannot be uploaded does not keep the others from being uploaded. A link to a file of the folder is
    uploaded as a file; links to folders and links out of it are left out.

    Args:
        s3: boto3's client.
        folder: the folder, which need not exist.
        bucket: the bucket.
        prefix: the prefix of the keys, with a slash at its end.
        say: receives the progress for people. Default: the progress is discarded.
    """
    tree = read_tree(folder)
    result = Uploaded(skipped=list(tree.skipped))
    paths = {each.path: each.path for each in tree.files}
    for link, target in tree.links:
        resolved = ((folder / link).parent / target).resolve()
        if resolved.is_file():
            paths[link] = resolved.relative_to(folder.resolve()).as_posix()
        else:
            result.skipped.append(f"{link}: a link to a folder")
    for number, (path, source) in enumerate(sorted(paths.items()), start=1):
        say(f"uploading file {number} of {len(paths)}")
        problem, size = upload_file(s3, folder, source, bucket=bucket, key=f"{prefix}{path}")
        if problem:
            log.warning("%s was not uploaded: %s", path, problem)
            result.skipped.append(f"{path}: {problem}")
        else:
            result.files += 1
            result.bytes += size
    return result


def upload_file(
    s3: Any,  # noqa: ANN401  boto3 has no types
    folder: Path,
    path: str,
    *,
    bucket: str,
    key: str,
) -> tuple[str | None, int]:
    """Upload one regular file of `folder`.

    Returns:
        The problem, or None; and the number of its bytes.
    """
    if len(key.encode()) > KEY_BYTES:
        return f"its key has more than {KEY_BYTES} bytes", 0
    problem = "unknown"
    for _ in range(_TRIES):
        try:
            with open_regular(folder, path) as file:
                size = os.fstat(file.fileno()).st_size
                s3.upload_fileobj(file, bucket, key)
                return None, size
        except OSError as error:
            return error.strerror or str(error), 0
        except Exception as error:  # noqa: BLE001  boto3 raises many kinds; each is a file that was not uploaded
            problem = str(error)
    return problem, 0
