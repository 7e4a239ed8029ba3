from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import boto3
import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.aws.account import account_of
from mlinfra.operations.drift.baseline import FileBaseline, ParameterBaseline
from mlinfra.operations.drift.report import Difference
from tests.conftest import an_environment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

KNOWN = {"5d41402abc4b2a76": "aws_s3_bucket.lake tags.Zone"}


def a_difference(**changes: object) -> Difference:
    values = {
        "stack": "dev-data",
        "address": "aws_s3_bucket.lake",
        "kind": "changed",
        "attribute": "tags.Zone",
        "before": "raw",
        "after": "hot",
    } | changes
    return Difference(**values)  # type: ignore[arg-type]


def test_the_same_drift_has_the_same_fingerprint() -> None:
    assert a_difference().fingerprint == a_difference(new=False, reason="x").fingerprint


@pytest.mark.parametrize("changed", ["stack", "address", "attribute", "before", "after"])
def test_different_drift_has_a_different_fingerprint(changed: str) -> None:
    assert a_difference(**{changed: "other"}).fingerprint != a_difference().fingerprint


def test_a_file_stores_known_drift_and_keeps_that_of_other_stacks(tmp_path: Path) -> None:
    path = tmp_path / "kept" / "memory.json"
    FileBaseline(path).store({"dev-data": KNOWN, "dev-training": KNOWN})
    FileBaseline(path).store({"dev-data": {}})
    assert FileBaseline(path).known("dev-data") == {}
    assert FileBaseline(path).known("dev-training") == KNOWN
    assert FileBaseline(path).known("dev-studio") == {}


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 2, "stacks": {}}', '{"format": 1, "stacks": {"a": 1}}'])
def test_a_file_that_is_not_a_baseline_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "memory.json"
    path.write_text(text)
    with pytest.raises(OperationError, match=r"memory\.json is not a valid baseline \(.*\)\. Delete the file"):
        FileBaseline(path)


def a_parameter_baseline() -> ParameterBaseline:
    environment = an_environment(name="local", account_id="123456789012", emulated=True)
    return ParameterBaseline(account_of(environment), environment)


def test_parameters_store_known_drift_by_component(client: Callable[..., Any]) -> None:
    assert a_parameter_baseline().known("local-data") == {}
    a_parameter_baseline().store({"local-data": KNOWN})
    assert a_parameter_baseline().known("local-data") == KNOWN
    (parameter,) = client("ssm").describe_parameters()["Parameters"]
    assert parameter["Name"] == "/mlinfra/recsys/local/drift/data"


def test_an_unchanged_baseline_is_not_written_again(client: Callable[..., Any]) -> None:
    a_parameter_baseline().store({"local-data": KNOWN})
    a_parameter_baseline().store({"local-data": KNOWN})
    assert client("ssm").get_parameter(Name="/mlinfra/recsys/local/drift/data")["Parameter"]["Version"] == 1


def prints(count: int) -> dict[str, str]:
    made = (hashlib.sha256(str(number).encode()).hexdigest()[:16] for number in range(count))
    return {each: f"aws_s3_bucket.lake_{hashlib.sha256(each.encode()).hexdigest()} tags.Zone" for each in made}


def test_labels_are_dropped_if_a_parameter_has_no_room_for_them(client: Callable[..., Any]) -> None:
    del client
    a_parameter_baseline().store({"local-data": prints(400)})
    known = a_parameter_baseline().known("local-data")
    assert known.keys() == prints(400).keys()
    assert set(known.values()) == {""}


def test_drift_that_does_not_fit_into_a_parameter_is_refused(client: Callable[..., Any]) -> None:
    del client
    with pytest.raises(OperationError, match=r"local-data has 2000 differences, .* Use --memory FILE instead\."):
        a_parameter_baseline().store({"local-data": prints(2000)})


def test_a_parameter_with_another_content_is_refused(client: Callable[..., Any]) -> None:
    client("ssm").put_parameter(Name="/mlinfra/recsys/local/drift/data", Type="String", Value="5")
    with pytest.raises(OperationError, match=r"/mlinfra/recsys/local/drift/data is not a valid baseline\. Delete it"):
        a_parameter_baseline().known("local-data")
    assert boto3.client("ssm").get_parameter(Name="/mlinfra/recsys/local/drift/data")["Parameter"]["Value"] == "5"
