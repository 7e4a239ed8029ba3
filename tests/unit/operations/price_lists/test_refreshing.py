"""The refresh of prices."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from mlinfra.catalog import PRICE_LOCK_FILE, PriceLock, ec2_rate, service_rate, use_refreshed_prices
from mlinfra.errors import OperationError
from mlinfra.operations.price_lists import RefreshedOffer, refresh_prices
from tests.unit.operations.price_lists.conftest import OFFERS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.unit.operations.price_lists.conftest import PriceLists

TODAY = date(2026, 11, 29)


class Silent:
    """Progress that is not shown."""

    def step(self, _text: str) -> Silent:
        return self

    def __enter__(self) -> Silent:  # noqa: PYI034  typing.Self is of Python 3.11
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def conclude(self, _text: str) -> None:
        pass


@pytest.fixture(autouse=True)
def _prices_of_the_release() -> Iterator[None]:
    yield
    use_refreshed_prices(PriceLock())


def refresh(root: Path, **changes: Any) -> tuple[RefreshedOffer, ...]:
    given: dict[str, Any] = {"session": boto3.session.Session(), "progress": Silent(), "regions": ["eu-central-1"]}
    return refresh_prices(root, today=TODAY, **{**given, **changes})


def test_prices_are_written_and_take_precedence(price_lists: PriceLists, tmp_path: Path) -> None:
    found = refresh(tmp_path)
    assert found == (
        RefreshedOffer("ec2", "eu-central-1", "20261120004501", prices=10, changed=10),
        RefreshedOffer("sagemaker", "eu-central-1", "20261118221500", prices=5, changed=5),
    )
    assert price_lists.requests[:3] == ["ListPriceLists", "GetPriceListFileUrl", "/signed/AmazonEC2.csv"]
    use_refreshed_prices(PriceLock.load(tmp_path / PRICE_LOCK_FILE))
    rate = ec2_rate("m5.large", "eu-central-1")
    assert rate
    assert (rate.usd, rate.as_of, rate.basis, rate.source) == (
        0.116,
        TODAY,
        "refreshed",
        "AWS price list AmazonEC2, version 20261120004501",
    )
    gp3 = service_rate("ebs", "gp3_storage", "eu-central-1")
    assert gp3
    assert (gp3.usd, gp3.unit) == (0.0952, "GB-month")


@pytest.mark.usefixtures("price_lists")
def test_other_prices_remain_those_of_the_release(tmp_path: Path) -> None:
    refresh(tmp_path)
    use_refreshed_prices(PriceLock.load(tmp_path / PRICE_LOCK_FILE))
    other_region, other_type = ec2_rate("m5.large", "us-east-1"), ec2_rate("c5.large", "eu-central-1")
    assert other_region
    assert other_type
    assert (other_region.usd, other_region.basis, other_type.basis) == (0.096, "published", "published")


def test_a_second_refresh_changes_only_what_differs(price_lists: PriceLists, tmp_path: Path) -> None:
    refresh(tmp_path)
    before = (tmp_path / PRICE_LOCK_FILE).read_text()
    assert [each.changed for each in refresh(tmp_path)] == [0, 0]
    assert (tmp_path / PRICE_LOCK_FILE).read_text() == before
    price_lists.files["AmazonEC2"] = price_lists.files["AmazonEC2"].replace(b"1.2580000000", b"1.3000000000")
    assert [each.changed for each in refresh(tmp_path, services=["ec2"])] == [1]
    assert len(PriceLock.load(tmp_path / PRICE_LOCK_FILE).prices["sagemaker"]["eu-central-1"].usd) == 5


def test_the_public_files_need_no_credentials(price_lists: PriceLists, tmp_path: Path) -> None:
    found = refresh(tmp_path, session=None, services=["ec2"], public_files=price_lists.address)
    assert found[0].prices == 10
    assert price_lists.requests == ["/AmazonEC2/current/eu-central-1/index.csv"]


def test_an_incomplete_download_is_repeated(price_lists: PriceLists, tmp_path: Path) -> None:
    price_lists.truncated = 2
    assert refresh(tmp_path, services=["ec2"])[0].prices == 10


def refusal(root: Path, **changes: Any) -> str:
    with pytest.raises(OperationError) as caught:
        refresh(root, **changes)
    assert not (root / PRICE_LOCK_FILE).exists()
    return caught.value.message


def test_a_download_that_always_ends_early_is_an_error(price_lists: PriceLists, tmp_path: Path) -> None:
    price_lists.truncated = 9
    size = len(price_lists.files["AmazonEC2"])
    assert refusal(tmp_path, services=["ec2"]) == (
        f"The price list of AmazonEC2 in eu-central-1 could not be downloaded in 3 attempts: {size // 2:,} of {size:,} "
        f"bytes were received. Nothing was written. Check the network connection, and try again."
    )


def test_a_denied_request_names_the_operation(price_lists: PriceLists, tmp_path: Path) -> None:
    price_lists.denied = True
    assert refusal(tmp_path) == (
        "AWS refused ListPriceLists (AccessDeniedException: not authorized to perform: pricing). The credentials "
        "require permission for it."
    )


@pytest.mark.usefixtures("price_lists")
def test_a_region_without_a_price_list_is_an_error(tmp_path: Path) -> None:
    assert refusal(tmp_path, regions=["eu-west-1"]) == (
        "AWS has no price list of AmazonEC2 in eu-west-1. Check the region."
    )


def test_a_file_of_another_format_is_an_error(price_lists: PriceLists, tmp_path: Path) -> None:
    price_lists.files["AmazonEC2"] = (OFFERS / "AmazonSageMaker.csv").read_bytes()
    assert refusal(tmp_path, services=["ec2"]) == (
        "The price list of AmazonEC2 in eu-central-1 cannot be read: its OfferCode is AmazonSageMaker, not AmazonEC2. "
        "Nothing was written. If AWS changed its format, update mlinfra."
    )


def test_a_file_that_is_not_text_is_an_error(price_lists: PriceLists, tmp_path: Path) -> None:
    price_lists.files["AmazonEC2"] = b"\xff\xfe\x00"
    assert refusal(tmp_path, services=["ec2"]).startswith("The price list of AmazonEC2 in eu-central-1 cannot be read:")


def test_a_missing_file_is_an_error(price_lists: PriceLists, tmp_path: Path) -> None:
    address = f"{price_lists.address}/none"
    assert "refused 127.0.0.1/none/AmazonEC2/current/eu-central-1/index.csv: 404 Not Found." in refusal(
        tmp_path, session=None, services=["ec2"], public_files=address
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"regions": ["mars-1"]}, "'mars-1' is not an AWS region. Expected: a region such as us-east-1."),
        ({"services": ["rds"]}, "The prices of 'rds' cannot be refreshed. Expected: ec2, sagemaker."),
        (
            {"session": None, "public_files": "ftp://example.com"},
            (
                "The address of the price list is not an HTTPS address: "
                "ftp://example.com/AmazonEC2/current/eu-central-1/index.csv. Nothing was downloaded."
            ),
        ),
    ],
)
def test_invalid_arguments_are_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    assert refusal(tmp_path, **changes) == message


@pytest.mark.usefixtures("price_lists")
def test_a_damaged_lock_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / PRICE_LOCK_FILE
    path.parent.mkdir()
    path.write_text("{")
    refresh(tmp_path, services=["ec2"])
    assert PriceLock.load(path).prices.keys() == {"ec2", "services"}
