"""The state of one component in AWS: its object in the bucket, its locks, and its checksum.

The layout is that of Terraform's S3 backend. A lock is a row of the lock table, an object
beside the state, or both (https://developer.hashicorp.com/terraform/language/backend/s3, 2026-11).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from mlinfra.errors import OperationError
from mlinfra.operations.terraform.state import parse_state

if TYPE_CHECKING:
    from mlinfra.declarations import Environment
    from mlinfra.operations.aws import AwsAccount

_ABSENT = frozenset({"404", "NoSuchKey", "NoSuchBucket", "NotFound", "ResourceNotFoundException"})


@dataclass(frozen=True)
class StateLock:
    """A lock of a state, in use or left by a killed process."""

    id: str
    who: str
    """User and machine, as USER@HOST."""
    operation: str
    created: datetime


@dataclass(frozen=True)
class StateVersion:
    """A version of a state. Terraform raises the serial with every change, and keeps the lineage."""

    lineage: str
    serial: int


class RemoteState:
    """The state of one component of one environment, in AWS."""

    def __init__(self, account: AwsAccount, environment: Environment, component: str) -> None:
        self._bucket = environment.names.state_bucket
        self.key = environment.names.state_key(component)
        self._table = environment.names.lock_table
        self._row = f"{self._bucket}/{self.key}"
        self._owner = account.account_id
        self._s3 = account.client("s3")
        self._dynamodb = account.client("dynamodb")

    @classmethod
    def components(cls, account: AwsAccount, environment: Environment) -> frozenset[str]:
        """The components of an environment that have a state in its bucket."""
        first, last = environment.names.state_key("*").split("*")
        pages = (
            account.client("s3")
            .get_paginator("list_objects_v2")
            .paginate(Bucket=environment.names.state_bucket, Prefix=first, ExpectedBucketOwner=account.account_id)
        )
        keys = [each["Key"] for page in pages for each in page.get("Contents", ())]
        names = [key.removeprefix(first).removesuffix(last) for key in keys if key.endswith(last)]
        return frozenset(each for each in names if "/" not in each)

    def addresses(self) -> tuple[str, ...]:
        """The addresses of the resources in this state. Empty: there are none, or no state."""
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=self.key, ExpectedBucketOwner=self._owner)
        except ClientError as error:
            _raise_unless_absent(error)
            return ()
        return tuple(parse_state(answer["Body"].read().decode()).resources)

    def exists(self) -> bool:
        """True if the bucket contains this state.

        Raises:
            OperationError: if the bucket belongs to another account.
        """
        if not self.bucket_exists():
            return False
        try:
            self._s3.head_object(Bucket=self._bucket, Key=self.key)
        except ClientError as error:
            _raise_unless_absent(error)
            return False
        return True

    def size_bytes(self) -> int:
        """The size of this state, which must exist."""
        return int(self._s3.head_object(Bucket=self._bucket, Key=self.key)["ContentLength"])

    def version(self) -> StateVersion | None:
        """The lineage and serial of this state; None if it does not exist."""
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=self.key, ExpectedBucketOwner=self._owner)
        except ClientError as error:
            _raise_unless_absent(error)
            return None
        document = json.loads(answer["Body"].read())
        return StateVersion(str(document["lineage"]), int(document["serial"]))

    def bucket_exists(self) -> bool:
        """True if the bucket exists.

        Raises:
            OperationError: if it belongs to another account.
        """
        try:
            self._s3.head_bucket(Bucket=self._bucket, ExpectedBucketOwner=self._owner)
        except ClientError as error:
            if error.response["Error"]["Code"] in {"403", "AccessDenied"}:
                message = (
                    f"The bucket {self._bucket!r} exists and belongs to another account, or the credentials do not "
                    f"permit access to it. Bucket names are unique in all of AWS: change the project or name of the "
                    f"environment, or ask the administrator of account {self._owner} for access."
                )
                raise OperationError(message) from None
            _raise_unless_absent(error)
            return False
        return True

    def locks(self) -> list[StateLock]:
        """The locks of this state; two with the same id if both kinds of lock are in use."""
        return [_lock(text) for text in (self._lock_row(), self._lock_object()) if text]

    def release(self, lock: StateLock) -> None:
        """Remove `lock` from the table and the bucket, unless another process has locked the state meanwhile."""
        if (row := self._lock_row()) and _lock(row).id == lock.id:
            self._dynamodb.delete_item(
                TableName=self._table,
                Key={"LockID": {"S": self._row}},
                ConditionExpression="Info = :info",
                ExpressionAttributeValues={":info": {"S": row}},
            )
        if (text := self._lock_object()) and _lock(text).id == lock.id:
            self._s3.delete_object(Bucket=self._bucket, Key=f"{self.key}.tflock")

    def checksum_differs(self) -> bool:
        """True if the checksum in the lock table is not that of the state, so that Terraform rejects the state."""
        recorded = self._get_row(f"{self._row}-md5").get("Digest", {}).get("S")
        return recorded is not None and self.exists() and recorded != self._checksum()

    def repair_checksum(self) -> None:
        """Set the checksum in the lock table to that of the state.

        Terraform writes the state first and its checksum afterwards. If it is killed between the two, every later run
        rejects the state.
        """
        if not self._get_row(f"{self._row}-md5") or not self.exists():
            return
        self._dynamodb.put_item(
            TableName=self._table, Item={"LockID": {"S": f"{self._row}-md5"}, "Digest": {"S": self._checksum()}}
        )

    def _checksum(self) -> str:
        body = self._s3.get_object(Bucket=self._bucket, Key=self.key)["Body"].read()
        return hashlib.md5(body, usedforsecurity=False).hexdigest()

    def _lock_row(self) -> str:
        return str(self._get_row(self._row).get("Info", {}).get("S", ""))

    def _lock_object(self) -> str:
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=f"{self.key}.tflock")
        except ClientError as error:
            _raise_unless_absent(error)
            return ""
        return str(answer["Body"].read().decode())

    def _get_row(self, name: str) -> dict[str, Any]:
        try:
            answer = self._dynamodb.get_item(TableName=self._table, Key={"LockID": {"S": name}}, ConsistentRead=True)
        except ClientError as error:
            _raise_unless_absent(error)
            return {}
        row: dict[str, Any] = answer.get("Item", {})
        return row


def _raise_unless_absent(error: ClientError) -> None:
    if error.response["Error"]["Code"] not in _ABSENT:
        raise error


def _lock(text: str) -> StateLock:
    info = json.loads(text)
    # Go writes nanoseconds with a variable number of digits; seconds are sufficient here.
    created = datetime.strptime(info["Created"][:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    return StateLock(id=info["ID"], who=info["Who"], operation=info["Operation"], created=created)
