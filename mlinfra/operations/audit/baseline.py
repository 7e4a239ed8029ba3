"""The baseline of audits: resources that were reported before, in a file or in an object of the state bucket.

A baseline contains keys, classifications and conditions, and no other facts.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Protocol

from botocore.exceptions import ClientError

from mlinfra.declarations import write_whole
from mlinfra.errors import OperationError
from mlinfra.operations.aws import aws_errors_explained

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlinfra.declarations import Environment
    from mlinfra.operations.audit.item import Audit, Item
    from mlinfra.operations.aws import AwsAccount

Known = dict[str, str]
"""The classification and conditions of the known resources, by their keys."""

_FORMAT: Final = 1


class Baseline(Protocol):
    """The known resources."""

    def load(self) -> Known:
        """Return the known resources."""

    def store(self, known: Known) -> None:
        """Replace the known resources."""


class FileBaseline:
    """A baseline in a JSON file."""

    def __init__(self, path: Path) -> None:
        """Use the file at `path`. It may be missing."""
        self._path = path

    def load(self) -> Known:
        """Return the known resources.

        Raises:
            OperationError: if the file cannot be read, or is not a baseline.
        """
        try:
            return _parsed(self._path.read_bytes(), str(self._path))
        except FileNotFoundError:
            return {}
        except OSError as error:
            message = f"{self._path} cannot be read: {error}"
            raise OperationError(message) from error

    def store(self, known: Known) -> None:
        """Replace the file atomically.

        Raises:
            OperationError: if the file cannot be written.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._path, f"{_written(known, indent=2)}\n")
        except OSError as error:
            message = f"{self._path} cannot be written: {error}"
            raise OperationError(message) from error


class ObjectBaseline:
    """A baseline in an object of the state bucket of an environment."""

    def __init__(self, account: AwsAccount, environment: Environment) -> None:
        """Use the state bucket of `environment` in `account`."""
        self._s3 = account.session.client("s3", region_name=environment.region)
        self._place = {
            "Bucket": environment.names.state_bucket,
            "Key": environment.names.audit_baseline_key,
            "ExpectedBucketOwner": account.account_id,
        }

    def load(self) -> Known:
        """Return the known resources.

        Raises:
            OperationError: if AWS refuses the request, or the object is not a baseline.
        """
        name = f"s3://{self._place['Bucket']}/{self._place['Key']}"
        with aws_errors_explained():
            try:
                body = self._s3.get_object(**self._place)["Body"].read()
            except ClientError as error:
                if error.response["Error"]["Code"] == "NoSuchKey":
                    return {}
                raise
        try:
            text = gzip.decompress(body)
        except (OSError, EOFError) as error:
            raise _invalid(name, error) from error
        return _parsed(text, name)

    def store(self, known: Known) -> None:
        """Replace the object.

        Raises:
            OperationError: if AWS refuses the request.
        """
        with aws_errors_explained():
            self._s3.put_object(**self._place, Body=gzip.compress(_written(known).encode(), mtime=0))


def compared(audit: Audit, known: Known) -> Audit:
    """The audit with marks of new resources, and with the known ones that are resolved.

    A resource is new if its key is unknown, if its classification has changed, or if it has a further condition.
    Resources of a region or service that could not be read are not resolved.

    Args:
        audit: the audit.
        known: the resources that were reported before.
    """
    items = tuple(replace(each, is_new=_is_new(each, known)) for each in audit.items)
    present = {each.key for each in items if each.is_attention_needed}
    resolved = tuple(key for key in sorted(known) if key not in present and _was_read(key, audit))
    return replace(audit, items=items, resolved=resolved)


def known_of(audit: Audit, known: Known) -> Known:
    """The baseline after a report of the audit: its resources that need attention.

    Known resources in a region or service that could not be read stay known.

    Args:
        audit: the audit.
        known: the baseline before.
    """
    kept = {key: value for key, value in known.items() if not _was_read(key, audit)}
    return kept | {each.key: _facts(each) for each in audit.items if each.is_attention_needed}


def _facts(item: Item) -> str:
    return " ".join((item.classification, *item.conditions))


def _is_new(item: Item, known: Mapping[str, str]) -> bool:
    if not item.is_attention_needed:
        return False
    classification, *conditions = known.get(item.key, "").split(" ")
    return classification != item.classification or not set(item.conditions) <= set(conditions)


def _was_read(key: str, audit: Audit) -> bool:
    """True if the region and kind of a resource were read completely."""
    region, _, kind = key.split("/", 3)[:3]
    if region not in audit.regions:
        return False
    kinds = {kind, "instance"} if kind in {"instance-group", "auto-scaling-group"} else {kind}
    return not any(
        # S3 lists the buckets of all regions in one of them.
        (each.region == region or kind == "bucket") and (not each.kinds or kinds & set(each.kinds))
        for each in audit.failed_regions
    )


def _written(known: Known, indent: int | None = None) -> str:
    return json.dumps({"format": _FORMAT, "known": known}, indent=indent, sort_keys=True)


def _parsed(text: bytes, name: str) -> Known:
    try:
        document: Any = json.loads(text)
        if document["format"] != _FORMAT:
            message = f"format {document['format']!r}, expected: {_FORMAT}"
            raise ValueError(message)  # noqa: TRY301  reported as other faults of the file
        return {str(key): str(value) for key, value in document["known"].items()}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _invalid(name, error) from error


def _invalid(name: str, error: Exception) -> OperationError:
    return OperationError(
        f"{name} is not a valid baseline ({error}). Delete it: the next audit reports all resources as new."
    )
