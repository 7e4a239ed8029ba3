"""`mlinfra init` writes a project, asks on a terminal only, and says what to do next."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from mlinfra.cli.main import app
from mlinfra.errors import DeclarationError, OperationError

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

STATE = {
    "version": 4,
    "resources": [
        {
            "mode": "managed",
            "type": "aws_sagemaker_endpoint",
            "name": "ranker",
            "provider": 'provider["registry.terraform.io/hashicorp/aws"]',
            "instances": [
                {
                    "attributes": {
                        "id": "ranker",
                        "name": "ranker",
                        "arn": "arn:aws:sagemaker:eu-west-1:222222222222:endpoint/ranker",
                    }
                }
            ],
        }
    ],
}


@pytest.fixture(autouse=True)
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)


def init(*arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(app, ["init", *arguments], input=typed)


def test_a_project_is_written_and_the_next_commands_are_shown(tmp_path: Path) -> None:
    ended = init("ranker", "--owner", "ana@example.com")
    assert ended.exit_code == 0, ended.exception
    assert ended.stdout.startswith("ranker: 31 files written to ranker.\n")
    assert "The account of dev is the placeholder 111111111111" in ended.stdout
    assert "no pipeline is trusted" in " ".join(ended.stdout.split())
    commands = ended.stdout[ended.stdout.index("Next:") :]
    assert "cd ranker && " in commands
    assert "git commit --message 'Start ranker'" in commands
    assert "make local" in commands
    assert 'owner="ana@example.com"' in (tmp_path / "ranker" / "environments" / "dev.py").read_text()
    assert (tmp_path / "ranker" / ".git").is_dir()


def test_the_example_expires_after_the_day_with_which_commands_compare_expiries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLINFRA_TODAY", "2031-01-05")
    assert init("ranker", "--owner", "ana@example.com").exit_code == 0
    assert re.search(r"expires=date\(2031, ", (tmp_path / "ranker" / "environments" / "dev.py").read_text())


def test_the_options_are_declared(tmp_path: Path) -> None:
    ended = init(
        *("ranker", "--owner", "ana@example.com", "--account-id", "222222222222", "--region", "eu-west-1"),
        *("--ci", "github", "--repository", "github.com/ml/ranker", "--json"),
    )
    assert ended.exit_code == 0, ended.exception
    result = json.loads(ended.stdout)
    assert ".github/workflows/train.yml" in result["files"]["created"]
    assert result["git"] is True
    declared = (tmp_path / "ranker" / "environments" / "dev.py").read_text()
    for line in ('account_id="222222222222",\n', 'region="eu-west-1"', 'provider="github"', 'project="ml/ranker"'):
        assert line in declared
    assert 'url="' not in declared


def test_a_region_without_a_pinned_image_is_named_with_the_command(tmp_path: Path) -> None:
    ended = init(str(tmp_path / "ranker"), "--owner", "ana@example.com", "--region", "eu-west-1")
    assert "No machine image is pinned for eu-west-1 yet." in ended.stdout
    assert "images pin dev" in ended.stdout


def test_without_a_terminal_a_missing_owner_is_an_error_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    ended = init("ranker")
    assert isinstance(ended.exception, OperationError)
    assert ended.exception.message == (
        "There is no default for --owner. Nothing was written. Use --owner, such as --owner ana@example.com."
    )
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal, and a user whose git has no e-mail address."""
    monkeypatch.setattr("mlinfra.cli.init._is_terminal", lambda: True)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")


@pytest.mark.usefixtures("terminal")
def test_on_a_terminal_it_asks_only_for_what_has_no_good_default_and_shows_the_others(tmp_path: Path) -> None:
    ended = init("ranker", typed="333333333333\neu-west-1\nli@example.com\nnone\n")
    assert ended.exit_code == 0, ended.exception
    assert "Name of the project" not in ended.output
    for question in (
        "AWS account of dev (Enter: a placeholder to replace later) [111111111111]: ",
        "AWS region [us-east-1]: ",
        "E-mail address of the owner: ",
        "Pipeline: gitlab, github or none [gitlab]: ",
    ):
        assert question in ended.output
    declared = (tmp_path / "ranker" / "environments" / "dev.py").read_text()
    assert 'account_id="333333333333"' in declared
    assert 'region="eu-west-1"' in declared
    assert 'owner="li@example.com"' in declared
    assert "pipeline" not in declared
    assert "Owner: li@example.com. Region: eu-west-1. Pipeline: none." in ended.stdout


