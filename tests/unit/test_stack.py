"""Contents of every stack, and errors of invalid ones."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

import pytest

from mlinfra import Environment, MlApp, MlStack, acknowledge
from mlinfra._cdk import App, TerraformStack
from mlinfra._cdk.aws import autoscaling_group, iam_policy, iam_role, launch_template, s3_bucket
from mlinfra.checks import Check
from mlinfra.constructs.parts import trust_policy
from mlinfra.declarations.resource_names import ResourceNames
from mlinfra.testing import SynthesisError
from tests.conftest import an_environment

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.testing import Synth


@pytest.fixture
def app(tmp_path: Path) -> MlApp:
    return MlApp(outdir=tmp_path)


def test_credentials_of_another_account_are_not_allowed(synth: Synth) -> None:
    (provider,) = synth.constructs(lambda _: None).document["provider"]["aws"]
    assert provider["allowed_account_ids"] == ["111111111111"]
    assert provider["region"] == "us-east-1"


def test_the_provider_is_required_by_a_version_range(synth: Synth) -> None:
    asked = synth.constructs(lambda _: None).document["terraform"]["required_providers"]["aws"]
    assert asked == {"source": "hashicorp/aws", "version": ">= 5.100.0, < 7.0.0"}


def test_every_resource_is_tagged_by_default(synth: Synth) -> None:
    (provider,) = synth.constructs(lambda _: None).document["provider"]["aws"]
    assert provider["default_tags"] == [
        {
            "tags": {
                "Environment": "dev",
                "Team": "ml-platform",
                "Project": "recsys",
                "CostCenter": "ml-1234",
                "ManagedBy": "terraform",
                "Repository": "gitlab.example.com/ml/platform",
                "CreatedBy": "mlinfra",
                "AutoStop": "false",
            }
        }
    ]


def test_state_is_encrypted_and_locked(synth: Synth) -> None:
    assert synth.constructs(lambda _: None).document["terraform"]["backend"]["s3"] == {
        "bucket": "recsys-dev-tfstate-111111111111-us-east-1",
        "key": "recsys/dev/us-east-1/test/terraform.tfstate",
        "region": "us-east-1",
        "encrypt": True,
        "kms_key_id": "arn:aws:kms:us-east-1:111111111111:alias/recsys-dev-tfstate",
        "dynamodb_table": "recsys-dev-tfstate-lock",
        "allowed_account_ids": ["111111111111"],
    }


def test_state_is_locked_by_a_file_too_where_the_environment_says_so(
    synth: Synth,
) -> None:
    backend = synth.constructs(lambda _: None, environment=an_environment(native_state_lock=True)).document[
        "terraform"
    ]["backend"]["s3"]
    assert backend["use_lockfile"] is True
    assert backend["dynamodb_table"] == "recsys-dev-tfstate-lock"


def test_a_local_aws_is_reached_by_path(synth: Synth) -> None:
    config = synth.constructs(lambda _: None, environment=an_environment(emulated=True))
    assert config.document["terraform"]["backend"]["s3"]["use_path_style"] is True
    assert config.document["provider"]["aws"][0]["s3_use_path_style"] is True


def test_two_stacks_of_one_id_are_refused(app: App) -> None:
    MlStack(app, an_environment(), "training")
    with pytest.raises(
        ValueError, match="the stack 'dev-training' is declared twice, and the second would overwrite the first"
    ):
        MlStack(app, an_environment(project="other"), "training")


def test_two_stacks_of_one_state_are_refused(app: App) -> None:
    # "a-b" + "c" and "a" + "b-c" have different keys; equal projects and names do not.
    class OtherIds(ResourceNames):
        def stack_id(self, component: str) -> str:
            return f"other-{component}"

    class Renamed(Environment):
        @property
        def names(self) -> ResourceNames:
            return OtherIds(**vars(super().names))

    MlStack(app, an_environment(), "training")
    values = an_environment().model_dump()
    with pytest.raises(ValueError, match="'other-training' and 'dev-training' would share the state"):
        MlStack(app, Renamed(**values), "training")


def test_constructs_that_collapse_into_one_address_are_refused(synth: Synth) -> None:
    def build(stack: MlStack) -> None:
        s3_bucket.S3Bucket(stack, "x!y", bucket="one")
        s3_bucket.S3Bucket(stack, "xy", bucket="two")

    with pytest.raises(SynthesisError, match=r"dev-test/x!y and dev-test/xy have the same address, aws_s3_bucket.xy"):
        synth.constructs(build)


def test_a_block_emptied_by_cdktf_is_refused(synth: Synth) -> None:
    def build(stack: MlStack) -> None:
        tags = [
            launch_template.LaunchTemplateTagSpecifications(resource_type=kind, tags=stack.default_tags)
            for kind in ("instance", "volume")
        ]
        launch_template.LaunchTemplate(
            stack, "template", network_interfaces=[{"network_card_index": 0}], tag_specifications=tags
        )

    with pytest.raises(SynthesisError, match="dev-test/template: the block 'network_interfaces' is empty"):
        synth.constructs(build)


def test_a_launch_template_that_does_not_propagate_tags_is_refused(synth: Synth) -> None:
    def build(stack: MlStack) -> None:
        launch_template.LaunchTemplate(stack, "template", image_id="ami-1")

    with pytest.raises(SynthesisError, match="tag specification for instance: missing Environment, Team"):
        synth.constructs(build)


def test_a_group_that_does_not_propagate_tags_is_refused(synth: Synth) -> None:
    def build(stack: MlStack) -> None:
        kept_back = [
            autoscaling_group.AutoscalingGroupTag(key=key, value=value, propagate_at_launch=key != "CostCenter")
            for key, value in stack.default_tags.items()
        ]
        autoscaling_group.AutoscalingGroup(stack, "group", min_size=0, max_size=1, tag=kept_back)

    with pytest.raises(SynthesisError, match="the tags that instances get at launch: missing CostCenter"):
        synth.constructs(build)


def test_a_resource_that_empties_a_required_tag_is_refused(synth: Synth) -> None:
    def build(stack: MlStack) -> None:
        s3_bucket.S3Bucket(stack, "bucket", bucket="one", tags={"Team": ""})

    with pytest.raises(SynthesisError, match="dev-test/bucket: its own tags empty Team"):
        synth.constructs(build)


def test_a_role_without_the_permissions_boundary_is_refused(synth: Synth) -> None:
    def build(stack: MlStack) -> None:
        iam_role.IamRole(stack, "role", name="recsys-dev-x", assume_role_policy=trust_policy("lambda.amazonaws.com"))

    with pytest.raises(SynthesisError, match="has no permissions boundary, and the role for applies cannot create it"):
        synth.constructs(build)
    assert synth.constructs(build, environment=an_environment(permissions_boundary=None))


def test_a_valid_stack_passes_every_guard(synth: Synth) -> None:
    config = synth.constructs(lambda stack: s3_bucket.S3Bucket(stack, "bucket", bucket="one"))
    assert config.one("aws_s3_bucket")["bucket"] == "one"


def test_a_problem_is_acknowledged_for_a_construct_and_what_is_in_it(app: MlApp) -> None:
    stack = MlStack(app, an_environment(), "test")
    role = iam_role.IamRole(stack, "role", assume_role_policy=trust_policy("ec2.amazonaws.com"))
    acknowledge(role, "MLC301", reason="An administrator creates it.")
    app.synth()


@pytest.mark.parametrize(
    ("check", "reason", "message"),
    [
        ("MLC999", "A reason that is long enough.", "There is no check 'MLC999'. Expected: one of MLC101, "),
        ("MLC101", "A reason that is long enough.", "MLC101 cannot be acknowledged"),
        ("MLC301", " because ", "The reason ' because ' is too short"),
    ],
)
def test_an_invalid_acknowledgement_is_refused(app: MlApp, check: str, reason: str, message: str) -> None:
    stack = MlStack(app, an_environment(), "test")
    with pytest.raises(ValueError, match=message):
        acknowledge(stack, check, reason=reason)


def test_only_constructs_in_an_ml_stack_have_acknowledgements(app: MlApp) -> None:
    with pytest.raises(ValueError, match="other is not in an MlStack"):
        acknowledge(TerraformStack(app, "other"), "MLC301", reason="A reason that is long enough.")


def test_a_warning_is_written_and_does_not_fail_the_synth(app: MlApp, capsys: pytest.CaptureFixture[str]) -> None:
    stack = MlStack(app, an_environment(), "test")
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    iam_policy.IamPolicy(stack, "policy", policy=json.dumps(policy))
    app.synth()
    assert "warning: dev-test: [MLC302] aws_iam_policy.policy" in capsys.readouterr().err


@pytest.mark.parametrize("check", ["CKV_AWS_18", "CKV2_AWS_62"])
def test_a_check_of_checkov_is_acknowledged_in_the_same_way(app: MlApp, check: str) -> None:
    stack = MlStack(app, an_environment(), "test")
    acknowledge(stack, check, reason="It holds the logs.", until=date(2027, 1, 1))
    (given,) = stack.to_terraform()["//"]["mlinfra"]["acknowledged"]
    assert given == {"check": check, "path": "dev-test", "reason": "It holds the logs.", "until": "2027-01-01"}


def test_a_check_of_checkov_about_the_fact_of_a_check_is_not_acknowledged_apart(app: MlApp) -> None:
    stack = MlStack(app, an_environment(), "test")
    with pytest.raises(ValueError, match="CKV_AWS_355 reports the same fact as MLC302"):
        acknowledge(stack, "CKV_AWS_355", reason="It reads all buckets.")


def test_the_checks_of_the_project_are_applied(tmp_path: Path) -> None:
    text = (
        "from mlinfra.checks import ResourceCheck\n"
        "NAMED = ResourceCheck(id='ACME001', title='t', fix='f', types=('aws_s3_bucket',), find=lambda _: 'No.')\n"
    )
    (tmp_path / "mlinfra_checks.py").write_text(text)
    app = MlApp(tmp_path, outdir=tmp_path / "out")
    stack = MlStack(app, an_environment(), "test")
    accepted = s3_bucket.S3Bucket(stack, "accepted")
    acknowledge(accepted, "ACME001", reason="It is the first one.")
    s3_bucket.S3Bucket(stack, "other")
    with pytest.raises(RuntimeError, match=r"\[ACME001\] aws_s3_bucket.other: No.") as error:
        app.synth()
    assert "aws_s3_bucket.accepted" not in str(error.value)


def test_ids_of_checks_are_unique(tmp_path: Path) -> None:
    own = Check(id="MLC101", title="t", fix="f", find=lambda _: ())
    with pytest.raises(ValueError, match="Two checks have the id MLC101"):
        MlApp(outdir=tmp_path, checks=[own])
