"""`mlinfra destroy`: dependents first, protected data stays. Real Terraform, local AWS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from mlinfra.cli.main import app
from mlinfra.command import own_command
from mlinfra.errors import OperationError
from mlinfra.operations.deploy import stack_provenance
from mlinfra.operations.destroy import Destroyed, Destruction, KeptStack, prepared_destruction
from mlinfra.operations.terraform.progress import Quiet
from tests.conftest import TODAY
from tests.deploy.planned import MAIN, Project

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

pytestmark = [pytest.mark.deploy, pytest.mark.xdist_group("destroy")]

BUCKET = "mlinfra-destroyed-bucket"
MORE = f"""
            if name == "first":
                first = stack
            if name == "second":
                stack.add_dependency(first)
                stack.add_override("resource.aws_s3_bucket.data", {{"bucket": "{BUCKET}"}})
            if name == "kept":
                stack.add_override("resource.aws_sqs_queue.data", {{"lifecycle": {{"prevent_destroy": True}}}})
"""


@pytest.fixture(scope="module")
def made(project: Path, deployable: Path) -> Project:
    """A project with a bucket in `second`, which depends on `first`, and a protected queue in `kept`."""
    del deployable
    made = Project(project)
    anchor = "            ssm_parameter.SsmParameter("
    text = MAIN.replace(anchor, f"{MORE}{anchor}").replace('"second": "1"}', '"second": "1", "kept": "1"}')
    (made.root / "main.py").write_text(text)
    made.commit("Add a bucket and a protected queue")
    return made


def deploy(made: Project) -> None:
    made.plan("state")
    from mlinfra.declarations import load_environments
    from mlinfra.operations.bootstrap import bootstrap

    (environment,) = load_environments(made.root, only="local")
    bootstrap(environment, made.root, Quiet())
    made.apply(*(made.planned(each) for each in ("first", "second", "kept")))


def destroy(made: Project, *stacks: str) -> tuple[Destruction, Sequence[Destroyed]]:
    with prepared_destruction("local", made.root, Quiet(), stacks=stacks) as planned:
        return planned, planned.run(Quiet(), today=TODAY, begin=lambda _: None)


def parameters() -> list[str]:
    found = boto3.client("ssm").get_parameters(Names=["/test/first", "/test/second", "/test/kept"])
    return sorted(each["Name"] for each in found["Parameters"])


def test_a_bucket_with_objects_prevents_everything(made: Project) -> None:
    deploy(made)
    boto3.client("s3").put_object(Bucket=BUCKET, Key="model.bin", Body=b"weights")
    with pytest.raises(OperationError) as refused:
        destroy(made)
    assert refused.value.message == "Nothing was destroyed, because of 1 obstacle."
    assert refused.value.details.startswith(
        f"local-second: the bucket {BUCKET} contains objects, and S3 deletes empty buckets only. To continue: "
    )
    assert parameters() == ["/test/first", "/test/kept", "/test/second"]
    assert not list((made.root / "plans" / "destroy").glob("*/"))


def test_a_named_stack_that_is_protected_or_needed_is_refused(made: Project) -> None:
    with pytest.raises(OperationError) as refused:
        destroy(made, "local-kept")
    assert refused.value.message == (
        "Nothing was destroyed. local-kept stays: Terraform refuses to destroy aws_sqs_queue.data (prevent_destroy). "
        f"To destroy them, remove the protection first (protect_data of local), and apply: {own_command()} up local."
    )
    with pytest.raises(OperationError) as refused:
        destroy(made, "local-first")
    assert refused.value.message == (
        "Nothing was destroyed. local-second depends on local-first: destroy both together."
    )
    with pytest.raises(OperationError, match=r"'local-third' matches no stack of the environment 'local'"):
        destroy(made, "local-third")


def test_another_name_than_that_of_the_environment_destroys_nothing(
    made: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(made.root)
    boto3.client("s3").delete_object(Bucket=BUCKET, Key="model.bin")
    ended = CliRunner().invoke(app, ["destroy", "local", "--confirm", "locale"])
    assert isinstance(ended.exception, OperationError)
    assert ended.exception.message == ("'locale' is not the name of the environment, 'local'. Nothing was destroyed.")
    assert "local-kept stays: Terraform refuses to destroy aws_sqs_queue.data" in " ".join(ended.stderr.split())
    ended = CliRunner().invoke(app, ["destroy", "local"])
    assert isinstance(ended.exception, OperationError)
    assert "cannot be answered without a terminal. Use --confirm local." in ended.exception.message
    assert parameters() == ["/test/first", "/test/kept", "/test/second"]


def test_dependents_are_destroyed_first_and_protected_stacks_stay(
    made: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(made.root)
    ended = CliRunner().invoke(app, ["destroy", "local", "--confirm", "local", "--json"])
    assert ended.exit_code == 0, ended.exception
    told = json.loads(ended.stdout)
    assert [each["stack"] for each in told["destroyed"]] == ["local-second", "local-first"]
    assert [each["stack"] for each in told["kept"]] == ["local-state", "local-kept"]
    assert parameters() == ["/test/kept"]
    with pytest.raises(ClientError, match="404"):
        boto3.client("s3").head_bucket(Bucket=BUCKET)
    with pytest.raises(OperationError, match="No commit is recorded for 'local-first'"):
        stack_provenance("local-first", made.root)


def test_a_second_run_has_nothing_to_destroy(made: Project) -> None:
    planned, destroyed = destroy(made)
    assert (planned.planned, destroyed) == ((), ())
    assert [each.stack for each in planned.kept] == ["local-state", "local-kept"]
    assert isinstance(planned.kept[0], KeptStack)
