"""The prices that a project refreshed."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from mlinfra.catalog import PriceLock, RefreshedPrices
from mlinfra.errors import DeclarationError

if TYPE_CHECKING:
    from pathlib import Path

PRICES = RefreshedPrices(as_of=date(2026, 11, 29), source="AWS price list AmazonEC2, version 1", usd={"m5.large": 0.1})


def test_a_written_lock_reads_the_same(tmp_path: Path) -> None:
    lock = PriceLock().with_prices("ec2", "eu-central-1", PRICES)
    path = tmp_path / "prices.lock.json"
    path.write_text(lock.dump())
    assert PriceLock.load(path).prices == {"ec2": {"eu-central-1": PRICES}}
    assert PriceLock.load(path).dump() == lock.dump()


def test_a_missing_file_has_no_prices(tmp_path: Path) -> None:
    assert PriceLock.load(tmp_path / "prices.lock.json").prices == {}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "the file: invalid JSON"),
        ('{"version": 2, "prices": {}}', "version: input should be 1."),
        (
            '{"version": 1, "prices": {"rds": {}}}',
            "prices.rds.[key]: input should be 'ec2', 'sagemaker' or 'services'.",
        ),
        (
            '{"version":1,"prices": {"ec2": {"us-east-1": {"as_of": "2026-11-29", "source": "a", "usd": {"b": -1}}}}}',
            "prices.ec2.us-east-1.usd.b: input should be greater than or equal to 0.",
        ),
    ],
)
def test_a_damaged_file_is_refused_with_the_remedy(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "prices.lock.json"
    path.write_text(text)
    with pytest.raises(DeclarationError) as caught:
        PriceLock.load(path)
    assert problem in str(caught.value)
    assert "catalog refresh`, which writes it again." in str(caught.value)
