"""Managed nodes of Systems Manager in the local AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.local_aws.gaps.ssm.test_sessions import an_instance

if TYPE_CHECKING:
    from collections.abc import Callable

    Client = Callable[..., Any]


def test_running_instances_are_online_and_stopped_ones_are_left_out(client: Client) -> None:
    running, stopped = an_instance(client), an_instance(client)
    client("ec2").stop_instances(InstanceIds=[stopped])
    filters = [{"Key": "InstanceIds", "Values": [running, stopped]}]
    (found,) = client("ssm").describe_instance_information(Filters=filters)["InstanceInformationList"]
    assert (found["InstanceId"], found["PingStatus"], found["PlatformType"]) == (running, "Online", "Linux")


def test_a_page_has_ten_nodes_by_default(client: Client) -> None:
    ids = {an_instance(client) for _ in range(11)}
    filters = [{"Key": "InstanceIds", "Values": sorted(ids)}]
    ssm = client("ssm")
    assert len(ssm.describe_instance_information(Filters=filters)["InstanceInformationList"]) == 10
    pages = ssm.get_paginator("describe_instance_information").paginate(Filters=filters)
    assert {each["InstanceId"] for page in pages for each in page["InstanceInformationList"]} == ids


def test_an_unknown_filter_is_refused(client: Client) -> None:
    with pytest.raises(ClientError, match="InvalidFilterKey"):
        client("ssm").describe_instance_information(Filters=[{"Key": "Nonsense", "Values": ["x"]}])
