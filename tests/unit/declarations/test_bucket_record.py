"""The names of protected buckets do not change unseen."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from mlinfra import DataLake, DeclarationError, load_environments
from mlinfra.cli.main import app
from mlinfra.declarations.bucket_record import BUCKET_RECORD_FILE, BucketRecord
from mlinfra.declarations.types import LAKE_BUCKETS
from tests.conftest import an_environment

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.testing import Synth


RAW = "recsys-dev-raw-111111111111-us-east-1"
DECLARATION = """
from mlinfra import Environment
prod = Environment(
    name="prod", project="{project}", account_id="111111111111", region="us-east-1", team="ml", cost_center="1",
    repository="here", monthly_spend_limit_usd=1, bucket_names={names!r},
)
"""


def recorded() -> BucketRecord:
    environment = an_environment()
    return BucketRecord({"dev": {use: environment.names.bucket(use) for use in LAKE_BUCKETS}})


def synthesized(synth: Synth, record: BucketRecord, *, protect: bool = True, **changes: Any) -> None:
    environment = an_environment(**changes, bucket_record=record)
    synth.constructs(lambda stack: DataLake(stack, "lake", protect=protect), environment=environment)


def test_a_protected_lake_keeps_its_names(synth: Synth) -> None:
    synthesized(synth, recorded())


@pytest.mark.parametrize("change", [{"project": "ranking"}, {"account_id": "222222222222"}, {"region": "eu-west-1"}])
def test_a_renamed_bucket_of_a_protected_lake_fails_the_synth(synth: Synth, change: dict[str, str]) -> None:
    with pytest.raises(DeclarationError, match="data lake of 'dev'") as refused:
        synthesized(synth, recorded(), **change)
    said = str(refused.value)
    assert f"raw: its bucket is '{RAW}', and would be '" in said
    assert f"To keep the data in its buckets: set bucket_names={{'raw': '{RAW}', " in said
    assert "To move it: copy the objects" in said
    assert "remove 'dev' from environments/buckets.lock.json" in said


def test_the_names_in_the_message_resolve_the_error(synth: Synth) -> None:
    synthesized(synth, recorded(), project="ranking", bucket_names=dict(recorded().names["dev"]))


def test_an_unprotected_lake_may_be_renamed(synth: Synth) -> None:
    synthesized(synth, recorded(), protect=False, project="ranking")


def test_a_protected_lake_whose_names_are_not_recorded_fails_the_synth(synth: Synth) -> None:
    with pytest.raises(DeclarationError, match=r"its buckets are not recorded.*Run `.*buckets pin dev`, and commit"):
        synthesized(synth, BucketRecord())


def test_an_environment_without_a_record_is_not_compared(synth: Synth) -> None:
    synth.constructs(lambda stack: DataLake(stack, "lake", protect=True), environment=an_environment())


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"silver": "recsys-silver"}, r"bucket_names: the data lake has no bucket for 'silver'. Expected: one of raw"),
        ({"raw": "Raw_Data"}, r"bucket_names.raw: 'Raw_Data' is not a valid bucket name. Expected: 3 to 63 lower-case"),
        (
            {"raw": "one-name", "models": "one-name"},
            r"bucket_names: 'one-name' is declared twice; names must be unique.",
        ),
    ],
)
def test_invalid_names_are_refused(names: dict[str, str], message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        an_environment(bucket_names=names)


def project(root: Path, *, name: str = "recsys", names: dict[str, str] | None = None, stem: str = "prod") -> Path:
    (root / "environments").mkdir(exist_ok=True)
    text = DECLARATION.format(project=name, names=names or {})
    (root / "environments" / f"{stem}.py").write_text(text.replace("prod", stem))
    (root / "cdktf.json").write_text("{}")
    (root / "main.py").touch()
    return root


def pin(root: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Any:
    monkeypatch.chdir(root)
    return CliRunner().invoke(app, ["buckets", "pin", *arguments])


def test_pinning_writes_every_name_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = project(tmp_path)
    assert f"{len(LAKE_BUCKETS)} new names in environments/buckets.lock.json" in pin(root, monkeypatch).output
    text = (root / BUCKET_RECORD_FILE).read_text()
    assert json.loads(text)["prod"]["raw"] == "recsys-prod-raw-111111111111-us-east-1"
    assert "All names were recorded already" in pin(root, monkeypatch, "prod").output
    assert (root / BUCKET_RECORD_FILE).read_text() == text


def test_pinning_never_forgets_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pin(project(tmp_path), monkeypatch)
    before = (tmp_path / BUCKET_RECORD_FILE).read_text()
    refused = pin(project(tmp_path, name="ranking"), monkeypatch)
    assert isinstance(refused.exception, DeclarationError)
    assert "S3 cannot rename a bucket" in str(refused.exception)
    assert (tmp_path / BUCKET_RECORD_FILE).read_text() == before


def test_a_project_compares_with_the_record_it_has_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, synth: Synth
) -> None:
    pin(project(tmp_path), monkeypatch)
    (environment,) = load_environments(project(tmp_path, name="ranking"))
    with pytest.raises(DeclarationError, match="S3 cannot rename a bucket"):
        synth.constructs(lambda stack: DataLake(stack, "lake"), environment=environment)


def test_a_renamed_environment_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pin(project(tmp_path), monkeypatch)
    project(tmp_path, stem="live")
    (tmp_path / "environments" / "prod.py").unlink()
    with pytest.raises(DeclarationError, match=r"prod: its data lake is protected, and the environment is no longer"):
        load_environments(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<<<<<<< HEAD", r"it cannot be read \(.*\), as after a merge. Restore it"),
        ("{}", r"its version is not 1. Expected: a file written by"),
        ('{"version": 1, "prod": ["raw"]}', r"prod: \['raw'\] is not an object of names"),
        ('{"version": 1, "prod": {"silver": "a"}}', r"prod.silver: unknown bucket. Expected: one of raw, "),
    ],
)
def test_a_broken_record_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = project(tmp_path) / BUCKET_RECORD_FILE
    path.write_text(text)
    with pytest.raises(DeclarationError, match=message):
        load_environments(tmp_path)
