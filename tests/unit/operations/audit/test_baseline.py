"""Baselines: only what is new is reported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.audit.baseline import FileBaseline, ObjectBaseline, compared, known_of
from mlinfra.operations.audit.item import Audit, FailedRead, Item
from mlinfra.operations.aws import account_of
from tests.unit.operations.audit.an_item import NOW, an_item
from tests.unit.operations.audit.story import the_environment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def an_audit(*items: Item, failed: tuple[FailedRead, ...] = ()) -> Audit:
    return Audit(items, failed, NOW, "123456789012", ("us-east-1",))


def new(audit: Audit, known: dict[str, str]) -> list[bool]:
    return [each.is_new for each in compared(audit, known).items]


def test_a_resource_is_new_once() -> None:
    audit = an_audit(an_item())
    assert new(audit, {}) == [True]
    assert new(audit, known_of(audit, {})) == [False]


def test_another_classification_or_a_further_condition_is_new_and_a_lost_one_is_not() -> None:
    known = known_of(an_audit(an_item(conditions=("idle",))), {})
    assert new(an_audit(an_item(conditions=("idle",))), known) == [False]
    assert new(an_audit(an_item()), known) == [False]
    assert new(an_audit(an_item(conditions=("expired", "idle"))), known) == [True]
    assert new(an_audit(an_item(classification="orphaned", conditions=("idle",))), known) == [True]


def test_resources_in_order_are_neither_new_nor_known() -> None:
    audit = an_audit(an_item(classification="managed"))
    assert new(audit, {}) == [False]
    assert known_of(audit, {}) == {}


def test_deleted_and_managed_resources_are_resolved() -> None:
    known = known_of(an_audit(an_item(), an_item(id="i-2")), {})
    audit = compared(an_audit(an_item(classification="managed")), known)
    assert audit.resolved == ("us-east-1/ec2/instance/i-0abc", "us-east-1/ec2/instance/i-2")
    assert known_of(audit, known) == {}


def test_what_could_not_be_read_is_not_resolved_and_stays_known() -> None:
    known = known_of(an_audit(an_item(), an_item(kind="volume", id="vol-1")), {})
    failed = (FailedRead("us-east-1", "ec2", "throttled", ("instance",)),)
    audit = compared(an_audit(failed=failed), known)
    assert audit.resolved == ("us-east-1/ec2/volume/vol-1",)
    assert known_of(audit, known).keys() == {"us-east-1/ec2/instance/i-0abc"}


def test_other_regions_stay_known() -> None:
    known = {"eu-west-1/ec2/instance/i-1": "unmanaged"}
    audit = compared(an_audit(), known)
    assert audit.resolved == ()
    assert known_of(audit, known) == known


def test_a_failed_region_is_not_resolved() -> None:
    known = known_of(an_audit(an_item()), {})
    assert compared(an_audit(failed=(FailedRead("us-east-1", "all services", "denied"),)), known).resolved == ()


def test_a_file_keeps_what_is_known(tmp_path: Path) -> None:
    baseline = FileBaseline(tmp_path / "folder" / "known.json")
    assert baseline.load() == {}
    baseline.store({"a": "unmanaged idle"})
    assert baseline.load() == {"a": "unmanaged idle"}


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 2, "known": {}}', '{"format": 1, "known": 3}'])
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "known.json").write_text(text)
    with pytest.raises(OperationError, match=r"is not a valid baseline \(.*Delete it: the next audit reports all"):
        FileBaseline(tmp_path / "known.json").load()


def test_an_object_keeps_what_is_known(client: Callable[..., Any]) -> None:
    environment = the_environment()
    client("s3").create_bucket(Bucket=environment.names.state_bucket)
    baseline = ObjectBaseline(account_of(environment), environment)
    assert baseline.load() == {}
    baseline.store({"a": "unmanaged"})
    assert baseline.load() == {"a": "unmanaged"}
    client("s3").put_object(Bucket=environment.names.state_bucket, Key=environment.names.audit_baseline_key, Body=b"x")
    with pytest.raises(OperationError, match=r"s3://recsys-dev-tfstate-.*/_audit/baseline.json.gz is not a valid"):
        baseline.load()


def test_a_missing_state_bucket_is_an_error(client: Callable[..., Any]) -> None:
    del client
    environment = the_environment()
    with pytest.raises(OperationError, match="NoSuchBucket"):
        ObjectBaseline(account_of(environment), environment).load()