@pytest.mark.usefixtures("terminal")
def test_it_asks_nothing_that_options_git_and_the_environment_determine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    for name, value in (("KEY", "user.email"), ("VALUE", "li@example.com")):
        monkeypatch.setenv(f"GIT_CONFIG_{name}_0", value)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    options = ("--account-id", "222222222222", "--repository", "github.com/ml/ranker")
    ended = init("ranker", *options, typed="")
    assert ended.exit_code == 0, ended.exception
    assert "[" not in ended.stderr
    assert "Owner: li@example.com. Region: eu-west-1. Pipeline: github." in ended.stdout
    assert 'account_id="222222222222"' in (tmp_path / "ranker" / "environments" / "dev.py").read_text()


@pytest.mark.usefixtures("terminal")
def test_yes_asks_nothing_and_takes_the_defaults(tmp_path: Path) -> None:
    ended = init("ranker", "--owner", "ana@example.com", "--yes", typed="")
    assert ended.exit_code == 0, ended.exception
    assert "Owner: ana@example.com. Region: us-east-1. Pipeline: gitlab." in ended.stdout
    assert 'account_id="111111111111"' in (tmp_path / "ranker" / "environments" / "dev.py").read_text()


@pytest.mark.usefixtures("terminal")
def test_yes_without_a_default_for_the_owner_is_an_error(tmp_path: Path) -> None:
    ended = init("ranker", "--yes", typed="")
    assert isinstance(ended.exception, OperationError)
    assert "There is no default for --owner" in ended.exception.message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("terminal")
def test_an_unknown_service_of_pipelines_is_an_error(tmp_path: Path) -> None:
    ended = init("ranker", typed="\n\nli@example.com\njenkins\n")
    assert isinstance(ended.exception, OperationError)
    assert ended.exception.message == (
        "'jenkins' is not a service of pipelines. Expected: gitlab, github, none. Nothing was written."
    )
    assert list(tmp_path.iterdir()) == []


def test_an_invalid_name_is_an_error_of_the_declaration_and_nothing_is_written(tmp_path: Path) -> None:
    ended = init("ranker", "--owner", "ana@example.com", "--project", "Ranker")
    assert isinstance(ended.exception, DeclarationError)
    assert "project: 'Ranker'" in str(ended.exception)
    assert list(tmp_path.iterdir()) == []


def test_the_present_folder_is_named_as_such() -> None:
    ended = init(".", "--project", "ranker", "--owner", "ana@example.com")
    assert ended.stdout.startswith("ranker: 31 files written to this folder.\n")


def test_conflicting_files_are_listed_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text("all:\n")
    ended = init(".", "--project", "ranker", "--owner", "ana@example.com")
    assert isinstance(ended.exception, OperationError)
    assert ended.exception.details == "Makefile exists with another content"
    assert [each.name for each in tmp_path.iterdir()] == ["Makefile"]


def test_an_existing_state_gives_account_region_and_a_page_of_proposals(tmp_path: Path) -> None:
    (tmp_path / "old.tfstate").write_text(json.dumps(STATE))
    ended = init("ranker", "--owner", "ana@example.com", "--from-hcl", "old.tfstate")
    assert ended.exit_code == 0, ended.exception
    assert "old.tfstate: 1 resource: 1 to constructs, 0 to adopt, 0 to stay HCL" in ended.stdout
    assert "aws_sagemaker_endpoint.ranker -> ServingEndpoint (high): it is an endpoint of SageMaker" in ended.stdout
    declared = (tmp_path / "ranker" / "environments" / "dev.py").read_text()
    assert 'account_id="222222222222"' in declared
    assert 'region="eu-west-1"' in declared
    page = (tmp_path / "ranker" / "migration.md").read_text()
    assert "| `aws_sagemaker_endpoint.ranker` | `ranker` | `ServingEndpoint` | replaces it | high |" in page
    assert (tmp_path / "old.tfstate").read_text() == json.dumps(STATE)


def test_the_folder_of_the_existing_configuration_is_refused(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    ended = init("old", "--owner", "ana@example.com", "--from-hcl", str(tmp_path / "old"))
    assert isinstance(ended.exception, OperationError)
    assert ended.exception.message == (
        "old is the existing configuration, which is not changed. Choose another folder for the project."
    )


def test_a_folder_with_a_space_is_quoted_in_the_next_command() -> None:
    ended = init("my [ranker]", "--owner", "ana@example.com")
    assert ended.exit_code == 0, ended.exception
    assert "my-ranker: 31 files written to my [ranker].\n" in ended.stdout
    assert "cd 'my [ranker]' && " in ended.stdout


def test_an_unreadable_state_writes_no_project(tmp_path: Path) -> None:
    ended = init("ranker", "--owner", "ana@example.com", "--from-hcl", "none.tfstate")
    assert isinstance(ended.exception, OperationError)
    assert ended.exception.message.startswith("none.tfstate does not exist.")
    assert list(tmp_path.iterdir()) == []
