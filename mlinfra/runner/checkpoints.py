"""Checkpoints of a run: copies in S3 while the command runs, and their restoration for a retry.

A copy consists of objects `checkpoints/<copy>/<path>` and a list of files `checkpoints/<copy>.json`, which is written
last: a copy without a list is incomplete, and is never restored. Unchanged files remain in the copy in which they were
uploaded. What belongs together is copied together: an entry of the folder, such as `step-100/`, is copied once none of
its files has changed between two scans, and until then its last version is kept.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from mlinfra.runner.files import Tree, read_tree
from mlinfra.runner.uploads import upload_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

log = logging.getLogger("mlinfra.runner")

FOLDER: Final = "checkpoints"
_LIST: Final = re.compile(r"\d{4}-\d{6}\.json")
_KEPT_COPIES: Final = 2
SCAN_SECONDS: Final = 60.0
"""The time between two scans of the folder, in seconds."""


@dataclass(frozen=True)
class SavedFile:
    """A file of a copy."""

    path: str
    size: int
    modified_ns: int
    key: str
    """The key of its object."""


@dataclass(frozen=True)
class Copy:
    """A complete copy: files by their path, and links with their target."""

    files: Mapping[str, SavedFile]
    links: Mapping[str, str]

    def to_json(self) -> str:
        """The list of files."""
        files = [asdict(each) for _, each in sorted(self.files.items())]
        return json.dumps({"files": files, "links": dict(sorted(self.links.items()))}, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Copy:
        """The copy of a list of files.

        Raises:
            ValueError: if it is not one.
        """
        values = json.loads(text)
        try:
            files = [SavedFile(**each) for each in values["files"]]
            return cls({each.path: each for each in files}, dict(values["links"]))
        except (KeyError, TypeError) as error:
            message = f"it is not the list of a checkpoint: {error}"
            raise ValueError(message) from None


def latest_copy(s3: Any, *, bucket: str, prefix: str) -> str | None:  # noqa: ANN401  boto3 has no types
    """The key of the last complete copy of a run. None: there is none.

    Args:
        s3: boto3's client.
        bucket: the bucket.
        prefix: the prefix of the run.
    """
    start = f"{prefix}{FOLDER}/"
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=start, Delimiter="/")
    keys = [str(each["Key"]) for page in pages for each in page.get("Contents", ())]
    return max((key for key in keys if _LIST.fullmatch(key[len(start) :])), default=None)


class CheckpointCopies:
    """Copies a folder while the command runs, in a thread of its own."""

    def __init__(
        self,
        s3: Any,  # noqa: ANN401  boto3 has no types
        folder: Path,
        *,
        bucket: str,
        prefix: str,
        attempt: int,
        seconds: float = SCAN_SECONDS,
        restored: Copy | None = None,
    ) -> None:
        """Start the thread.

        Args:
            s3: boto3's client.
            folder: the folder, which need not exist.
            bucket: the bucket.
            prefix: the prefix of the run.
            attempt: the number of the attempt.
            seconds: the time between two scans, in seconds. Default: 60.
            restored: the copy from which the folder was restored. Default: none.
        """
        self._s3, self._folder = s3, folder
        self._bucket, self._prefix = bucket, prefix
        self._attempt, self._number = attempt, 0
        self._seconds = seconds
        self._copy = restored or Copy({}, {})
        self._lists: list[tuple[str, Copy]] = []
        self._scanned: Tree | None = None
        self._warned: set[str] = set()
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="mlinfra.runner.checkpoints", daemon=True)
        self._thread.start()

    @property
    def number(self) -> int:
        """The number of complete copies of this attempt."""
        return self._number

    def finish(self) -> int:
        """Copy what has changed, once nothing writes to the folder any more.

        Returns:
            The number of complete copies of this attempt.
        """
        self._ending.set()
        self._thread.join()
        with self._lock:
            self._save(is_final=True)
        return self._number

    def _run(self) -> None:
        while not self._ending.wait(self._seconds):
            with self._lock:
                self._save(is_final=False)

    def _save(self, *, is_final: bool) -> None:
        try:
            self._copy_changes(is_final=is_final)
        except Exception as error:  # noqa: BLE001  a later scan tries again, and training must not end
            log.warning("checkpoints were not copied: %s", error)

    def _copy_changes(self, *, is_final: bool) -> None:
        tree = read_tree(self._folder)
        before, self._scanned = self._scanned, tree
        now, earlier = _entries(tree), _entries(before) if before else {}
        settled = {name for name, entry in now.items() if is_final or earlier.get(name) == entry}
        files: dict[str, SavedFile] = {}
        links: dict[str, str] = {}
        name = f"{self._attempt:04d}-{self._number + 1:06d}"
        for entry in now:
            found = self._copy_entry(entry, tree, name) if entry in settled else None
            if found is None or _entries(read_tree(self._folder)).get(entry) != now[entry]:
                found = {path: each for path, each in self._copy.files.items() if _entry(path) == entry}
                links.update({path: each for path, each in self._copy.links.items() if _entry(path) == entry})
            else:
                links.update({path: each for path, each in tree.links if _entry(path) == entry})
            files.update(found)
        copy = Copy(files, links)
        if copy == self._copy or not (copy.files or self._copy.files):
            return
        key = f"{self._prefix}{FOLDER}/{name}.json"
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=copy.to_json().encode())
        self._number += 1
        self._copy = copy
        self._lists.append((key, copy))
        self._forget()

    def _copy_entry(self, entry: str, tree: Tree, name: str) -> dict[str, SavedFile] | None:
        """The files of an entry after the upload of those that have changed. None: one could not be uploaded."""
        found: dict[str, SavedFile] = {}
        for each in tree.files:
            if _entry(each.path) != entry:
                continue
            saved = self._copy.files.get(each.path)
            if saved is None or (saved.size, saved.modified_ns) != (each.size, each.modified_ns):
                key = f"{self._prefix}{FOLDER}/{name}/{each.path}"
                problem, _ = upload_file(self._s3, self._folder, each.path, bucket=self._bucket, key=key)
                if problem:
                    if each.path not in self._warned:
                        log.warning("the checkpoint %s was not copied: %s", each.path, problem)
                    self._warned.add(each.path)
                    return None
                saved = SavedFile(each.path, each.size, each.modified_ns, key)
            found[each.path] = saved
        return found

    def _forget(self) -> None:
        """Delete the objects that only earlier copies of this attempt need."""
        while len(self._lists) > _KEPT_COPIES:
            key, copy = self._lists.pop(0)
            needed = {each.key for _, kept in self._lists for each in kept.files.values()}
            unused = {each.key for each in copy.files.values()} - needed
            with suppress(Exception):
                for each in (key, *sorted(unused)):
                    self._s3.delete_object(Bucket=self._bucket, Key=each)


def restore(
    s3: Any,  # noqa: ANN401  boto3 has no types
    key: str,
    folder: Path,
    *,
    bucket: str,
    owner: tuple[int, int] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Copy:
    """Give `folder` the content of a copy. Files that have it already are not downloaded again.

    Args:
        s3: boto3's client.
        key: the key of the list of files.
        folder: the folder, which need not exist.
        bucket: the bucket.
        owner: the user and group id of its files. Default: those of this process.
        say: receives the progress for people. Default: the progress is discarded.

    Raises:
        ValueError: if the list or an object is not valid.
        Exception: whatever boto3 raises if an object cannot be read.
    """
    copy = Copy.from_json(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    folder.mkdir(parents=True, exist_ok=True)
    _chown(folder, owner)
    present = read_tree(folder).by_path()
    for path in set(present) - set(copy.files):
        (folder / path).unlink()
    for number, (path, saved) in enumerate(sorted(copy.files.items()), start=1):
        found = present.get(path)
        if found is not None and (found.size, found.modified_ns) == (saved.size, saved.modified_ns):
            continue
        say(f"restoring file {number} of {len(copy.files)} of the checkpoint")
        target = _prepare(folder, path, owner)
        partial = target.with_name(f"{target.name}.mlinfra-partial")
        s3.download_file(bucket, saved.key, str(partial))
        if partial.stat().st_size != saved.size:
            message = f"{path} of the checkpoint has {partial.stat().st_size} bytes, and {saved.size} are expected"
            raise ValueError(message)
        os.utime(partial, ns=(saved.modified_ns, saved.modified_ns))
        _chown(partial, owner)
        partial.replace(target)
    for path, link in copy.links.items():
        _prepare(folder, path, owner).symlink_to(link)
    return copy


def _prepare(folder: Path, path: str, owner: tuple[int, int] | None) -> Path:
    """The path of a file of `folder`, whose folders exist, and where nothing else is.

    Raises:
        ValueError: if it is not within `folder`.
    """
    parts = path.split("/")
    if path.startswith("/") or ".." in parts:
        message = f"{path!r} is not a path in the folder of the checkpoint"
        raise ValueError(message)
    parent = folder
    for part in parts[:-1]:
        parent = parent / part
        if parent.is_symlink() or (parent.exists() and not parent.is_dir()):
            parent.unlink()
        parent.mkdir(exist_ok=True)
        _chown(parent, owner)
    target = parent / parts[-1]
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    elif target.is_symlink():
        target.unlink()
    return target


def _chown(path: Path, owner: tuple[int, int] | None) -> None:
    if owner is not None and os.geteuid() == 0:
        os.chown(path, *owner, follow_symlinks=False)


def _entry(path: str) -> str:
    """The entry of the folder to which a file belongs."""
    return path.split("/", 1)[0]


def _entries(tree: Tree) -> dict[str, frozenset[object]]:
    """The content of each entry of the folder."""
    found: dict[str, set[object]] = {}
    for each in tree.files:
        found.setdefault(_entry(each.path), set()).add(each)
    for link in tree.links:
        found.setdefault(_entry(link[0]), set()).add(link)
    return {name: frozenset(content) for name, content in sorted(found.items())}
