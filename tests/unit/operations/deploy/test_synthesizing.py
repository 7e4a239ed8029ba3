from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.deploy.synthesizing import read_synthesis, synth
from mlinfra.operations.terraform.progress import Quiet

if TYPE_CHECKING:
    from pathlib import Path

# Writes what cdktf writes, without cdktf.
MAIN = """\
import json, os
from pathlib import Path

environment, out = os.environ["MLINFRA_ENV"], Path(os.environ["CDKTF_OUTDIR"])
assert "AWS_ACCESS_KEY_ID" not in os.environ
stacks = {}
for component, depends in {"training": ["data"], "data": []}.items():
    name = f"{environment}-{component}"
    (out / "stacks" / name).mkdir(parents=True)
    (out / "stacks" / name / "cdk.tf.json").write_text(Path("VALUE").read_text() if component == "data" else "{}")
    stacks[name] = {
        "workingDirectory": f"stacks/{name}", "dependencies": [f"{environment}-{each}" for each in depends]
    }
(out / "manifest.json").write_text(json.dumps({"stacks": stacks}))
"""
DECLARATION = """\
from mlinfra import Environment

{name} = Environment(
    name="{name}", project="recsys", account_id="111111111111", region="us-east-1", team="ml-platform",
    cost_center="ml-1234", repository="gitlab.example.com/ml/platform", monthly_spend_limit_usd=15_000,
)
"""


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=ana", "-c", "user.email=ana@example.com", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


def commit(folder: Path) -> str:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=x")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the environments dev and prod, each with two stacks, without credentials of AWS."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    root = tmp_path / "project"
    (root / "environments").mkdir(parents=True)
    for name in ("dev", "prod"):
        (root / "environments" / f"{name}.py").write_text(DECLARATION.format(name=name))
    (root / "main.py").write_text(MAIN)
    (root / "VALUE").write_text("{}")
    (root / ".gitignore").write_text("__pycache__/\n")
    git(root, "init", "--quiet", "--initial-branch=main", ".")
    commit(root)
    return root


def test_the_stacks_of_all_environments_are_written_and_read_again(project: Path) -> None:
    out = project / "synthesized"
    made = synth(project, Quiet(), out=out)
    assert [stack.name for _, stack in made.stacks] == ["dev-data", "dev-training", "prod-data", "prod-training"]
    assert made.commit == git(project, "rev-parse", "HEAD")
    assert read_synthesis(out) == made
    assert {path.name for path in out.iterdir()} == {".gitignore", "stacks", "synthesis.json"}
    assert (out / "stacks" / "dev-data" / "cdk.tf.json").read_text() == "{}"
    assert git(project, "status", "--porcelain") == ""


def test_stacks_that_equal_those_of_a_commit_are_marked(project: Path) -> None:
    base = git(project, "rev-parse", "HEAD")
    (project / "VALUE").write_text('{"resource": {}}')
    commit(project)
    out = project / "synthesized"
    made = synth(project, Quiet(), out=out, patterns=["dev-*"], changed_since=base)
    assert [stack.name for _, stack in made.stacks] == ["dev-data", "dev-training"]
    assert made.unchanged == ("dev-training",)
    assert synth(project, Quiet(), out=out, patterns=["dev-*"], changed_since="0" * 40).unchanged == ()
    assert read_synthesis(out).unchanged == ()


def test_uncommitted_changes_have_no_commit(project: Path) -> None:
    (project / "VALUE").write_text('{"resource": {}}')
    assert synth(project, Quiet(), out=project / "synthesized").commit is None


def test_fields_that_an_earlier_version_may_not_know_are_not_written(project: Path) -> None:
    path = project / "environments" / "dev.py"
    path.write_text(path.read_text().replace("spend_limit_usd=15_000,", "spend_limit_usd=15_000, nat_gateways='none',"))
    synth(project, Quiet(), out=project / "synthesized", patterns=["dev-*"])
    (written,) = json.loads((project / "synthesized" / "synthesis.json").read_text())["environments"]
    assert written == {
        "account_id": "111111111111",
        "cost_center": "ml-1234",
        "emulated": False,
        "monthly_spend_limit_usd": 15_000,
        "name": "dev",
        "project": "recsys",
        "region": "us-east-1",
        "repository": "gitlab.example.com/ml/platform",
        "team": "ml-platform",
    }


def test_a_folder_with_other_files_is_not_replaced(project: Path) -> None:
    with pytest.raises(OperationError, match="contains files that `mlinfra synth` did not write"):
        synth(project, Quiet(), out=project / "environments")
    assert (project / "environments" / "dev.py").is_file()


@pytest.mark.parametrize(
    "change",
    [
        {"stacks": [{"name": "../dev-data", "environment": "dev", "dependencies": []}]},
        {"stacks": [{"name": "prod-data", "environment": "dev", "dependencies": []}]},
        {"stacks": [{"name": "dev-data", "environment": "test", "dependencies": []}]},
        {"environments": [{"name": "dev"}]},
    ],
)
def test_a_changed_description_is_refused(project: Path, change: dict[str, object]) -> None:
    out = project / "synthesized"
    synth(project, Quiet(), out=out, patterns=["dev-*"])
    path = out / "synthesis.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(OperationError, match="is not a folder that `mlinfra synth` wrote"):
        read_synthesis(out)


def test_another_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OperationError, match=r"is not a folder that `mlinfra synth` wrote: .*No such file"):
        read_synthesis(tmp_path)
