from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra import MlStack
from mlinfra._cdk import App
from mlinfra.errors import OperationError
from mlinfra.operations.deploy.untrusted_stacks import require_plannable
from mlinfra.operations.terraform import SynthesizedStack
from tests.conftest import an_environment

if TYPE_CHECKING:
    from collections.abc import Callable

ENVIRONMENT = an_environment()
AWS = {"source": "hashicorp/aws", "version": ">= 5.100.0, < 7.0.0"}
CONFIG: dict[str, Any] = {
    "terraform": {
        "required_providers": {"aws": AWS},
        "backend": {"s3": {"bucket": ENVIRONMENT.names.state_bucket, "key": "recsys/dev/us-east-1/data"}},
    },
    "provider": {"aws": [{"region": "us-east-1"}]},
    "resource": {"aws_s3_bucket": {"raw": {"bucket": "raw", "tags": {"Filename": "file(1)"}}}},
    "data": {"aws_region": {"here": {}}},
    "locals": {"name": "raw"},
    "output": {"name": {"value": "A file named ${aws_lambda_function.x.filename} with a profile (1)"}},
}


def stack(folder: Path, text: str) -> SynthesizedStack:
    made = folder / "dev-data"
    made.mkdir()
    (made / "cdk.tf.json").write_text(text)
    (made / ".terraform.lock.hcl").write_text("")
    (made / "assets").mkdir()
    return SynthesizedStack("dev-data", made, ())


def with_(change: Callable[[dict[str, Any]], object]) -> str:
    config = copy.deepcopy(CONFIG)
    change(config)
    return json.dumps(config)


def refusal(made: SynthesizedStack, **choices: Any) -> str:
    with pytest.raises(OperationError) as refused:
        require_plannable(made, ENVIRONMENT, **choices)
    return refused.value.message


def test_an_ordinary_stack_is_accepted(tmp_path: Path) -> None:
    require_plannable(stack(tmp_path, json.dumps(CONFIG)), ENVIRONMENT)


def test_data_of_terraform_itself_is_accepted(tmp_path: Path) -> None:
    made = stack(tmp_path, with_(lambda config: config["resource"].update(terraform_data={"x": {"input": 1}})))
    require_plannable(made, ENVIRONMENT)


def test_every_stack_of_this_repository_is_accepted(synthesized: Path) -> None:
    seen = 0
    for folder in sorted(synthesized.iterdir()):
        backend = json.loads((folder / "cdk.tf.json").read_text())["terraform"]["backend"]["s3"]
        name, _, account_and_region = backend["bucket"].partition("-tfstate-")
        account_id, _, region = account_and_region.partition("-")
        environment = an_environment(
            project="recsys", name=name.removeprefix("recsys-"), account_id=account_id, region=region
        )
        require_plannable(SynthesizedStack(folder.name, folder, ()), environment)
        seen += 1
    assert seen > 20


