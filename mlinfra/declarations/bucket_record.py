"""The record of the bucket names of protected data lakes, committed with the code.

S3 cannot rename a bucket. A name is derived from an environment's project, name, account and region, so a change of
one of them selects other buckets, without the data. A synth compares the names with the record, which
`mlinfra buckets pin` writes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mlinfra.command import own_command
from mlinfra.declarations.types import LAKE_BUCKETS
from mlinfra.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

BUCKET_RECORD_FILE: Final = "environments/buckets.lock.json"
"""The path of the record in a project."""

_FORMAT = 1


@dataclass(frozen=True)
class BucketRecord:
    """The bucket names of each protected lake, by environment and use."""

    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> BucketRecord:
        """Read the record at `path`. A missing file is an empty record.

        Raises:
            DeclarationError: if the file is not a valid record.
        """
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError) as error:
            problem = (
                f"it cannot be read ({error}), as after a merge. Restore it: it lists the buckets that contain data."
            )
            raise DeclarationError(BUCKET_RECORD_FILE, [problem]) from None
        problems = list(_problems_of(document))
        if problems:
            raise DeclarationError(BUCKET_RECORD_FILE, problems)
        return cls({name: entry for name, entry in document.items() if name != "version"})

    def dump(self) -> str:
        """The record as text: the same names give the same bytes."""
        return json.dumps({"version": _FORMAT, **self.names}, indent=2, sort_keys=True) + "\n"

    def expect(self, environment: str, present: Mapping[str, str]) -> None:
        """Check that the bucket names of a protected lake are unchanged.

        Args:
            environment: the environment's name.
            present: the current names of its buckets, by use.

        Raises:
            DeclarationError: if a name differs from the recorded one or is not recorded, with the remedies.
        """
        subject = f"data lake of {environment!r}"
        recorded = self.names.get(environment, {})
        unknown = [use for use in present if use not in recorded]
        if unknown:
            problem = (
                f"it is protected, and the names of its buckets are not recorded ({', '.join(unknown)}), so a changed "
                f"name would not be detected. Run `{own_command()} buckets pin {environment}`, and commit "
                f"{BUCKET_RECORD_FILE}."
            )
            raise DeclarationError(subject, [problem])
        problems = [_renamed(use, recorded[use], name) for use, name in present.items() if recorded[use] != name]
        if problems:
            kept = {use: recorded[use] for use, name in present.items() if recorded[use] != name}
            raise DeclarationError(subject, [*problems[:-1], f"{problems[-1]} {_what_to_do(environment, kept)}"])

    def expect_declared(self, environments: Collection[str]) -> None:
        """Check that all environments of the record are still declared: a renamed one has other buckets.

        Args:
            environments: the names of the declared environments.

        Raises:
            DeclarationError: if one is no longer declared, with the remedies.
        """
        problems = [
            f"{name}: its data lake is protected, and the environment is no longer declared. Expected: "
            f"environments/{name}.py with this name; with another name, the environment would have other buckets and "
            f"another state. If the data was moved or is no longer needed, remove {name!r} from this file."
            for name in self.names
            if name not in environments
        ]
        if problems:
            raise DeclarationError(BUCKET_RECORD_FILE, problems)

    def with_names(self, environment: str, present: Mapping[str, str]) -> BucketRecord:
        """This record, extended by the names of an environment.

        Raises:
            DeclarationError: if another name is recorded for one of the buckets.
        """
        recorded = self.names.get(environment, {})
        self.__class__({environment: {**present, **recorded}}).expect(environment, present)
        return BucketRecord({**self.names, environment: {**present, **recorded}})


def _renamed(use: str, before: str, now: str) -> str:
    return f"{use}: its bucket is {before!r}, and would be {now!r}. S3 cannot rename a bucket."


def _what_to_do(environment: str, kept: Mapping[str, str]) -> str:
    return (
        f"To keep the data in its buckets: set bucket_names={dict(kept)!r} in the environment {environment!r}. To move "
        f"it: copy the objects to buckets with the new names with `aws s3 sync` or S3 Batch Replication, remove the "
        f"old buckets from Terraform's state, remove {environment!r} from {BUCKET_RECORD_FILE}, and run "
        f"`{own_command()} buckets pin {environment}`. See docs/data-lake.md."
    )


def _problems_of(document: object) -> Iterator[str]:
    if not isinstance(document, dict) or document.get("version") != _FORMAT:
        yield f"its version is not {_FORMAT}. Expected: a file written by `{own_command()} buckets pin`."
        return
    for name, entry in document.items():
        if name == "version":
            continue
        if not isinstance(entry, dict) or not all(isinstance(each, str) for each in entry.values()):
            yield f"{name}: {entry!r} is not an object of names. Expected: names of buckets by use."
            continue
        for use in entry:
            if use not in LAKE_BUCKETS:
                yield f"{name}.{use}: unknown bucket. Expected: one of {', '.join(LAKE_BUCKETS)}."
