"""`mlinfra demo`, with the real cdktf, on a project of two small stacks."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ci import recordings
from mlinfra.errors import OperationError
from mlinfra.operations import toolchain
from tests.conftest import ROOT, TODAY
from tests.deploy.attached_provider import provider_on_request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlinfra.testing.terraform import TerraformProgram
    from tests.deploy.attached_provider import Installed

pytestmark = [pytest.mark.deploy, pytest.mark.xdist_group("demo")]

MLINFRA = Path(sys.executable).with_name("mlinfra")
TWO_STACKS = """
import os
from pathlib import Path

from mlinfra import MlStack, load_environments
from mlinfra._cdk.aws import ssm_parameter
from mlinfra.app import MlApp
from mlinfra.stacks.state import StateStack

root = Path(__file__).resolve().parent
app = MlApp(root)
for environment in load_environments(root, only=os.environ.get("MLINFRA_ENV")):
    state = StateStack(app, environment)
    state.bucket.node.try_remove_child("lifecycle")  # the AWS provider takes a minute to be sure of it
    data = MlStack(app, environment, "data")
    data.add_dependency(state)
    ssm_parameter.SsmParameter(data, "greeting", name="/greeting", type="TYPE", value="VALUE")
app.synth()
"""


@pytest.fixture
def two_stacks(tmp_path: Path) -> Path:
    """A project with the real state stack, and `local-data`, which is one parameter."""
    try:
        toolchain.require_tools(toolchain.find_node, lambda: toolchain.find_cdktf(ROOT))
    except OperationError as reason:
        pytest.skip(str(reason))
    root = tmp_path / "project"
    root.mkdir()
    (root / "node_modules").symlink_to(ROOT / "node_modules")
    for name in ("cdktf.json", ".terraform.lock.hcl"):
        shutil.copyfile(ROOT / name, root / name)
    shutil.copytree(ROOT / "environments", root / "environments")
    declare(root, kind="String", value="one")
    return root


def declare(project: Path, *, kind: str, value: str) -> None:
    (project / "main.py").write_text(TWO_STACKS.replace("TYPE", kind).replace("VALUE", value))


@pytest.fixture
def attached(
    tmp_path: Path, own_terraform: TerraformProgram, installed: Installed, variables: dict[str, str]
) -> Iterator[dict[str, str]]:
    """The same settings, with a Terraform that attaches to a provider. The first test runs without it, as users do."""
    folder = tmp_path / "providers"
    folder.mkdir()
    with provider_on_request(folder, installed, own_terraform.changes) as attaching:
        yield {**variables, "GOGC": "400", **attaching}


@pytest.fixture
def variables(tmp_path: Path, own_terraform: TerraformProgram) -> Iterator[dict[str, str]]:
    """The settings of a user who has an AWS of their own, which the demo has no business with."""
    folders = {f"XDG_{kind}_HOME": str(tmp_path / kind) for kind in ("STATE", "CONFIG", "DATA")}
    real = {"AWS_PROFILE": "prod", "AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_REGION": "eu-west-1"}
    provider = {name: value for name, value in own_terraform.changes.items() if value is not None}
    made = {**os.environ, **folders, **real, **provider, "MLINFRA_TODAY": TODAY.isoformat()}
    yield made
    subprocess.run([MLINFRA, "local", "down"], env=made, check=True, capture_output=True)


def demo(project: Path, variables: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [MLINFRA, "demo", *options], cwd=project, env=variables, capture_output=True, text=True, check=False
    )


def test_it_deploys_and_proves_that_nothing_is_left_to_do(two_stacks: Path, variables: dict[str, str]) -> None:
    files = sorted(path for path in two_stacks.rglob("*") if path.is_file())
    ended = demo(two_stacks, variables)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "✓ cdktf diff local-data: shows what would be created  1 to add, 0 to change, 0 to destroy" in ended.stderr
    assert "✓ cdktf deploy local-data: the real Terraform applies it  1 added, 0 changed, 0 destroyed" in ended.stderr
    assert "11 resources in 2 stacks" in ended.stdout
    assert "A second plan of every stack found nothing to change." in ended.stdout
    (report,) = re.findall(r"report about cost, clusters and architecture: file://(\S+)", ended.stdout)
    assert '"name":"local-data"' in Path(report).read_text(encoding="utf-8")
    assert sorted(path for path in two_stacks.rglob("*") if path.is_file()) == files
    assert "The local AWS is not running" in local_status(variables)
    recorded = " ".join(recordings.words((recordings.FOLDER / "demo.svg").read_text(encoding="utf-8")))
    titles = [title for title in re.findall(r"✓ (.+?)  ", ended.stderr) if "cdktf deploy" not in title]
    assert len(titles) > 6
    assert [title for title in titles if title not in recorded] == [], "run `python -m ci.recordings demo`"


def local_status(variables: dict[str, str]) -> str:
    return subprocess.run(
        [MLINFRA, "local", "status"], env=variables, capture_output=True, text=True, check=False
    ).stdout


def test_kept_it_goes_on_from_there_the_next_time(two_stacks: Path, attached: dict[str, str]) -> None:
    assert demo(two_stacks, attached, "--keep").returncode == 0
    assert " answers: process " in local_status(attached)
    declare(two_stacks, kind="String", value="two")
    ended = demo(two_stacks, attached, "--keep")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "✓ Bootstrap the remote state of local: its bucket and lock  unchanged, 10 resources" in ended.stderr
    assert "✓ cdktf deploy local-data: the real Terraform applies it  0 added, 1 changed, 0 destroyed" in ended.stderr
    assert 'mlinfra local env)"' in ended.stdout


def test_where_a_step_fails_terraforms_own_error_is_shown(two_stacks: Path, attached: dict[str, str]) -> None:
    declare(two_stacks, kind="Nonsense", value="one")
    ended = demo(two_stacks, attached)
    assert ended.returncode == 1
    assert "✗ `cdktf diff local-data` failed" in ended.stderr
    assert 'Error: expected type to be one of ["String" "StringList" "SecureString"], got Nonsense' in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "✗ cdktf diff local-data" in ended.stderr
