"""Requester pays."""

from __future__ import annotations

from typing import Any


def test_the_owner_of_a_bucket_pays_for_requests_until_told_otherwise(s3: Any) -> None:
    assert s3.get_bucket_request_payment(Bucket="data")["Payer"] == "BucketOwner"
    s3.put_bucket_request_payment(Bucket="data", RequestPaymentConfiguration={"Payer": "Requester"})
    assert s3.get_bucket_request_payment(Bucket="data")["Payer"] == "Requester"
