"""`mlinfra cost actual` as a user runs it."""

from __future__ import annotations

import json
import shutil
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.functions.clients import Clients
from mlinfra.functions.records import Records
from tests.conftest import ROOT
from tests.local_aws import make_records_table
from tests.programs import mlinfra
from tests.unit.operations.billing.results import record

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from mlinfra.local_aws.server import LocalAws

TODAY = {"MLINFRA_TODAY": "2026-11-24"}


def test_a_month_that_has_not_begun_is_refused(own_folders: None) -> None:
    del own_folders
    ended = mlinfra("cost", "actual", "local", "--month", "2027-01", cwd=ROOT, **TODAY)
    assert ended.returncode == 1
    assert "--month: 2027-01 has not begun. Expected: 2026-11 or an earlier month." in ended.stderr


def test_an_environment_without_an_export_gets_the_remedy(local_aws: LocalAws) -> None:
    del local_aws
    ended = mlinfra("cost", "actual", "local", cwd=ROOT, **TODAY)
    assert ended.returncode == 1
    assert "The environment 'local' has no cost export, so its bill cannot be read." in ended.stderr
    assert "Traceback" not in ended.stderr


CONTENT = {
    "provider": {
        "aws": [
            {
                "region": "us-east-1",
                "allowed_account_ids": ["123456789012"],
                "default_tags": [{"tags": {"Environment": "local", "Team": "ml-platform", "CostCenter": "none"}}],
            }
        ]
    },
    "resource": {
        "aws_instance": {
            "node": {"instance_type": "g5.xlarge", "tags": {"Experiment": "two-tower", "Owner": "ana@example.com"}}
        },
    },
}


@pytest.fixture
def project(tmp_path: Path, client: Callable[..., Any]) -> Path:
    """A project whose environment `local` has a cost export, with a bill and recorded cost of clusters."""
    root = tmp_path / "project"
    shutil.copytree(ROOT / "environments", root / "environments")
    for name in ("cdktf.json", "main.py"):
        shutil.copyfile(ROOT / name, root / name)
    declaration = root / "environments" / "local.py"
    text = declaration.read_text().replace(
        "    Experiment,\n", "    CostExportSettings,\n    Experiment,\n    Governance,\n"
    )
    export = "    governance=Governance(cost_export=CostExportSettings()),\n    emulated=True,\n"
    declaration.write_text(text.replace("    emulated=True,\n", export))
    folder = root / "synthesized" / "stacks" / "local-training"
    folder.mkdir(parents=True)
    (folder / "cdk.tf.json").write_text(json.dumps(CONTENT))
    client("s3").create_bucket(Bucket="results")
    client("athena").create_work_group(
        Name="recsys-local-billing", Configuration={"ResultConfiguration": {"OutputLocation": "s3://results/"}}
    )
    make_records_table(client, "recsys-local-clusters")
    Records(Clients(), "recsys-local-clusters").add_spend(
        "recsys-local-two-tower", date(2026, 11, 20), 300, tags={"Owner": "ana@example.com"}
    )
    return root


def shown(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    arguments = ("cost", "actual", "local", "--synthesized", "synthesized", *arguments)
    ended = mlinfra(*arguments, cwd=project, **TODAY, COLUMNS="140")
    assert ended.returncode == 0, ended.stderr
    return ended


def test_bill_estimate_and_recorded_cost_are_beside_each_other(project: Path, local_aws: LocalAws) -> None:
    record(
        local_aws,
        ("ana@example.com", "local", "recsys", "USD", "400", "2026-11-22"),
        ("", "local", "recsys", "USD", "44", "2026-11-22"),
        ("", "", "", "USD", "30000", "2026-11-22"),
        ("li@example.com", "prod", "recsys", "USD", "7", "2026-11-22"),
    )
    output = shown(project).stdout
    (row,) = [line for line in output.splitlines() if "ana@example.com" in line]
    # g5.xlarge at 1.006 USD for 730 hours; 30 days of the 22 that are billed.
    assert [each for each in row.split() if each[0].isdigit()] == ["734", "300", "400", "545"]
    assert "(none)" in output
    assert "Other environments of the account: 7.00 USD so far." in output
    assert "Without the tag Environment: 30,000 USD so far. mlinfra did not make these resources" in output
    assert "Bill up to 2026-11-22, without credits, refunds and taxes, in USD." in output


def test_the_json_has_the_same_numbers(project: Path, local_aws: LocalAws) -> None:
    record(local_aws, ("ana@example.com", "local", "recsys", "USD", "400", "2026-11-22"))
    values = json.loads(shown(project, "--json").stdout)
    assert (values["month"], values["last_day"], values["environment"]) == ("2026-11", "2026-11-22", "local")
    assert values["rows"][0] | {"projected": 0, "estimated_low": 0, "estimated_high": 0} == {
        "name": "ana@example.com",
        "estimated_low": 0,
        "estimated_high": 0,
        "recorded": 300,
        "billed": 400,
        "projected": 0,
    }


def test_a_bill_without_data_is_explained(project: Path) -> None:
    output = shown(project, "--by", "service").stdout
    assert "The bill has no cost in 2026-11 yet. AWS delivers the first data within 24 hours" in output
