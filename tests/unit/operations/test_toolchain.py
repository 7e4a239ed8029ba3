from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlinfra.declarations import Forgotten
from mlinfra.errors import OperationError
from mlinfra.operations import toolchain
from tests.conftest import TODAY, an_environment


def an_executable(folder: Path, name: str, says: str, code: int = 0) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\nprintf '%s\\n' '{says}'\nexit {code}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def only_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one folder on the PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("TERRAFORM_BINARY_NAME", raising=False)
    return tmp_path


def test_terraform_that_is_new_enough_is_found(only_path: Path) -> None:
    an_executable(only_path, "terraform", '{"terraform_version": "1.6.0"}')
    assert str(toolchain.find_terraform()) == "Terraform 1.6.0"
    assert toolchain.find_terraform().path == only_path / "terraform"


@pytest.mark.usefixtures("only_path")
def test_terraform_that_is_missing() -> None:
    with pytest.raises(OperationError) as refused:
        toolchain.find_terraform()
    assert refused.value.message == (
        "Terraform 1.6 or newer is required, and 'terraform' is not on the PATH. "
        "Install it: https://developer.hashicorp.com/terraform/install"
    )


def test_terraform_that_is_too_old(only_path: Path) -> None:
    an_executable(only_path, "terraform", '{"terraform_version": "1.5.7"}')
    with pytest.raises(OperationError, match=r"1\.6 or newer is required, and .*/terraform is 1\.5\.7\. Install"):
        toolchain.find_terraform()


def test_versions_are_compared_as_numbers(only_path: Path) -> None:
    an_executable(only_path, "terraform", '{"terraform_version": "1.10.0-rc1"}')
    assert toolchain.find_terraform().version == (1, 10, 0)


def test_terraform_that_does_not_run(only_path: Path) -> None:
    an_executable(only_path, "terraform", "oh no", code=1)
    with pytest.raises(OperationError, match="cannot be determined"):
        toolchain.find_terraform()


def test_terraform_may_have_another_name(only_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    an_executable(only_path, "terraform1.9", '{"terraform_version": "1.9.8"}')
    monkeypatch.setenv("TERRAFORM_BINARY_NAME", "terraform1.9")
    assert toolchain.find_terraform().version == (1, 9, 8)


def test_node_that_is_too_old(only_path: Path) -> None:
    an_executable(only_path, "node", "v18.20.4")
    with pytest.raises(OperationError, match=r"Node\.js 20 or newer is required, and .* is 18\.20\.4\."):
        toolchain.find_node()


def test_the_oldest_terraform_depends_on_what_the_stacks_contain() -> None:
    forgotten = Forgotten(
        address="aws_s3_bucket.x", stack="dev-data", reason="moved to its team", who="ana", when=TODAY
    )
    plain = an_environment()
    assert toolchain.oldest_terraform([plain]) == (1, 6)
    assert toolchain.oldest_terraform([plain.model_copy(update={"forgotten": (forgotten,)})]) == (1, 7)
    assert toolchain.oldest_terraform([an_environment(native_state_lock=True), plain]) == (1, 10)


def test_a_terraform_that_cannot_read_the_stacks_is_refused_before_it_reads_them() -> None:
    tool = toolchain.Tool("Terraform", Path("/bin/terraform"), (1, 9, 8))
    toolchain.require_terraform(tool, [an_environment()])
    with pytest.raises(OperationError, match=r"Terraform 1\.10 or newer is required, and /bin/terraform is 1\.9\.8\."):
        toolchain.require_terraform(tool, [an_environment(native_state_lock=True)])


def test_cdktf_that_is_not_installed(tmp_path: Path) -> None:
    with pytest.raises(OperationError, match=r"cdktf is not installed in .* Install it: make setup"):
        toolchain.find_cdktf(tmp_path)


def install_command(root: Path, package: str, program: str, version: str) -> None:
    """Install the command of cdktf or cdktn in a project, as npm does."""
    folder = root / "node_modules" / package
    (folder / program).parent.mkdir(parents=True)
    (folder / "package.json").write_text(json.dumps({"version": version}))
    (folder / program).touch()
    links = root / "node_modules" / ".bin"
    links.mkdir(exist_ok=True)
    (links / program.rpartition("/")[2]).symlink_to(folder / program)


def test_cdktf_says_its_version_without_being_started(tmp_path: Path) -> None:
    install_command(tmp_path, "cdktf-cli", "bundle/bin/cdktf", "0.21.0")
    assert str(toolchain.find_cdktf(tmp_path)) == "cdktf 0.21.0"


def test_cdktn_is_preferred_because_it_is_installed_by_choice(only_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    an_executable(only_path, "node", "v22.19.0")
    install_command(only_path, "cdktf-cli", "bundle/bin/cdktf", "0.21.0")
    install_command(only_path, "cdktn-cli", "bin/cdktn", "0.24.0")
    assert str(toolchain.find_cdktf(only_path)) == "cdktn 0.24.0"
    monkeypatch.setenv("MLINFRA_CDK", "cdktf")
    assert str(toolchain.find_cdktf(only_path)) == "cdktf 0.21.0"


def test_cdktn_requires_a_newer_node(only_path: Path) -> None:
    an_executable(only_path, "node", "v20.20.2")
    install_command(only_path, "cdktn-cli", "bin/cdktn", "0.24.0")
    with pytest.raises(OperationError, match=r"Node\.js 22\.19 or newer is required, and .* is 20\.20\.2\."):
        toolchain.find_cdktf(only_path)


def test_an_invalid_selection_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLINFRA_CDK", "cdk")
    with pytest.raises(OperationError, match="MLINFRA_CDK is 'cdk'"):
        toolchain.find_cdktf(tmp_path)


def test_all_missing_tools_are_reported_together(only_path: Path) -> None:
    with pytest.raises(OperationError) as refused:
        toolchain.require_tools(toolchain.find_terraform, toolchain.find_node, lambda: toolchain.find_cdktf(only_path))
    assert [line.split(" is ")[0] for line in refused.value.message.splitlines()] == [
        "Terraform 1.6 or newer",
        "Node.js 20 or newer",
        "cdktf",
    ]
