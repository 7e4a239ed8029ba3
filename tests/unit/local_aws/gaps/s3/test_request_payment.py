"""Requester pays."""

from __future__ import annotations

from typing import Any


def test_the_default_payer_is_the_bucket_owner(s3: Any) -> None:
    assert s3.get_bucket_request_payment(Bucket="data")["Payer"] == "BucketOwner"
    s3.put_bucket_request_payment(Bucket="data", RequestPaymentConfiguration={"Payer": "Requester"})
    assert s3.get_bucket_request_payment(Bucket="data")["Payer"] == "Requester"
