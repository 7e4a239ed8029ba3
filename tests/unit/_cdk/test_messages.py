"""Messages have the content that jsii gives them, without properties that are not set."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from jsii import _kernel
from jsii._kernel import types
from jsii._kernel.providers import process

from mlinfra._cdk import AssetType, messages
from mlinfra._cdk.aws import s3_bucket

REFERENCE = types.ObjRef("aws.Bucket@10001", interfaces=["aws.IBucket"])
STOCK = _kernel.Kernel().provider._process._serializer._stock  # type: ignore[attr-defined]  # noqa: SLF001


class Bucket:
    __jsii_ref__ = REFERENCE


def written(serializer: Any, request: object) -> Any:
    return json.loads(json.dumps(serializer.unstructure(request), default=process.jdefault))


@pytest.mark.parametrize(
    "request_",
    [
        types.CreateRequest("aws.Bucket", args=[Bucket(), "raw", {"$jsii.map": {"a": [1, None]}}]),
        types.CreateRequest("aws.Bucket", overrides=[types.Override("validate", cookie="validate")], interfaces=["I"]),
        types.GetRequest(types.ObjRef("aws.Bucket@10001"), "arn"),
        types.GetRequest(REFERENCE, "arn"),
        types.InvokeRequest(REFERENCE, "addOverride", args=["a.b", True]),
        types.SetRequest(REFERENCE, "bucket", value="raw"),
        types.StaticInvokeRequest("cdktf.Fn", "join", args=[",", ["a", "b"]]),
        types.StaticGetRequest("cdktf.Token", "ANY"),
        types.DeleteRequest(REFERENCE),
        types.StatsRequest(),
    ],
    ids=lambda request: type(request).__name__,
)
def test_requests_are_those_of_jsii(request_: object) -> None:
    assert written(messages.Serializer(STOCK), request_) == written(STOCK, request_)


RESPONSES: list[tuple[Any, Any]] = [
    (process._ProcessResponse, {"ok": {"value": 1}}),  # noqa: SLF001
    (process._ProcessResponse, {"error": "no", "stack": "", "name": "@jsii/kernel.Fault"}),  # noqa: SLF001
    (types.CreateResponse, REFERENCE),
    (types.GetResponse, {"value": "${TfToken[TOKEN.1]}"}),
    (types.GetResponse, {"value": REFERENCE}),
    (types.GetResponse, {}),
    (types.InvokeResponse, {"result": {"a": [1]}}),
    (types.InvokeResponse, {}),
    (types.SetResponse, {}),
    (types.LoadResponse, {"assembly": "cdktf", "types": 3}),
]


@pytest.mark.parametrize(("kind", "message"), RESPONSES)
def test_responses_are_those_of_jsii(kind: Any, message: Any) -> None:
    assert messages.Serializer(STOCK).structure(message, kind) == STOCK.structure(message, kind)


def set_only(value: Any) -> Any:
    """A value of jsii, without the properties of structs that are not set."""
    if isinstance(value, list):
        return [set_only(each) for each in value]
    if isinstance(value, dict):
        items = {key: set_only(each) for key, each in value.items()}
        if set(items) == {"fqn", "data"}:
            items["data"] = {key: each for key, each in items["data"].items() if each is not None}
        return items
    return value


class TestArguments:
    stock = staticmethod(_kernel._make_reference_for_native.stock)  # type: ignore[attr-defined]  # noqa: SLF001

    @pytest.mark.parametrize(
        "value",
        [
            None,
            "text",
            [True, 1, 1.5, None],
            {"tags": {"Team": "ml"}, "none": None},
            dt.datetime(2026, 11, 29, tzinfo=dt.timezone.utc),
            AssetType.ARCHIVE,
            s3_bucket.S3BucketLifecycleRuleExpiration(),
            s3_bucket.S3BucketLifecycleRule(
                enabled=False,
                prefix="",
                tags={"a": "b"},
                expiration=s3_bucket.S3BucketLifecycleRuleExpiration(days=0),
                transition=[s3_bucket.S3BucketLifecycleRuleTransition(storage_class="GLACIER", days=30)],
            ),
        ],
    )
    def test_are_those_of_jsii_without_what_is_not_set(self, value: object) -> None:
        made = _kernel._make_reference_for_native(None, value)  # type: ignore[arg-type]  # noqa: SLF001
        assert json.dumps(made, default=process.jdefault) == json.dumps(
            set_only(type(self).stock(None, value)), default=process.jdefault
        )
        assert "null" not in json.dumps(made, default=process.jdefault) or not hasattr(value, "_values")

    def test_of_a_type_without_a_counterpart_are_refused(self) -> None:
        with pytest.raises(Exception, match="Cannot pass function as argument here"):
            _kernel._make_reference_for_native(None, [print])  # type: ignore[arg-type]  # noqa: SLF001
