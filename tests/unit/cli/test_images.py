"""`mlinfra images` as a user runs it, against the local AWS."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from mlinfra.catalog.image_lock import IMAGE_LOCK_FILE, ImageLock
from mlinfra.cli.main import app
from mlinfra.local_aws.seed import DEEP_LEARNING_IMAGES

if TYPE_CHECKING:
    from typer.testing import Result

pytestmark = pytest.mark.usefixtures("local_aws")

NEWEST = DEEP_LEARNING_IMAGES[0]
OLDER = next(each for each in DEEP_LEARNING_IMAGES if each.name.endswith("(Ubuntu 22.04) 20260907"))

DECLARATION = """
from datetime import date
from mlinfra import Environment, Experiment

{name} = Environment(
    name="{name}", project="recsys", account_id="{account}", region="us-east-1", team="ml", cost_center="none",
    repository="example.com", monthly_spend_limit_usd=1, emulated={emulated}, sizes={{"small": "g4dn.xlarge"}},
    experiments=[Experiment(name="two-tower-v2", owner="ana@example.com", size="small", expires=date(2099, 12, 31))],
)
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of two environments, one of which lives in the local AWS."""
    root = tmp_path / "project"
    (root / "environments").mkdir(parents=True)
    for name in ("cdktf.json", "main.py"):
        (root / name).touch()
    for name, account, emulated in (("local", "123456789012", True), ("dev", "111111111111", False)):
        text = DECLARATION.format(name=name, account=account, emulated=emulated)
        (root / "environments" / f"{name}.py").write_text(text)
    monkeypatch.chdir(root)
    return root


def images(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["images", *arguments])


def fall_behind() -> None:
    """Pin the release before the newest, as a lock of some weeks ago does."""
    path = Path(IMAGE_LOCK_FILE)
    text = path.read_text().replace(NEWEST.image_id("us-east-1"), OLDER.image_id("us-east-1"))
    path.write_text(text.replace(NEWEST.name, OLDER.name).replace(NEWEST.created, OLDER.created))


def test_pin_then_diff_then_list() -> None:
    assert images("diff", "local").exit_code == 2
    pinned = images("pin", "local")
    assert pinned.exit_code == 0
    assert "open-driver, us-east-1 of the local AWS: is pinned now" in pinned.output
    assert images("diff", "local").exit_code == 0
    listed = images("list").output
    assert NEWEST.image_id("us-east-1") in listed
    assert "us-east-1 of the local AWS" in listed
    assert "595.91.07" in listed


def test_a_newer_image_is_shown_field_by_field_with_what_it_does_to_clusters() -> None:
    images("pin", "local")
    fall_behind()
    text = images("diff", "local").output
    assert f"{OLDER.image_id('us-east-1')} -> {NEWEST.image_id('us-east-1')}" in text
    assert "2026-09-07 -> 2026-09-17" in text
    assert "local/two-tower-v2: the next deploy creates a new version of the launch template." in text
    assert ImageLock.load(Path(IMAGE_LOCK_FILE)).dump().count(OLDER.name) == 1


def test_without_names_it_takes_the_environments_of_the_account() -> None:
    ended = images("pin")
    assert ended.exit_code == 0
    assert "Skipped: dev, not on the local AWS in use" in ended.output
    assert list(json.loads(Path(IMAGE_LOCK_FILE).read_text())) == ["local", "version"]


def test_what_is_not_known_of_an_image_is_said_with_how_to_state_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlinfra.operations.images.newest.image_release", lambda _name: None)
    text = images("pin", "local").output
    assert "driver       unknown" in text
    assert "--family open-driver --driver VERSION --cuda VERSION" in text
    text = images("pin", "local", "--driver", "580.95.05", "--cuda", "13.0", "--cuda", "12.8").output
    assert "driver       unknown -> 580.95.05" in text
    assert "CUDA         unknown -> 13.0 12.8" in text


def test_an_image_without_a_driver_is_not_said_to_have_an_unknown_one() -> None:
    text = images("pin", "local", "--family", "neuron").output
    assert "driver       none" in text
    assert "--driver" not in text


def test_an_error_ends_with_1_and_a_sentence() -> None:
    command = Path(sys.executable).with_name("mlinfra")
    ended = subprocess.run([command, "images", "list"], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"✗ {IMAGE_LOCK_FILE}: 1 problem\n  - it is missing. Run `")
    ended = subprocess.run([command, "images", "diff", "dev"], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "the environment 'dev' is not emulated" in ended.stderr
