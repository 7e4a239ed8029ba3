"""The configuration of a stack as one string is that which jsii converts value by value."""

from pathlib import Path

import pytest

from mlinfra._cdk import App, TerraformOutput, TerraformStack, Token, node_package
from mlinfra._cdk.aws import provider, s3_bucket

pytestmark = pytest.mark.xdist_group("synthesized")


@pytest.fixture
def stack(tmp_path: Path) -> TerraformStack:
    stack = TerraformStack(App(outdir=str(tmp_path)), "lake")
    provider.AwsProvider(stack, "aws", region="us-east-1")
    bucket = s3_bucket.S3Bucket(stack, "raw", tags={"Ünicode": 'a "b"\n'}, force_destroy=True)
    bucket.add_override("numbers", [1, 1.5, True, {"deep": {}}])
    TerraformOutput(stack, "arn", value=bucket.arn)
    TerraformOutput(stack, "nothing", value=Token.null_value())
    return stack


def test_configuration_is_that_of_jsii(stack: TerraformStack) -> None:
    assert node_package.configuration(stack) == stack.to_terraform()


def test_stock_loading_has_the_method_of_the_stack(stack: TerraformStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_package, "_loaded", [])
    assert node_package.configuration(stack)["resource"]["aws_s3_bucket"]["raw"]["force_destroy"] is True
