"""Updates of Athena workgroups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def athena(client: Callable[..., Any]) -> Any:
    return client("athena")


def configuration(athena: Any, name: str) -> dict[str, Any]:
    found: dict[str, Any] = athena.get_work_group(WorkGroup=name)["WorkGroup"]["Configuration"]
    return found


def test_an_update_changes_only_named_settings(athena: Any) -> None:
    athena.create_work_group(
        Name="changing",
        Configuration={
            "BytesScannedCutoffPerQuery": 10_485_760,
            "ResultConfiguration": {"OutputLocation": "s3://results/", "ExpectedBucketOwner": "123456789012"},
        },
    )
    athena.update_work_group(
        WorkGroup="changing",
        Description="Queries.",
        State="DISABLED",
        ConfigurationUpdates={
            "RemoveBytesScannedCutoffPerQuery": True,
            "ResultConfigurationUpdates": {"RemoveExpectedBucketOwner": True},
        },
    )
    found = configuration(athena, "changing")
    assert found["ResultConfiguration"] == {"OutputLocation": "s3://results/"}
    assert "BytesScannedCutoffPerQuery" not in found
    athena.update_work_group(WorkGroup="changing", ConfigurationUpdates={"BytesScannedCutoffPerQuery": 20_971_520})
    assert configuration(athena, "changing") == found | {"BytesScannedCutoffPerQuery": 20_971_520}
    group = athena.get_work_group(WorkGroup="changing")["WorkGroup"]
    assert (group["Description"], group["State"]) == ("Queries.", "DISABLED")


@pytest.mark.parametrize("operation", ["get_work_group", "update_work_group"])
def test_an_unknown_workgroup_is_refused(athena: Any, operation: str) -> None:
    with pytest.raises(ClientError, match=r"InvalidRequestException.*WorkGroup missing is not found"):
        getattr(athena, operation)(WorkGroup="missing")
