"""The options and output of `mlinfra audit`, with a local AWS."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from mlinfra.cli.main import app
from mlinfra.errors import OperationError
from mlinfra.operations.audit import FileBaseline
from tests.unit.operations.audit.story import run_instances

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from mlinfra.local_aws.server import LocalAws

REGION = ("--region", "us-east-1", "--no-launchers")


@pytest.fixture(autouse=True)
def no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def audit(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["audit", *arguments])


def error_of(*arguments: str) -> str:
    exception = audit(*arguments).exception
    assert isinstance(exception, OperationError)
    return exception.message


def test_the_first_lines_have_the_cost_by_classification_and_the_dearest_resources(client: Callable[..., Any]) -> None:
    run_instances(client, "hackathon", "p4d.24xlarge", 4, "us-east-1", KeyName="ben-laptop")
    ended = audit(*REGION)
    assert ended.exit_code == 2
    lines = ended.stdout.splitlines()
    assert lines[0].startswith("Account 123456789012: 64,1")
    assert lines[0].endswith(" USD a month, in 1 of 1 region.")
    assert lines[1].split()[:3] == ["unmanaged", lines[1].split()[1], "USD"]
    assert lines[1].endswith("1 cluster")
    row = next(line for line in lines if "hackathon (4 x p4d.24xlarge)" in line)
    assert row.split()[-3:] == ["h", "unmanaged", "ben-laptop?"]
    assert "  owner: ben-laptop?, from key pair ben-laptop" in lines
    assert "mlinfra audit --tag" in ended.stdout


def test_json_and_csv_have_the_same_items(client: Callable[..., Any], tmp_path: Path) -> None:
    run_instances(client, "=cmd", "t3.micro", 1, "us-east-1")
    ended = audit(*REGION, "--json", "--out", "audit.csv")
    (item,) = json.loads(ended.stdout)["items"]
    (row,) = csv.DictReader(io.StringIO((tmp_path / "audit.csv").read_text()))
    assert (row["id"], float(row["usd_per_month"])) == (item["id"], item["usd_per_month"])
    assert row["name"] == "'=cmd"  # a spreadsheet would evaluate it
    assert audit(*REGION, "--csv").stdout.splitlines()[0].startswith("region,service,kind,id,name,classification,")


def test_later_audits_show_only_what_is_new(client: Callable[..., Any], tmp_path: Path) -> None:
    (first,) = run_instances(client, "first", "t3.micro", 1, "us-east-1")
    assert audit(*REGION, "--memory", "known.json").exit_code == 2
    known = audit(*REGION, "--memory", "known.json")
    assert known.exit_code == 0
    assert "Nothing is new since the last audit." in known.stdout
    run_instances(client, "second", "t3.micro", 1, "us-east-1")
    client("ec2").terminate_instances(InstanceIds=[first])
    new = audit(*REGION, "--memory", "known.json")
    assert new.exit_code == 2
    assert "second (1 x t3.micro)" in new.stdout
    assert "first (1 x t3.micro)" not in new.stdout
    assert f"resolved since the last audit: us-east-1/ec2/instance/{first}" in new.stdout
    assert len(FileBaseline(tmp_path / "known.json").load()) == 1


def test_owner_tags_are_set_after_a_yes(client: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    ids = run_instances(client, "hackathon", "g5.xlarge", 2, "us-east-1", KeyName="ben-laptop")
    answers = [False, True]
    monkeypatch.setattr("mlinfra.cli.audit.confirmed", lambda *_: answers.pop(0))
    assert "Nothing was tagged." in audit(*REGION, "--tag").stderr
    tagged = audit(*REGION, "--tag", "hackathon", "--owner", "ben@example.com")
    assert "us-east-1 instance-group hackathon (2 instances)  ben@example.com  named" in tagged.stderr
    assert "Tagged: 2 of 2 resources." in tagged.stderr
    found = client("ec2").describe_tags(Filters=[{"Name": "key", "Values": ["Owner"]}])["Tags"]
    assert {(each["ResourceId"], each["Value"]) for each in found} == {(each, "ben@example.com") for each in ids}


def test_the_least_policy_is_printed() -> None:
    statements = json.loads(audit("--policy").stdout)["Statement"]
    assert "ec2:DescribeInstances" in statements[0]["Action"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--json", "--csv"), "--json and --csv both set the format of standard output"),
        (("--memory", "a.json", "--remember", "dev"), "--memory and --remember exclude each other"),
        (
            ("--out", "audit.txt"),
            "--out audit.txt has an unknown format. Expected: a name that ends with .json or .csv.",
        ),
        (("--adopt", "dev", "--json"), "--adopt writes its own report to standard output. Use --out FILE"),
        (("--adopt", "dev"), "--adopt dev requires the owner of the adopted resources. Add --owner EMAIL."),
        (("--adopt", "dev", "--owner", "a@b.c", "--tag"), "--tag and --adopt exclude each other"),
        (("--remember", "dev"), "There is no environment 'dev' for --remember. Declared: none"),
    ],
)
def test_contradicting_options_are_refused(arguments: tuple[str, ...], message: str) -> None:
    assert message in error_of(*arguments)


def test_a_file_that_is_not_a_baseline_is_refused(tmp_path: Path, local_aws: LocalAws) -> None:  # noqa: ARG001
    (tmp_path / "known.json").write_text("[]")
    assert "known.json is not a valid baseline" in error_of(*REGION, "--memory", "known.json")


def test_an_owner_of_all_resources_is_refused(local_aws: LocalAws) -> None:  # noqa: ARG001
    assert "--owner applies to named resources only" in error_of(*REGION, "--tag", "--owner", "ben@example.com")
