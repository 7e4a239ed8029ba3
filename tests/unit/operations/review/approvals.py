"""Approvals of a plan that destroys a bucket, as files of a repository."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Any, Final

import yaml

from tests.unit.operations.review.plans import TODAY, change, reviewed

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.operations.review import Report

BUCKET: Final = change("aws_s3_bucket.x", {"bucket": "b"}, None)


def entry(folder: Path, **changes: Any) -> dict[str, Any]:
    """A valid approval of the destroyed bucket, with `changes`; None removes a field."""
    (held,) = (each for each in reviewed(folder, BUCKET).findings if each.id == "MLR101")
    fields = {
        "finding": held.id,
        "digest": held.digest,
        "stack": held.stack,
        "address": held.address,
        "reason": "It was copied.",
        "who": "ana@example.com",
        "until": TODAY,
        **changes,
    }
    return {name: value for name, value in fields.items() if value is not None}


def write(folder: Path, *entries: object, text: str | None = None) -> None:
    """Write the file of approvals."""
    (folder / "approvals").mkdir(exist_ok=True)
    content = yaml.safe_dump(list(entries), sort_keys=False) if text is None else text
    (folder / "approvals" / "data.yaml").write_text(content, encoding="utf-8")


def approved(folder: Path, *entries: object, text: str | None = None) -> Report:
    """The review of the plan with these approvals."""
    write(folder, *entries, text=text)
    return reviewed(folder, BUCKET)


def git(folder: Path, *arguments: str, who: str = "dev@example.com") -> str:
    """Run git as a person, without the machine's configuration."""
    variables = {
        **os.environ,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{role}_{part}": who for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")},
    }
    command = ["git", *arguments]
    return subprocess.run(command, cwd=folder, env=variables, check=True, capture_output=True, text=True).stdout.strip()


def commit(folder: Path, path: str, who: str, content: str | None = None) -> None:
    """Commit a file, with new content if it is given."""
    if content is not None:
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(content)
    git(folder, "add", path)
    git(folder, "commit", "--message", path, who=who)
