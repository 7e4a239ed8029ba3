"""The record of the bucket names of protected data lakes, committed with the code.

S3 cannot rename a bucket. A name follows from an environment's project, name, account and region, so a change of one
of them asks for other buckets and leaves the data behind. The record is what a synth compares names with.
`mlinfra buckets pin` writes it.
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
"""Where the record lies in a project."""

_FORMAT = 1


@dataclass(frozen=True)
class BucketRecord:
    """The names that the buckets of each protected lake have, by environment and use."""

    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> BucketRecord:
        """Read the record at `path`; an empty one where there is no file.

        Raises:
            DeclarationError: where it is not such a file.
        """
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError) as error:
            problem = f"it cannot be read ({error}), as after a merge. Restore it: the names in it hold data."
            raise DeclarationError(BUCKET_RECORD_FILE, [problem]) from None
        problems = list(_problems_of(document))
        if problems:
            raise DeclarationError(BUCKET_RECORD_FILE, problems)
        return cls({name: entry for name, entry in document.items() if name != "version"})

    def dump(self) -> str:
        """The record as text: the same names give the same bytes."""
        return json.dumps({"version": _FORMAT, **self.names}, indent=2, sort_keys=True) + "\n"

    def expect(self, environment: str, present: Mapping[str, str]) -> None:
        """See that the buckets of a protected lake are called what they were.

        Args:
            environment: the environment's name.
            present: what its buckets are called now, by use.

        Raises:
            DeclarationError: where a name is not the recorded one, or none is recorded, with what to do.
        """
        subject = f"data lake of {environment!r}"
        recorded = self.names.get(environment, {})
        unknown = [use for use in present if use not in recorded]
        if unknown:
            problem = (
                f"it is protected, and the names of its buckets are not recorded ({', '.join(unknown)}), so a change "
                f"of them would go unseen. Run `{own_command()} buckets pin {environment}`, and commit "
                f"{BUCKET_RECORD_FILE}."
            )
            raise DeclarationError(subject, [problem])
        problems = [_renamed(use, recorded[use], name) for use, name in present.items() if recorded[use] != name]
        if problems:
            kept = {use: recorded[use] for use, name in present.items() if recorded[use] != name}
            raise DeclarationError(subject, [*problems[:-1], f"{problems[-1]} {_what_to_do(environment, kept)}"])

    def expect_declared(self, environments: Collection[str]) -> None:
        """See that every environment of the record is still there: a renamed one has other buckets, too.

        Args:
            environments: the names of those that are declared.

        Raises:
            DeclarationError: where one is no longer declared, with the action.
        """
        problems = [
            f"{name}: its data lake is protected, and no environment of this name is declared any more. Expected: "
            f"environments/{name}.py with the name that it had; under another name it would get other buckets and "
            f"another state. Once the data is elsewhere or not needed, take {name!r} out of this file."
            for name in self.names
            if name not in environments
        ]
        if problems:
            raise DeclarationError(BUCKET_RECORD_FILE, problems)

    def with_names(self, environment: str, present: Mapping[str, str]) -> BucketRecord:
        """This record with the names of one environment more.

        Raises:
            DeclarationError: where it has another name for a bucket already.
        """
        recorded = self.names.get(environment, {})
        self.__class__({environment: {**present, **recorded}}).expect(environment, present)
        return BucketRecord({**self.names, environment: {**present, **recorded}})


def _renamed(use: str, before: str, now: str) -> str:
    return f"{use}: its bucket is {before!r}, and would be {now!r}. S3 cannot rename a bucket."


def _what_to_do(environment: str, kept: Mapping[str, str]) -> str:
    return (
        f"Keep the data where it is: bucket_names={dict(kept)!r} in the environment {environment!r}. Or move it: copy "
        f"the objects to buckets of the new names with `aws s3 sync` or S3 Batch Replication, have Terraform let go of "
        f"the old ones, take {environment!r} out of {BUCKET_RECORD_FILE}, and run `{own_command()} buckets pin "
        f"{environment}`. See docs/data-lake.md."
    )


def _problems_of(document: object) -> Iterator[str]:
    if not isinstance(document, dict) or document.get("version") != _FORMAT:
        yield f"it has no version {_FORMAT}. Expected: a file that `{own_command()} buckets pin` wrote."
        return
    for name, entry in document.items():
        if name == "version":
            continue
        if not isinstance(entry, dict) or not all(isinstance(each, str) for each in entry.values()):
            yield f"{name}: {entry!r} is not an object of names. Expected: names of buckets by use."
            continue
        for use in entry:
            if use not in LAKE_BUCKETS:
                yield f"{name}.{use}: there is no such bucket. Expected: {', '.join(LAKE_BUCKETS)}."
