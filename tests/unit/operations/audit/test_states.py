"""Resources in Terraform states."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from mlinfra.operations.audit.auditing import account_in_use
from mlinfra.operations.audit.scan import RegionalClients
from mlinfra.operations.audit.states import read_states, resources_of
from tests.unit.operations.audit.story import put_state

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra.local_aws.server import LocalAws

BOX = {"type": "aws_instance", "name": "box", "attributes": {"id": "i-1", "user_data": "hunter2"}}


@pytest.fixture
def regional(local_aws: LocalAws) -> RegionalClients:  # noqa: ARG001
    return RegionalClients(account_in_use(())[0])


def state(**resource: Any) -> bytes:
    values = {"mode": "managed", "type": "aws_instance", "name": "box", "instances": [{"attributes": {"id": "i-1"}}]}
    return json.dumps({"version": 4, "resources": [values | resource]}).encode()


def test_addresses_have_modules_and_indices() -> None:
    instances = [{"attributes": {"id": "i-1"}, "index_key": 0}, {"attributes": {"id": "i-2"}, "index_key": "a"}]
    found = list(resources_of(state(module="module.nodes", instances=instances), "bucket", "key"))
    assert [(each.address, each.id) for each in found] == [
        ("module.nodes.aws_instance.box[0]", "i-1"),
        ('module.nodes.aws_instance.box["a"]', "i-2"),
    ]


def test_data_sources_are_not_managed() -> None:
    assert list(resources_of(state(mode="data"), "bucket", "key")) == []


def test_the_region_is_that_of_the_arn() -> None:
    instances = [{"attributes": {"id": "a", "arn": "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/a"}}]
    (found,) = resources_of(state(instances=instances), "bucket", "key")
    assert found.region == "eu-west-1"


def test_all_states_of_a_bucket_are_read_without_their_secrets(
    client: Callable[..., Any], regional: RegionalClients
) -> None:
    put_state(client, "tfstate", "a/terraform.tfstate", [BOX])
    put_state(client, "tfstate", "b/terraform.tfstate", [BOX | {"attributes": {"id": "i-2"}}])
    client("s3").put_object(Bucket="tfstate", Key="a/terraform.tfstate.tflock", Body=b"{}")
    states = read_states(regional, {"tfstate": "us-east-1"})
    assert (states.count, states.failed) == (2, [])
    assert {key for _, key in states.by_id} == {"i-1", "i-2"}
    assert "hunter2" not in repr(states)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "The response could not be parsed (JSONDecodeError"),
        (b'{"version": 3}', "(ValueError: it is not a state of format version 4)"),
    ],
)
def test_an_object_that_is_not_a_state_is_a_failure_and_the_others_are_read(
    client: Callable[..., Any], regional: RegionalClients, body: bytes, reason: str
) -> None:
    put_state(client, "tfstate", "a.tfstate", [BOX])
    client("s3").put_object(Bucket="tfstate", Key="b.tfstate", Body=body)
    states = read_states(regional, {"tfstate": "us-east-1"})
    assert states.count == 1
    (failed,) = states.failed
    assert failed.reason.startswith("s3://tfstate/b.tfstate: ")
    assert reason in failed.reason


def test_refused_states_of_others_are_not_failures(client: Callable[..., Any], regional: RegionalClients) -> None:
    for bucket in ("own-tfstate", "other-tfstate"):
        put_state(client, bucket, "a.tfstate", [BOX])

    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "denied"}}, "GetObject")

    regional.get("s3", "us-east-1").meta.events.register("before-call.s3.GetObject", refuse)
    states = read_states(regional, {"own-tfstate": "us-east-1", "other-tfstate": "us-east-1"}, ["own-tfstate"])
    assert [each.reason for each in states.failed] == [
        "s3://own-tfstate/a.tfstate: GetObject failed: AccessDenied: denied"
    ]
    assert states.unreadable == ("s3://other-tfstate",)


def test_a_bucket_that_does_not_exist_is_a_failure(regional: RegionalClients) -> None:
    (failed,) = read_states(regional, {"tfstate": "us-east-1"}).failed
    assert failed.reason.startswith("s3://tfstate: ListObjectsV2 failed: NoSuchBucket")
