from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import boto3
import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.aws.account import account_of
from mlinfra.operations.drift.memory import FileMemory, ParameterMemory
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
def test_other_drift_has_another_fingerprint(changed: str) -> None:
    assert a_difference(**{changed: "other"}).fingerprint != a_difference().fingerprint


def test_a_file_remembers_and_keeps_what_it_knows_of_other_stacks(tmp_path: Path) -> None:
    path = tmp_path / "kept" / "memory.json"
    FileMemory(path).remember({"dev-data": KNOWN, "dev-training": KNOWN})
    FileMemory(path).remember({"dev-data": {}})
    assert FileMemory(path).known("dev-data") == {}
    assert FileMemory(path).known("dev-training") == KNOWN
    assert FileMemory(path).known("dev-studio") == {}


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 2, "stacks": {}}', '{"format": 1, "stacks": {"a": 1}}'])
def test_a_file_that_is_no_memory_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "memory.json"
    path.write_text(text)
    with pytest.raises(OperationError, match=r"memory\.json is no memory of drift \(.*\)\. Remove it"):
        FileMemory(path)


def a_parameter_memory() -> ParameterMemory:
    environment = an_environment(name="local", account_id="123456789012", emulated=True)
    return ParameterMemory(account_of(environment), environment)


def test_parameters_remember_by_component(client: Callable[..., Any]) -> None:
    assert a_parameter_memory().known("local-data") == {}
    a_parameter_memory().remember({"local-data": KNOWN})
    assert a_parameter_memory().known("local-data") == KNOWN
    (parameter,) = client("ssm").describe_parameters()["Parameters"]
    assert parameter["Name"] == "/mlinfra/recsys/local/drift/data"


def test_what_is_known_already_is_not_written_again(client: Callable[..., Any]) -> None:
    a_parameter_memory().remember({"local-data": KNOWN})
    a_parameter_memory().remember({"local-data": KNOWN})
    assert client("ssm").get_parameter(Name="/mlinfra/recsys/local/drift/data")["Parameter"]["Version"] == 1


def prints(count: int) -> dict[str, str]:
    made = (hashlib.sha256(str(number).encode()).hexdigest()[:16] for number in range(count))
    return {each: f"aws_s3_bucket.lake_{hashlib.sha256(each.encode()).hexdigest()} tags.Zone" for each in made}


def test_where_there_is_no_room_the_fingerprints_are_kept_and_the_rest_goes(client: Callable[..., Any]) -> None:
    del client
    a_parameter_memory().remember({"local-data": prints(400)})
    known = a_parameter_memory().known("local-data")
    assert known.keys() == prints(400).keys()
    assert set(known.values()) == {""}


def test_more_than_a_parameter_can_hold_is_refused(client: Callable[..., Any]) -> None:
    del client
    with pytest.raises(OperationError, match=r"local-data has 2000 differences, .* Use --memory FILE instead\."):
        a_parameter_memory().remember({"local-data": prints(2000)})


def test_a_parameter_of_something_else_is_refused(client: Callable[..., Any]) -> None:
    client("ssm").put_parameter(Name="/mlinfra/recsys/local/drift/data", Type="String", Value="5")
    with pytest.raises(OperationError, match=r"/mlinfra/recsys/local/drift/data is no memory of drift\. Delete it"):
        a_parameter_memory().known("local-data")
    assert boto3.client("ssm").get_parameter(Name="/mlinfra/recsys/local/drift/data")["Parameter"]["Value"] == "5"
