"""The state of one component in AWS: its object in the bucket, who holds it locked, and its checksum.

This is the layout that Terraform's S3 backend writes. A lock is a row of the lock table, an object
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

if TYPE_CHECKING:
    from mlinfra.declarations import Environment
    from mlinfra.operations.aws import AwsAccount

_ABSENT = frozenset({"404", "NoSuchKey", "NoSuchBucket", "NotFound", "ResourceNotFoundException"})


@dataclass(frozen=True)
class StateLock:
    """A lock that somebody holds, or left behind."""

    id: str
    who: str
    """User and machine, as USER@HOST."""
    operation: str
    created: datetime


class RemoteState:
    """The state of one component of one environment, as it lies in AWS."""

    def __init__(self, account: AwsAccount, environment: Environment, component: str) -> None:
        self._bucket = environment.names.state_bucket
        self.key = environment.names.state_key(component)
        self._table = environment.names.lock_table
        self._row = f"{self._bucket}/{self.key}"
        self._owner = account.account_id
        self._s3 = account.client("s3")
        self._dynamodb = account.client("dynamodb")

    def exists(self) -> bool:
        """Whether the bucket holds this state.

        Raises:
            OperationError: where the bucket is somebody else's.
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
        """The size of this state, which has to be there."""
        return int(self._s3.head_object(Bucket=self._bucket, Key=self.key)["ContentLength"])

    def bucket_exists(self) -> bool:
        """Whether the bucket is there.

        Raises:
            OperationError: where it is somebody else's.
        """
        try:
            self._s3.head_bucket(Bucket=self._bucket, ExpectedBucketOwner=self._owner)
        except ClientError as error:
            if error.response["Error"]["Code"] in {"403", "AccessDenied"}:
                message = (
                    f"The bucket {self._bucket!r} exists and belongs to another account, or you may not see it. "
                    f"Bucket names are unique in all of AWS: give the environment another project or name, or ask "
                    f"the administrator of {self._owner}."
                )
                raise OperationError(message) from None
            _raise_unless_absent(error)
            return False
        return True

    def locks(self) -> list[StateLock]:
        """The lock on this state; two with the same id where both kinds of lock are in use."""
        return [_lock(text) for text in (self._lock_row(), self._lock_object()) if text]

    def release(self, lock: StateLock) -> None:
        """Take `lock` away, in the table and in the bucket, unless somebody else has locked it by now."""
        if (row := self._lock_row()) and _lock(row).id == lock.id:
            self._dynamodb.delete_item(
                TableName=self._table,
                Key={"LockID": {"S": self._row}},
                ConditionExpression="Info = :info",
                ExpressionAttributeValues={":info": {"S": row}},
            )
        if (text := self._lock_object()) and _lock(text).id == lock.id:
            self._s3.delete_object(Bucket=self._bucket, Key=f"{self.key}.tflock")

    def mend_checksum(self) -> None:
        """Make the checksum in the lock table that of the state.

        Terraform writes the state first and its checksum after. Killed between the two, it refuses
        the state for ever.
        """
        if not self._get_row(f"{self._row}-md5") or not self.exists():
            return
        body = self._s3.get_object(Bucket=self._bucket, Key=self.key)["Body"].read()
        checksum = hashlib.md5(body, usedforsecurity=False).hexdigest()
        self._dynamodb.put_item(
            TableName=self._table, Item={"LockID": {"S": f"{self._row}-md5"}, "Digest": {"S": checksum}}
        )

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
    # Go writes nanoseconds, as many digits as it needs; seconds are enough here.
    created = datetime.strptime(info["Created"][:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    return StateLock(id=info["ID"], who=info["Who"], operation=info["Operation"], created=created)
