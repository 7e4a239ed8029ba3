"""Subscriptions of one endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

OWN = '{"owner": ["ana@example.com"]}'


@pytest.fixture
def sns(client: Callable[..., Any]) -> Any:
    return client("sns")


@pytest.fixture
def topic(sns: Any) -> str:
    return str(sns.create_topic(Name="alerts")["TopicArn"])


def subscribe(sns: Any, topic: str, **attributes: str) -> str:
    answer = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ana@example.com", Attributes=attributes)
    return str(answer["SubscriptionArn"])


def test_a_second_subscription_of_an_address_is_the_first_one(sns: Any, topic: str) -> None:
    first = subscribe(sns, topic, FilterPolicy=OWN)
    assert subscribe(sns, topic, FilterPolicy=OWN) == first
    assert subscribe(sns, topic) == first
    sns.unsubscribe(SubscriptionArn=first)
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []


def test_other_attributes_are_refused(sns: Any, topic: str) -> None:
    subscribe(sns, topic)
    with pytest.raises(ClientError, match="Subscription already exists with different attributes") as refused:
        subscribe(sns, topic, FilterPolicy=OWN)
    assert refused.value.response["Error"]["Code"] == "InvalidParameter"
