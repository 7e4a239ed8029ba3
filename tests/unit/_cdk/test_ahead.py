"""Requests sent ahead change the duration of a synth, and neither its output nor the state of node after an error."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsii
import pytest
from jsii import _kernel
from jsii._kernel import types

from mlinfra._cdk import App, Aspects, Construct, Fn, IAspect, TerraformOutput, TerraformStack, Token, implements
from mlinfra._cdk.aws import provider, s3_bucket, s3_bucket_versioning
from mlinfra._cdk.direct_process import DirectProcess

if TYPE_CHECKING:
    from mlinfra._cdk import IConstruct

pytestmark = pytest.mark.xdist_group("synthesized")


@pytest.fixture
def stack(tmp_path: Path) -> TerraformStack:
    stack = TerraformStack(App(outdir=str(tmp_path / "out")), "lake")
    provider.AwsProvider(stack, "aws", region="us-east-1")
    return stack


@pytest.fixture
def waited_for(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the requests with an answer that Python waited for."""
    requests: list[str] = []
    stock = DirectProcess._ask  # noqa: SLF001

    def ask(self: DirectProcess, ahead: Any, request: Any, response_type: Any) -> Any:
        names = (getattr(request, each, None) for each in ("method", "property", "fqn"))
        requests.append(next(filter(None, names), "complete"))
        return stock(self, ahead, request, response_type)

    monkeypatch.setattr(DirectProcess, "_ask", ask)
    return requests


def written(stack: TerraformStack) -> dict[str, Any]:
    app = stack.node.scope
    assert isinstance(app, App)
    app.synth()
    content: dict[str, Any] = json.loads(Path(app.outdir, "stacks", stack.node.id, "cdk.tf.json").read_text())
    return content


def bucket(scope: Construct, id_: str = "raw", **arguments: Any) -> s3_bucket.S3Bucket:
    return s3_bucket.S3Bucket(scope, id_, **arguments)


def test_constructs_and_their_attributes_are_not_waited_for(stack: TerraformStack, waited_for: list[str]) -> None:
    zone = Construct(stack, "zone")
    raw = bucket(zone, bucket="raw")
    s3_bucket_versioning.S3BucketVersioningA(
        zone,
        "versioning",
        bucket=raw.id,
        versioning_configuration=s3_bucket_versioning.S3BucketVersioningVersioningConfiguration(status="Enabled"),
    )
    raw.add_override("force_destroy", True)  # noqa: FBT003  cdktf's signature
    assert TerraformStack.of(raw) is stack
    assert zone.node.try_find_child("raw") is raw
    assert waited_for == []
    resources = written(stack)["resource"]
    (name,) = resources["aws_s3_bucket"]
    assert resources["aws_s3_bucket"][name]["force_destroy"] is True
    (versioning,) = resources["aws_s3_bucket_versioning"].values()
    assert versioning["bucket"] == f"${{aws_s3_bucket.{name}.id}}"


def test_an_attribute_is_requested_once(stack: TerraformStack) -> None:
    raw = bucket(stack)
    assert raw.arn == raw.arn
    assert raw.arn != raw.id


def test_a_token_of_an_attribute_can_be_part_of_all_that_a_token_can(stack: TerraformStack) -> None:
    raw = bucket(stack)
    assert Token.is_unresolved(raw.arn)
    TerraformOutput(stack, "joined", static_id=True, value=f"{raw.arn}/*")
    TerraformOutput(stack, "called", static_id=True, value=Fn.join("-", [raw.bucket, "b"]))
    outputs = written(stack)["output"]
    assert outputs["joined"]["value"] == "${aws_s3_bucket.raw.arn}/*"
    assert outputs["called"]["value"] == '${join("-", [aws_s3_bucket.raw.bucket, "b"])}'


def test_an_argument_is_read_from_node(stack: TerraformStack) -> None:
    assert bucket(stack, bucket="raw").bucket_input == "raw"


def test_an_attribute_follows_a_change_of_its_resource(stack: TerraformStack) -> None:
    raw = bucket(stack, bucket="raw")
    before = raw.bucket
    raw.bucket = "other"
    assert raw.bucket_input == "other"
    TerraformOutput(stack, "bucket", static_id=True, value=before)
    assert written(stack)["output"]["bucket"]["value"] == "${aws_s3_bucket.raw.bucket}"


def test_aspects_see_what_was_sent_ahead(stack: TerraformStack) -> None:
    @implements(IAspect)
    class Tagging:
        def visit(self, node: IConstruct) -> None:
            if isinstance(node, s3_bucket.S3Bucket):
                node.tags = {"Name": node.bucket_input or "", "Arn": node.arn}

    bucket(stack, bucket="raw")
    Aspects.of(stack).add(Tagging())
    tags = written(stack)["resource"]["aws_s3_bucket"]["raw"]["tags"]
    assert tags == {"Arn": "${aws_s3_bucket.raw.arn}", "Name": "raw"}


