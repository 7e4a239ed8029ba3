"""The command as a user starts it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from mlinfra.command import own_command
from tests.conftest import ROOT
from tests.programs import MLINFRA, mlinfra

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("own_folders")


@pytest.fixture(autouse=True)
def no_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)


def process(*arguments: str, cwd: Path = ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
    """The installed command, as a user starts it."""
    environment = {**os.environ, **variables}
    return subprocess.run([MLINFRA, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_version_is_shown() -> None:
    assert mlinfra("--version").stdout.startswith("mlinfra 0.")


def test_the_process_ends_with_one_message_and_exit_code_1() -> None:
    ended = process("catalog", "--gpu", "h10")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("✗ ")
    assert "Nearest: h100" in ended.stderr


def test_help_is_shown() -> None:
    assert "bootstrap" in mlinfra("--help").stdout


def test_commands_are_listed_in_panels_by_purpose_in_order() -> None:
    shown = mlinfra("--help").stdout
    panels = re.findall("^╭─ ([A-Z][a-z ]+?) ─", shown, re.MULTILINE)
    assert panels == ["Options", "Set up", "Declare", "Deploy", "Run", "Watch", "Clean up"]


@pytest.mark.parametrize("command", [(), ("plan",), ("clusters", "stop"), ("provenance",), ("provenance", "commit")])
def test_h_is_help(command: tuple[str, ...]) -> None:
    assert mlinfra(*command, "-h").stdout == mlinfra(*command, "--help").stdout
    assert "Usage: mlinfra" in mlinfra(*command, "-h").stdout


def test_shell_completion_lists_the_commands() -> None:
    variables = {"_MLINFRA_COMPLETE": "complete_bash", "COMP_WORDS": "mlinfra pr", "COMP_CWORD": "1"}
    assert mlinfra(**variables).stdout.split() == ["preflight", "provenance"]
    # Without Typer's detection of the shell from which the tests were started.
    shown = mlinfra("--show-completion", "bash", _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1").stdout
    assert "_MLINFRA_COMPLETE=complete_bash" in shown


def test_parallelism_has_one_name() -> None:
    for command in ("plan", "drift"):
        assert "--parallelism" in mlinfra(command, "--help").stdout


@pytest.mark.parametrize(
    "command",
    [
        ("apply",),
        ("bootstrap",),
        ("buckets", "list"),
        ("buckets", "pin"),
        ("catalog",),
        ("clusters",),
        ("clusters", "stop"),
        ("demo",),
        ("images", "diff"),
        ("images", "list"),
        ("images", "pin"),
        ("local", "status"),
        ("plan",),
        ("provenance", "commit"),
        ("provenance", "stack"),
    ],
    ids=" ".join,
)
def test_json_is_an_option_of_every_command_with_a_result(command: tuple[str, ...]) -> None:
    assert "--json" in mlinfra(*command, "--help").stdout


def test_json_is_alone_on_standard_output() -> None:
    assert json.loads(mlinfra("images", "list", "--json").stdout)[0]["family"]
    assert isinstance(json.loads(mlinfra("buckets", "list", "--json").stdout), dict)
    assert json.loads(mlinfra("local", "status", "--json").stdout) == {"running": False}


def test_help_loads_nothing_heavy() -> None:
    program = "import sys; from mlinfra.cli.main import app; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert {"boto3", "cdktf", "jsii", "moto", "pydantic"}.isdisjoint(loaded)


def refusal(*arguments: str, cwd: Path = ROOT, **variables: str) -> str:
    """The error message of a command that fails, without the progress before it."""
    ended = mlinfra(*arguments, cwd=cwd, **variables)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    return ended.stderr[[match.start() for match in re.finditer("^✗ (?!.* s$)", ended.stderr, re.MULTILINE)][-1] :]


def test_outside_a_project(tmp_path: Path) -> None:
    assert refusal("bootstrap", "dev", cwd=tmp_path).startswith("✗ There is no cdktf.json and main.py in")


def test_an_environment_that_is_not_declared() -> None:
    assert "Did you mean 'prod'?" in refusal("bootstrap", "prd")


class TestCatalog:
    def test_a_table_cuts_no_figure_off(self) -> None:
        shown = mlinfra("catalog", "--gpu", "H100", "--gpus-per-node", "8", "--nodes", "4", COLUMNS="60").stdout
        assert "…" not in shown
        row = next(line.split() for line in shown.splitlines() if line.startswith("p5.48xlarge"))
        assert row == ["p5.48xlarge", "h100", "8", "80", "192", "2048", "3200", "32", "32", "30400", "55.04", "220.16"]
        assert "An experiment with these requirements uses p5.48xlarge" in shown

    def test_an_unknown_price_is_shown_as_unknown(self) -> None:
        shown = mlinfra("catalog", "--gpu", "trainium2", "--nodes", "2").stdout
        assert shown.splitlines()[1].split()[-2:] == ["unknown", "unknown"]
        facts = json.loads(mlinfra("catalog", "--gpu", "trainium2", "--nodes", "2", "--json").stdout)
        prices = {each["name"]: (each["usd_per_hour"], each["usd_per_hour_all_nodes"]) for each in facts}
        assert prices == {"trn2.48xlarge": (None, None), "trn2u.48xlarge": (None, None)}

    def test_prices_are_those_of_the_region_with_their_dates(self) -> None:
        arguments = ("catalog", "--gpu", "H100", "--gpus-per-node", "8", "--region", "eu-west-2")
        shown = mlinfra(*arguments, MLINFRA_TODAY="2027-08-01").stdout
        row = next(line.split() for line in shown.splitlines() if line.startswith("p5.48xlarge"))
        assert row[-1] != "55.04"
        assert "for Linux in eu-west-2. An unknown price is not a price of 0. 1 are older than a year" in shown
        (facts, *_) = json.loads(mlinfra(*arguments, "--json").stdout)
        assert (facts["price_region"], facts["price_basis"]) == ("eu-west-2", "published")
        assert "'mars-1' is not an AWS region." in refusal("catalog", "--region", "mars-1")

    def test_requirements_without_an_offer_list_the_nearest_types(self) -> None:
        assert "Nearest: p5.4xlarge" in refusal("catalog", "--gpu", "h100", "--gpus-per-node", "2")
        assert "Remove one of the filters" in refusal("catalog", "--gpu", "h100", "--max-usd-per-hour", "1")
        assert "Remove one of the filters" in refusal("catalog", "--max-usd-per-hour", "0.01")
        assert "Nearest: h100" in refusal("catalog", "--gpu", "h10")


def test_bootstrapping_without_credentials(tmp_path: Path) -> None:
    no_aws = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    text = refusal("bootstrap", "dev", HOME=str(tmp_path), AWS_EC2_METADATA_DISABLED="true", **no_aws)
    assert "✗ There are no AWS credentials" in text


def test_bootstrapping_a_local_environment_without_a_local_aws() -> None:
    assert 'mlinfra local env)"' in refusal("bootstrap", "local")


def test_bootstrapping_without_terraform(tmp_path: Path) -> None:
    assert refusal("bootstrap", "dev", PATH=str(tmp_path)).startswith("✗ Terraform 1.")


def test_the_demo_without_any_tool_names_all_of_them(tmp_path: Path) -> None:
    lines = refusal("demo", PATH=str(tmp_path)).splitlines()
    assert lines[0].startswith("✗ Terraform 1.6 or newer is required, and 'terraform' is not on the PATH. Install it:")
    assert lines[1].startswith("Node.js 20 or newer is required, and 'node' is not on the PATH. Install it:")


@pytest.mark.local_aws
class TestLocal:
    def test_from_up_to_down(self, tmp_path: Path) -> None:
        up = process("local", "up")
        assert up.returncode == 0, up.stderr
        try:
            assert "Started: http://127.0.0.1:" in up.stdout
            assert " answers: process " in process("local", "status").stdout
            assert "Already running" in process("local", "up").stdout
            env = process("local", "env", "--region", "eu-west-1", AWS_PROFILE="prod")
            program = (
                "import boto3; s = boto3.client('sts'); print(s.get_caller_identity()['Account'], s.meta.region_name)"
            )
            shell = subprocess.run(
                ["/bin/sh", "-c", f'{env.stdout}\n"$PYTHON" -c "{program}"'],
                env={**os.environ, "AWS_PROFILE": "prod", "PYTHON": sys.executable},
                capture_output=True,
                text=True,
                check=True,
            )
            assert shell.stdout.split() == ["123456789012", "eu-west-1"]
            elsewhere = process("local", "env", cwd=tmp_path)
            assert "export AWS_ENDPOINT_URL=http://127.0.0.1:" in elsewhere.stdout
            assert elsewhere.stderr.startswith("Terraform settings are not changed. There is no cdktf.json")
            assert (
                "Created in us-west-2: instances hackathon, 4 x p4d.24xlarge\n" in process("local", "populate").stdout
            )
        finally:
            down = process("local", "down")
        assert down.stdout.startswith("Stopped: http://127.0.0.1:")
        assert process("local", "down").stdout == "The local AWS is not running.\n"

    def test_when_none_runs(self) -> None:
        status = process("local", "status")
        assert (status.returncode, status.stdout) == (
            1,
            f"The local AWS is not running. Start it: {own_command()} local up\n",
        )
        assert process("local", "populate").stderr.startswith("✗ The local AWS is not running. Start it: ")
        assert f"✗ The local AWS is not running. Start it: {own_command()} local up" in refusal("local", "env")

    def test_an_invalid_port_is_refused(self) -> None:
        ended = process("local", "up", "--port", "70000")
        assert ended.returncode == 2
        assert "Traceback" not in ended.stderr


def test_an_invalid_tag_is_refused() -> None:
    told = refusal("adopt", "local", "--tag", "origin", "--owner", "ana@example.com")
    assert "--tag 'origin' is not a valid tag. Expected: KEY=VALUE." in told


def test_a_stack_without_an_environment_is_refused() -> None:
    told = refusal("forget", "aws_s3_bucket.a", "--stack", "nowhere-data", "--reason", "It is not ours.")
    assert "The stack 'nowhere-data' belongs to no environment" in told
