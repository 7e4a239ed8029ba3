"""Offer files from AWS: their address, and their lines as they arrive."""

from __future__ import annotations

import http.client
import io
import os
import ssl
import urllib.request
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from botocore.httpsession import get_cert_path

from mlinfra.errors import OperationError
from mlinfra.operations.aws import aws_errors_explained, endpoint_is_on_this_machine

if TYPE_CHECKING:
    from collections.abc import Iterator

    import boto3

PRICING_REGION: Final = "us-east-1"
"""The Price List API has endpoints in us-east-1, eu-central-1 and ap-south-1 only, each with the prices of all regions
(AWS Billing user guide, "AWS Price List Query API endpoints", read 2026-11-29)."""
PUBLIC_FILES: Final = "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws"
"""The offer files that need no credentials (the same guide, "Getting price list files manually")."""
_TIMEOUT_SECONDS: Final = 60
_BUFFER_BYTES: Final = 1024 * 1024


class IncompleteDownloadError(Exception):
    """The connection ended before the whole file was received."""


def offer_url(session: boto3.session.Session, code: str, region: str) -> str:
    """The address of the newest offer file of a service, by the Price List API.

    Args:
        session: a session with any credentials that allow `pricing:ListPriceLists` and `pricing:GetPriceListFileUrl`.
        code: the service, such as AmazonEC2.
        region: the region.

    Raises:
        OperationError: if there is no price list, AWS denies a request, or there are no credentials.
    """
    with aws_errors_explained():
        client = session.client("pricing", region_name=PRICING_REGION)
        lists = client.list_price_lists(
            ServiceCode=code, EffectiveDate=datetime.now(timezone.utc), RegionCode=region, CurrencyCode="USD"
        )["PriceLists"]
        if not lists:
            message = f"AWS has no price list of {code} in {region}. Check the region."
            raise OperationError(message)
        answer = client.get_price_list_file_url(PriceListArn=lists[0]["PriceListArn"], FileFormat="csv")
        return str(answer["Url"])


def public_offer_url(code: str, region: str, *, base: str = PUBLIC_FILES) -> str:
    """The address of the newest offer file of a service that needs no credentials."""
    return f"{base}/{code}/current/{region}/index.csv"


class _Counted(io.RawIOBase):
    """The body of a response, which counts the received bytes."""

    def __init__(self, response: Any) -> None:  # noqa: ANN401  an HTTP response or a file, as urllib returns it
        self._response = response
        self.received = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401  as in io.RawIOBase
        count = int(self._response.readinto(buffer) or 0)
        self.received += count
        return count


@contextmanager
def lines_of(url: str) -> Iterator[Iterator[str]]:
    """The lines of the file at `url`, as they arrive. It is checked for completeness at the end of the block.

    Raises:
        OperationError: if the address is not an HTTPS address, or the server refuses the request.
        IncompleteDownloadError: if the connection fails, or ends early.
    """
    address = urlsplit(url)
    if address.scheme != "https" and not (address.scheme == "http" and _is_local(address.hostname)):
        message = f"The address of the price list is not an HTTPS address: {url[:100]}. Nothing was downloaded."
        raise OperationError(message)
    request = urllib.request.Request(url, headers={"Accept": "text/csv"})  # noqa: S310  the scheme is checked above
    try:
        context = _context() if address.scheme == "https" else None
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS, context=context) as response:  # noqa: S310
            body = _Counted(response)
            yield io.TextIOWrapper(io.BufferedReader(body, _BUFFER_BYTES), encoding="utf-8", newline="")
            expected = response.headers.get("Content-Length")
            if expected is not None and body.received != int(expected):
                message = f"{body.received:,} of {int(expected):,} bytes were received"
                raise IncompleteDownloadError(message)
    except HTTPError as error:
        error.close()
        message = (
            f"The server of the price lists refused {address.hostname}{address.path}: {error.code} {error.reason}."
        )
        raise OperationError(message) from error
    except (URLError, http.client.HTTPException, OSError) as error:
        reason = getattr(error, "reason", None) or error
        raise IncompleteDownloadError(str(reason)) from error


def _context() -> ssl.SSLContext:
    """The certificates of the system, and those that boto3 uses: not every Python finds those of the system."""
    context = ssl.create_default_context()
    context.load_verify_locations(os.environ.get("AWS_CA_BUNDLE") or get_cert_path(verify=True))
    return context


def _is_local(host: str | None) -> bool:
    return host in {"127.0.0.1", "localhost"} or endpoint_is_on_this_machine()
