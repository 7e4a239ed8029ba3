"""Loading of the environments of a repository."""

from __future__ import annotations

import shutil
from datetime import date
from typing import TYPE_CHECKING

import pytest

from mlinfra import DeclarationError, load_environments
from mlinfra.catalog import PRICE_LOCK_FILE, PriceLock, RefreshedPrices, ec2_rate, use_refreshed_prices
from mlinfra.catalog.image_lock import IMAGE_LOCK_FILE, ImageLock
from mlinfra.declarations.bucket_record import BucketRecord
from tests.conftest import ROOT, TODAY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GOOD = """
from mlinfra import Environment
{name} = Environment(
    name="{name}", project="recsys", account_id="111111111111", region="us-east-1", team="ml", cost_center="ml-1",
    repository="gitlab.example.com/ml", monthly_spend_limit_usd=15_000{more}
)
"""


def declare(root: Path, name: str, text: str = "", more: str = "") -> None:
    folder = root / "environments"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.py").write_text(text or GOOD.format(name=name, more=more))


def test_the_environments_of_this_repository_are_valid() -> None:
    read = {each.name: each for each in load_environments(ROOT, today=TODAY)}
    assert list(read) == ["dev", "local", "prod", "staging"]
    assert len({each.account_id for each in read.values()}) == len(read)
    assert len({each.names.state_bucket for each in read.values()}) == len(read)
    assert read["prod"].protect_data
    assert read["staging"].max_nodes < read["prod"].max_nodes


def test_staging_has_smaller_gpus_than_prod() -> None:
    (staging,), (prod,) = (load_environments(ROOT, only=name, today=TODAY) for name in ("staging", "prod"))
    for size in staging.sizes:
        cheaper, dearer = (
            each.instance_type(each.experiments[0].model_copy(update={"size": size})) for each in (staging, prod)
        )
        assert cheaper.usd_per_hour is not None
        assert dearer.usd_per_hour is not None
        assert cheaper.usd_per_hour < dearer.usd_per_hour


def test_an_environment_that_is_not_declared_is_refused_with_the_nearest(tmp_path: Path) -> None:
    declare(tmp_path, "staging")
    with pytest.raises(DeclarationError, match="Did you mean 'staging'"):
        load_environments(tmp_path, only="stagin", today=TODAY)


def test_a_repository_without_environments_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="the folder contains no environment"):
        load_environments(tmp_path, today=TODAY)


def test_only_the_environment_asked_for_is_read(tmp_path: Path) -> None:
    declare(tmp_path, "dev")
    declare(tmp_path, "broken", text="1/0")
    assert [each.name for each in load_environments(tmp_path, only="dev", today=TODAY)] == ["dev"]


def test_an_error_in_a_file_is_reported_with_its_line(tmp_path: Path) -> None:
    declare(tmp_path, "dev", text="x = 1\ny = x / 0\n")
    with pytest.raises(DeclarationError, match=r"environments/dev.py, line 2.*\n.*ZeroDivisionError"):
        load_environments(tmp_path, today=TODAY)


def test_a_syntax_error_is_reported_with_its_line(tmp_path: Path) -> None:
    declare(tmp_path, "dev", text="x = 1\ndef\n")
    with pytest.raises(DeclarationError, match=r"environments/dev.py, line 2"):
        load_environments(tmp_path, today=TODAY)


def test_a_file_that_declares_no_environment_is_refused(tmp_path: Path) -> None:
    declare(tmp_path, "dev", text="x = 1")
    with pytest.raises(DeclarationError, match=r"does not declare dev"):
        load_environments(tmp_path, today=TODAY)


def test_a_file_whose_name_differs_from_its_environment_is_refused(tmp_path: Path) -> None:
    declare(tmp_path, "dev", text=GOOD.format(name="prod", more="") + "dev = prod")
    with pytest.raises(DeclarationError, match=r"declares the environment 'prod'. Expected: name='dev'"):
        load_environments(tmp_path, today=TODAY)


def test_the_problems_of_all_environments_are_reported_at_once(tmp_path: Path) -> None:
    declare(tmp_path, "dev", more=", max_nodes=0")
    declare(tmp_path, "prod", more=", availability_zones=9")
    with pytest.raises(DeclarationError) as refused:
        load_environments(tmp_path, today=TODAY)
    assert "environment 'dev': max_nodes: 0" in str(refused.value)
    assert "environment 'prod': availability_zones: 9" in str(refused.value)


