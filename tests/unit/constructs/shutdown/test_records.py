"""The table of records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlinfra.constructs.shutdown.records import ClusterRecords
from mlinfra.functions.contract import JobKey
from tests.conftest import an_environment

if TYPE_CHECKING:
    from mlinfra.testing import Synth

KEY = "arn:aws:kms:us-east-1:111111111111:key/1"


def table(synth: Synth) -> dict[str, Any]:
    config = synth.constructs(lambda stack: ClusterRecords(stack, "records", key_arn=KEY), inputs={})
    return config.one("aws_dynamodb_table")


def test_it_is_the_table_that_the_environment_names(synth: Synth) -> None:
    assert table(synth)["name"] == an_environment().names.records_table


def test_its_key_is_the_one_that_jobs_write(synth: Synth) -> None:
    made = table(synth)
    written = JobKey("recsys-dev-two-tower-v2", "1").item
    assert [made["hash_key"], made["range_key"]] == list(written)
    assert made["attribute"] == [{"name": name, "type": "S"} for name in written]


def test_items_with_an_expiry_are_deleted_by_dynamodb(synth: Synth) -> None:
    assert table(synth)["ttl"] == {"attribute_name": "expire_at", "enabled": True}


def test_it_is_encrypted_restorable_and_paid_by_use(synth: Synth) -> None:
    made = table(synth)
    assert made["server_side_encryption"] == {"enabled": True, "kms_key_arn": KEY}
    assert made["point_in_time_recovery"] == {"enabled": True}
    assert made["billing_mode"] == "PAY_PER_REQUEST"
