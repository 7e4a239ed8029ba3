"""Replication of zones: destinations and permissions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mlinfra import DataLake, ObjectLock, Replication
from tests.unit.constructs.data_lake.test_lake import lake

if TYPE_CHECKING:
    from mlinfra.constructs.data_lake.replication import DataLakeReplication
    from mlinfra.testing import Synth, Template

ELSEWHERE: dict[str, Any] = {
    "bucket_arn": "arn:aws:s3:::copies",
    "key_arn": "arn:aws:kms:eu-west-1:222222222222:key/1",
    "region": "eu-west-1",
    "account_id": "222222222222",
}
HERE = ELSEWHERE | {"key_arn": "arn:aws:kms:eu-west-1:111111111111:key/1", "account_id": None}


def copied(synth: Synth, zone: str = "models", **options: Any) -> Template:
    replication = {key: value for key, value in options.items() if key != "object_locks"}
    others = {key: value for key, value in options.items() if key == "object_locks"}
    return lake(synth, replications={zone: Replication(**(ELSEWHERE | replication))}, **others)


def rule(config: Template) -> dict[str, Any]:
    (found,) = config.one("aws_s3_bucket_replication_configuration")["rule"]
    body: dict[str, Any] = found
    return body


def allowed(config: Template) -> dict[str, dict[str, Any]]:
    return config.statements("aws_iam_role_policy")


def test_encrypted_objects_are_encrypted_again_with_the_key_of_the_copies(synth: Synth) -> None:
    body = rule(copied(synth))
    assert body["source_selection_criteria"] == {"sse_kms_encrypted_objects": {"status": "Enabled"}}
    assert body["destination"]["encryption_configuration"] == {"replica_kms_key_id": ELSEWHERE["key_arn"]}
    assert body["delete_marker_replication"] == {"status": "Disabled"}
    assert body["destination"]["metrics"] == {"status": "Enabled"}


def test_another_account_owns_its_copies(synth: Synth) -> None:
    config = copied(synth)
    assert rule(config)["destination"]["access_control_translation"] == {"owner": "Destination"}
    assert rule(config)["destination"]["account"] == "222222222222"
    assert "s3:ObjectOwnerOverrideToBucketOwner" in allowed(config)["WriteCopies"]["Action"]


@pytest.mark.parametrize("account", [None, "111111111111"])
def test_in_the_same_account_the_owner_is_not_changed(synth: Synth, account: str | None) -> None:
    config = copied(synth, **(HERE | {"account_id": account}))
    assert not {"account", "access_control_translation"} & rule(config)["destination"].keys()
    assert "s3:ObjectOwnerOverrideToBucketOwner" not in allowed(config)["WriteCopies"]["Action"]


def test_keys_are_used_through_s3_alone_and_for_these_buckets(synth: Synth) -> None:
    statements = allowed(copied(synth))
    source = "arn:aws:s3:::recsys-dev-models-111111111111-us-east-1"
    assert statements["Decrypt"]["Condition"] == {
        "StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"},
        "StringLike": {"kms:EncryptionContext:aws:s3:arn": [source, f"{source}/*"]},
    }
    assert statements["Encrypt"]["Resource"] == ELSEWHERE["key_arn"]
    assert statements["Encrypt"]["Condition"]["StringEquals"] == {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}


def test_a_prefix_limits_what_is_read_and_copied(synth: Synth) -> None:
    config = copied(synth, prefix="ranker/")
    assert rule(config)["filter"] == {"prefix": "ranker/"}
    assert allowed(config)["ReadObjects"]["Resource"].endswith("-us-east-1/ranker/*")


def test_copies_of_locked_objects_are_locked(synth: Synth) -> None:
    locked = copied(synth, object_locks={"models": ObjectLock(days=1)})
    of_locks = {"s3:GetObjectLegalHold", "s3:GetObjectRetention"}
    assert of_locks <= set(allowed(locked)["ReadObjects"]["Action"])
    assert not of_locks & set(allowed(copied(synth))["ReadObjects"]["Action"])


def test_replication_time_control_can_be_enabled(synth: Synth) -> None:
    destination = rule(copied(synth, replication_time_control=True))["destination"]
    assert destination["replication_time"] == {"status": "Enabled", "time": {"minutes": 15}}
    assert destination["metrics"] == {"status": "Enabled", "event_threshold": {"minutes": 15}}


def replication_of(synth: Synth, **options: Any) -> DataLakeReplication:
    made: list[DataLakeReplication] = []
    copy = Replication(**(ELSEWHERE | options))
    synth.constructs(lambda stack: made.append(DataLake(stack, "lake", replications={"raw": copy}).replication("raw")))
    return made[0]


def test_the_statements_for_the_other_account_are_available(synth: Synth) -> None:
    replication = replication_of(synth)
    role = {"AWS": "arn:aws:iam::111111111111:role/recsys-dev-raw-replication"}
    writing, looking = replication.destination_bucket_statements
    (encrypting,) = replication.destination_key_statements
    assert [each["Principal"] for each in (writing, looking, encrypting)] == [role] * 3
    assert writing["Resource"] == "arn:aws:s3:::copies/*"
    assert encrypting["Action"] == ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]


@pytest.mark.parametrize("options", [HERE, ELSEWHERE])
def test_the_bucket_key_of_the_copies_can_be_opened(synth: Synth, options: dict[str, Any]) -> None:
    # S3 decrypts it before each use. The encryption context is then the bucket, and no object.
    encrypt = allowed(copied(synth, **options))["Encrypt"]
    assert "kms:Decrypt" in encrypt["Action"]
    assert ELSEWHERE["bucket_arn"] in encrypt["Condition"]["StringLike"]["kms:EncryptionContext:aws:s3:arn"]


def test_a_zone_that_is_not_copied_has_no_replication(synth: Synth) -> None:
    with pytest.raises(
        ValueError, match=r"the zone 'raw' is not replicated. Replicated zones: none. Add it to replications="
    ):
        synth.constructs(lambda stack: DataLake(stack, "lake").replication("raw"))


def test_a_zone_is_not_copied_onto_itself(synth: Synth) -> None:
    with pytest.raises(ValueError, match=r"replications\['models'\] copies the zone onto itself"):
        copied(synth, bucket_arn="arn:aws:s3:::recsys-dev-models-111111111111-us-east-1")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bucket_arn": "copies"}, r"bucket_arn='copies' is not a bucket ARN. Expected: an ARN like arn:aws:s3:::"),
        ({"region": "moon-1"}, r"region='moon-1' is not an AWS region"),
        ({"account_id": "22"}, r"account_id='22' is not an account id. Expected: exactly 12 digits"),
        ({"key_arn": "alias/x"}, r"key_arn='alias/x' is not a key ARN. Expected: arn:aws:kms:REGION:ACCOUNT:key/ID"),
        ({"region": "us-west-2"}, r"is not in the region of the bucket. Expected: a key in us-west-2"),
        ({"metrics": False, "replication_time_control": True}, r"metrics=False is not possible: S3 requires metrics"),
        ({"storage_class": "TAPE"}, r"storage_class='TAPE' is not a storage class of S3. Expected: STANDARD, "),
        ({"prefix": "/ranker"}, r"prefix='/ranker' is not valid"),
    ],
)
def test_settings_that_s3_rejects_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Replication(**(ELSEWHERE | change))