def test_the_day_can_be_set_by_an_environment_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = ', experiments=[dict(name="old", owner="a@example.com", expires="2026-01-01")]'
    declare(tmp_path, "dev", more=experiment)
    monkeypatch.setenv("MLINFRA_TODAY", "2026-01-01")
    (read,) = load_environments(tmp_path)
    assert read.today == date(2026, 1, 1)
    assert read.cluster_size(read.experiment("old")) == 1
    monkeypatch.setenv("MLINFRA_TODAY", "2026-01-02")
    (read,) = load_environments(tmp_path)
    assert read.cluster_size(read.experiment("old")) == 0
    monkeypatch.setenv("MLINFRA_TODAY", "2025-11-30")
    with pytest.raises(DeclarationError, match=r"more than max_experiment_days \(30\) away"):
        load_environments(tmp_path)


def test_an_environment_can_declare_an_expiry_from_the_present_day(tmp_path: Path) -> None:
    declare(
        tmp_path,
        "dev",
        text="from mlinfra.declarations import present_day\nday = present_day()"
        + GOOD.format(name="dev", more=", created_by=str(day)"),
    )
    (read,) = load_environments(tmp_path, today=date(2031, 2, 3))
    assert read.created_by == "2031-02-03"


def test_a_comma_after_a_declaration_is_named(tmp_path: Path) -> None:
    declare(tmp_path, "dev", text=GOOD.format(name="dev", more="").rstrip() + ",\n")
    with pytest.raises(DeclarationError, match=r"a comma follows the declaration of dev, .* Remove the comma"):
        load_environments(tmp_path, today=TODAY)


def test_rejections_are_reported_before_their_consequences(tmp_path: Path) -> None:
    text = GOOD.format(name="dev", more=", max_nodes='many'") + "other = dev.max_nodes + 1\n"
    declare(tmp_path, "dev", text=text)
    with pytest.raises(DeclarationError, match="max_nodes: 'many'") as refused:
        load_environments(tmp_path, today=TODAY)
    assert "TypeError" not in str(refused.value)


def test_locks_and_records_are_part_of_the_environment(tmp_path: Path) -> None:
    declare(tmp_path, "dev")
    shutil.copy(ROOT / IMAGE_LOCK_FILE, tmp_path / IMAGE_LOCK_FILE)
    (read,) = load_environments(tmp_path, today=TODAY)
    assert read.image_lock == ImageLock.load(ROOT / IMAGE_LOCK_FILE)
    assert read.bucket_record == BucketRecord()
    assert read.in_region("eu-west-1").image_lock is read.image_lock
    assert read.in_region("eu-west-1").today == TODAY


def test_an_invalid_day_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    declare(tmp_path, "dev")
    monkeypatch.setenv("MLINFRA_TODAY", "tomorrow")
    with pytest.raises(DeclarationError, match="'tomorrow' is not a date"):
        load_environments(tmp_path)


def test_commands_that_only_read_the_account_compare_no_expiry(tmp_path: Path) -> None:
    declare(tmp_path, "dev", more=', experiments=[dict(name="old", owner="a@b.cc", expires="2026-11-01")]')
    (read,) = load_environments(tmp_path, judged=False)
    assert read.today is None
    assert read.cluster_size(read.experiment("old")) == 1


class TestRefreshedPrices:
    @pytest.fixture(autouse=True)
    def _prices_of_the_release(self) -> Iterator[None]:
        yield
        use_refreshed_prices(PriceLock())

    @staticmethod
    def price() -> float | None:
        rate = ec2_rate("m5.large", "us-east-1")
        return rate.usd if rate else None

    @pytest.mark.parametrize("judged", [True, False])
    def test_those_of_the_project_are_used(self, tmp_path: Path, judged: bool) -> None:  # noqa: FBT001
        declare(tmp_path, "dev")
        prices = RefreshedPrices(as_of=TODAY, source="AWS price list AmazonEC2, version 1", usd={"m5.large": 0.5})
        (tmp_path / PRICE_LOCK_FILE).write_text(PriceLock().with_prices("ec2", "us-east-1", prices).dump())
        load_environments(tmp_path, today=TODAY, judged=judged)
        assert self.price() == 0.5
        (tmp_path / PRICE_LOCK_FILE).unlink()
        load_environments(tmp_path, today=TODAY, judged=judged)
        assert self.price() == 0.096

    def test_a_damaged_file_is_refused_unless_the_account_is_only_read(self, tmp_path: Path) -> None:
        declare(tmp_path, "dev")
        (tmp_path / PRICE_LOCK_FILE).write_text("{")
        with pytest.raises(DeclarationError, match=r"prices\.lock\.json: 1 problem"):
            load_environments(tmp_path, today=TODAY)
        assert load_environments(tmp_path, judged=False)
        assert self.price() == 0.096