def test_a_failed_creation_is_reported_by_the_next_request_with_its_line(stack: TerraformStack) -> None:
    line = inspect.getsourcelines(test_a_failed_creation_is_reported_by_the_next_request_with_its_line)[1] + 2
    broken = send_broken(stack)
    bucket(stack, "later")
    with pytest.raises(RuntimeError) as raised:
        stack.node.find_all()
    assert "aws.s3Bucket.S3Bucket 'broken' failed, here:" in str(raised.value)
    assert f'{Path(__file__)}", line {line}, in test_a_failed' in str(raised.value)
    assert broken is not None


def test_nothing_after_a_failed_creation_is_executed(stack: TerraformStack) -> None:
    bucket(stack, "first")
    send_broken(stack)
    bucket(stack, "later")
    with pytest.raises(RuntimeError, match="'broken' failed"):
        stack.node.find_all()
    assert [each.node.id for each in stack.node.children] == ["aws", "first"]
    bucket(stack, "later")
    assert list(written(stack)["resource"]["aws_s3_bucket"]) == ["first", "later"]


def test_objects_after_a_failed_creation_cannot_be_mistaken_for_later_ones(stack: TerraformStack) -> None:
    broken = send_broken(stack)
    with pytest.raises(RuntimeError, match="'broken' failed"):
        stack.node.find_all()
    good = bucket(stack, "good", bucket="good")
    with pytest.raises((RuntimeError, jsii.errors.JSIIError), match="not found"):
        _ = broken.bucket_input
    assert good.bucket_input == "good"


def send_broken(stack: TerraformStack) -> s3_bucket.S3Bucket:
    """Create a bucket whose arguments the kernel of jsii refuses, and Python's type checks do not see."""
    broken = s3_bucket.S3Bucket.__new__(s3_bucket.S3Bucket)
    jsii.create(s3_bucket.S3Bucket, broken, [stack, "broken", {"bucket": 1}])
    return broken


def test_a_duplicate_id_is_refused_at_its_line(stack: TerraformStack) -> None:
    bucket(stack)
    with pytest.raises(RuntimeError, match="already a Construct with name 'raw'"):
        bucket(stack)


@pytest.mark.parametrize("id_", ["", "${TfToken[TOKEN.1]}"])
def test_an_invalid_id_is_refused_at_its_line(stack: TerraformStack, id_: str) -> None:
    with pytest.raises(RuntimeError):
        bucket(stack, id_)


def test_a_creation_in_a_call_from_node_is_waited_for(stack: TerraformStack, waited_for: list[str]) -> None:
    @implements(IAspect)
    class Adding:
        def visit(self, node: IConstruct) -> None:
            if node is stack:
                bucket(stack, "added")

    Aspects.of(stack).add(Adding())
    assert "added" in written(stack)["resource"]["aws_s3_bucket"]
    assert any("s3Bucket" in each for each in waited_for)


def test_a_class_with_methods_that_node_may_call_at_any_time_disables_sending_ahead(tmp_path: Path) -> None:
    # It applies to a whole process.
    script = """
        import sys
        from mlinfra._cdk import App, TerraformStack
        from mlinfra._cdk.aws import provider, s3_bucket

        class Named(TerraformStack):
            def get_logical_id(self, tf_element):
                return f"mine-{tf_element.node.id}"

        app = App(outdir=sys.argv[1])
        stack = Named(app, "lake")
        provider.AwsProvider(stack, "aws", region="us-east-1")
        raw = s3_bucket.S3Bucket(stack, "raw")
        s3_bucket.S3Bucket(stack, "copy", bucket=raw.id)
        app.synth()
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script), tmp_path], check=True)
    buckets = json.loads((tmp_path / "stacks" / "lake" / "cdk.tf.json").read_text())["resource"]["aws_s3_bucket"]
    assert buckets["mine-copy"]["bucket"] == "${aws_s3_bucket.mine-raw.id}"


def test_a_subclass_of_a_resource_works_as_with_jsii(stack: TerraformStack) -> None:
    class TaggedBucket(s3_bucket.S3Bucket):
        def __init__(self, scope: Construct, id_: str) -> None:
            super().__init__(scope, id_, tags={"Owner": "ana"})
            self.source = self.arn

    TerraformOutput(stack, "source", static_id=True, value=TaggedBucket(stack, "raw").source)
    content = written(stack)
    assert content["resource"]["aws_s3_bucket"]["raw"]["tags"] == {"Owner": "ana"}
    assert content["output"]["source"]["value"] == "${aws_s3_bucket.raw.arn}"


def test_requests_of_jsii_are_the_ones_that_are_recognized() -> None:
    assert isinstance(_kernel.Kernel().provider._process, DirectProcess)  # type: ignore[attr-defined]  # noqa: SLF001
    assert {"fqn", "args", "overrides", "interfaces"} == {each.name for each in types.CreateRequest.__attrs_attrs__}
