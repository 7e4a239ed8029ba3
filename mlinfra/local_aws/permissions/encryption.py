"""Use of KMS keys by S3 and DynamoDB on behalf of the caller, who needs the permission for the key too.

Source: S3 user guide, "Using server-side encryption with AWS KMS keys" (GetObject needs kms:Decrypt, PutObject
kms:GenerateDataKey, an upload in parts both); DynamoDB developer guide, "How DynamoDB uses AWS KMS" (the table key is
decrypted for the caller); KMS developer guide, "kms:ViaService"; read 2026-11-30. Key policies are not evaluated: those
of mlinfra delegate to the policies of the account.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from moto.dynamodb.models import dynamodb_backends
from moto.s3.models import s3_backends

from mlinfra.local_aws.permissions.policies import Request
from mlinfra.local_aws.permissions.resources import kms_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from moto.core.responses import BaseResponse

_OF_S3 = MappingProxyType(
    {"s3:GetObject": "kms:Decrypt", "s3:GetObjectVersion": "kms:Decrypt", "s3:PutObject": "kms:GenerateDataKey"}
)
_OF_DYNAMODB = frozenset(
    f"dynamodb:{name}"
    for name in (
        "BatchGetItem",
        "BatchWriteItem",
        "ConditionCheckItem",
        "DeleteItem",
        "GetItem",
        "PutItem",
        "Query",
        "Scan",
        "UpdateItem",
    )
)


def key_uses(response: BaseResponse, requests: Iterable[Request]) -> Iterator[Request]:
    """The use of the keys of the objects and tables of a request.

    Args:
        response: moto's response object, which has read the request.
        requests: the actions of the request.
    """
    for request in requests:
        if request.action in _OF_S3:
            is_in_parts = {"uploadId", "uploads"} & set(response.normalized_request.args)
            actions = ("kms:Decrypt", "kms:GenerateDataKey") if is_in_parts else (_OF_S3[request.action],)
            reads = request.action != "s3:PutObject"
            identifier = _of_object(response, request.resource.rpartition(":")[2], reads=reads)
            yield from _uses(response, identifier, "s3", actions)
        elif request.action in _OF_DYNAMODB:
            tables = dynamodb_backends[response.current_account][response.region].tables
            table = tables.get(request.resource.rpartition("table/")[2].partition("/")[0])
            specification = (table.sse_specification if table else None) or {}
            yield from _uses(response, specification.get("KMSMasterKeyId"), "dynamodb", ("kms:Decrypt",))


def _uses(response: BaseResponse, identifier: str | None, service: str, actions: Iterable[str]) -> Iterator[Request]:
    key = kms_key(response, identifier) if identifier else None
    # Keys that AWS manages allow the account to use them through their service by their own policy.
    if key is None or any(each.startswith("alias/aws/") for each in key.aliases):
        return
    context = {
        "aws:RequestedRegion": [response.region],
        "kms:ResourceAliases": list(key.aliases),
        "kms:ViaService": [f"{service}.{response.region}.amazonaws.com"],
    }
    for action in actions:
        yield Request(action, str(key.arn), context)


def _of_object(response: BaseResponse, path: str, *, reads: bool) -> str | None:
    """The key of an object that is read, or the key with which its bucket encrypts a new one. None: there is none."""
    name, _, key = path.partition("/")
    bucket = s3_backends[response.current_account]["aws"].buckets.get(name)
    if bucket is None:
        return None
    stored = bucket.keys.get(key) if reads else None
    if reads and stored is None:
        return None
    given = stored.kms_key_id if stored else response.headers.get("x-amz-server-side-encryption-aws-kms-key-id")
    if given:
        return str(given)
    # moto does not note the key of the bucket with the objects that are written without one.
    rule = ((bucket.encryption or {}).get("Rule") or {}).get("ApplyServerSideEncryptionByDefault") or {}
    return str(rule["KMSMasterKeyID"]) if rule.get("KMSMasterKeyID") else None