def test_a_stack_of_a_user_with_imports_and_moves_is_accepted(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    made = MlStack(app, ENVIRONMENT, "own")
    made.add_override("import", [{"to": "aws_s3_bucket.raw", "id": "raw"}])
    made.add_override("moved", [{"from": "aws_s3_bucket.a", "to": "aws_s3_bucket.b"}])
    app.synth()
    require_plannable(SynthesizedStack("dev-own", tmp_path / "stacks" / "dev-own", ()), ENVIRONMENT)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda c: c.update(module={"m": {"source": "./evil"}}), "the block 'module'"),
        (lambda c: c.update(check={"c": {}}), "the block 'check'"),
        (lambda c: c.update(ephemeral={"aws_x": {}}), "the block 'ephemeral'"),
        (lambda c: c["data"].update(external={"run": {"program": ["sh"]}}), "the data external of the provider"),
        (lambda c: c["data"].update(http={"get": {"url": "https://x"}}), "the data http of the provider"),
        (
            lambda c: c["data"].update(terraform_remote_state={"x": {"backend": "s3", "config": {"profile": "x"}}}),
            "the data 'terraform_remote_state'",
        ),
        (
            lambda c: c["data"].update(terraform_remote_state={"x": {"provider": "terraform"}}),
            "the data 'terraform_remote_state'",
        ),
        (lambda c: c["resource"].update(local_file={"x": {}}), "the resource local_file of the provider"),
        (lambda c: c["resource"]["aws_s3_bucket"]["raw"].update(provider="evil.x"), "of the provider 'evil'"),
        (
            lambda c: c["terraform"]["required_providers"].update(aws={"source": "evil/aws"}),
            "it requires the provider 'evil/aws', which is not accepted with --allow-provider",
        ),
        (
            lambda c: c["terraform"]["required_providers"].update(external={"source": "hashicorp/external"}),
            "it requires the provider 'hashicorp/external'",
        ),
        (
            lambda c: c["terraform"]["required_providers"].update(other=AWS),
            "it gives the provider 'hashicorp/aws' the name 'other'",
        ),
        (lambda c: c["terraform"].update(cloud={"organization": "x"}), "the setting 'cloud'"),
        (lambda c: c["terraform"].update(backend={"http": {}}), "the backend 'http'"),
        (lambda c: c["terraform"]["backend"]["s3"].update(profile="x"), "the argument of the backend 'profile'"),
        (lambda c: c["terraform"]["backend"]["s3"].update(bucket="other"), "its state is in the bucket 'other'"),
        (
            lambda c: c["provider"]["aws"][0].update(shared_config_files=["assets/config"]),
            "the argument of the AWS provider 'shared_config_files'",
        ),
        (lambda c: c["provider"].update(evil=[{}]), "the provider 'evil'"),
        (lambda c: c.update({"import": [{"to": "x", "id": "y", "provider": "z"}]}), "an import 'provider'"),
        (lambda c: c["output"].update(x={"value": '${file("/proc/self/environ")}'}), "calls the function file,"),
        (lambda c: c["output"].update(x={"value": '%{if filemd5 ("a")}x%{endif}'}), "calls the function filemd5,"),
        (lambda c: c["output"].update(x={"value": '${file/* ( */ # (\n ("a")}'}), "calls the function file,"),
        (lambda c: c["output"].update(x={"value": ['${core::filebase64("a")}']}), "calls the function filebase64,"),
        (lambda c: c["output"].update(x={"value": {'${templatefile("a", {})}': 1}}), "the function templatefile,"),
        (lambda c: c.update(data=[{"external": {"x": {}}}]), "does not have the structure that cdktf writes"),
        (lambda c: c["data"].update(aws_region=[{"x": {}}]), "does not have the structure that cdktf writes"),
        (lambda c: c["data"]["aws_region"].update(here=[{"provider": "x"}]), "does not have the structure"),
        (lambda c: c["terraform"].update(required_providers={"aws": "5"}), "does not have the structure"),
        (lambda c: c["terraform"].pop("backend"), "does not have the structure"),
    ],
)
def test_parts_that_could_run_programs_or_read_files_are_refused(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], reason: str
) -> None:
    text = refusal(stack(tmp_path, with_(change)))
    assert text.startswith("dev-data is not planned with --synthesized: ")
    assert reason in text
    assert "with the credentials of the plan role. No plan was made. Plan it after a review" in text


def test_a_repeated_name_which_terraform_reads_and_python_does_not_is_refused(tmp_path: Path) -> None:
    hidden = json.dumps(CONFIG).replace('"data":', '"data": {"external": {"run": {}}}, "data":')
    assert "a name is repeated" in refusal(stack(tmp_path, hidden))


@pytest.mark.parametrize("name", ["evil.tf", "override.tf.json", "x.auto.tfvars", "modules/x"])
def test_other_files_are_refused(tmp_path: Path, name: str) -> None:
    made = stack(tmp_path, json.dumps(CONFIG))
    path = made.directory / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("")
    assert f"it contains the file {Path(name).parts[0]}." in refusal(made)


@pytest.mark.parametrize("name", ["assets/environ", "assets/folder"])
def test_links_are_refused(tmp_path: Path, name: str) -> None:
    made = stack(tmp_path, json.dumps(CONFIG))
    (made.directory / name).symlink_to("/proc/self" if name.endswith("folder") else "/proc/self/environ")
    assert f"{name} is a link" in refusal(made)


def test_a_missing_folder_or_configuration_is_refused(tmp_path: Path) -> None:
    assert "its folder is missing" in refusal(SynthesizedStack("dev-data", tmp_path / "dev-data", ()))
    made = stack(tmp_path, "{")
    assert "does not have the structure that cdktf writes (JSONDecodeError" in refusal(made)


def test_a_provider_that_the_pipeline_accepts_is_planned(tmp_path: Path) -> None:
    def add(config: dict[str, Any]) -> None:
        config["terraform"]["required_providers"]["datadog"] = {"source": "DataDog/datadog"}
        config["provider"]["datadog"] = [{"validate": False}]
        config["resource"]["datadog_monitor"] = {"errors": {}}

    made = stack(tmp_path, with_(add))
    assert "it requires the provider 'DataDog/datadog'" in refusal(made)
    require_plannable(made, ENVIRONMENT, providers=["registry.terraform.io/DataDog/datadog"])
    require_plannable(made, ENVIRONMENT, providers=["DataDog/datadog"])
