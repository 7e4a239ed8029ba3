"""Owners of existing clusters are subscribed again if the removal of another stack deleted their subscription."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.functions.contract import Variable
from tests.unit.functions.cloud import OWNER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.unit.functions.cloud import Cloud

WEEK = timedelta(days=7)


class Topic:
    """The topic of the environment."""

    def __init__(self, sns: Any) -> None:
        self._sns = sns
        self.arn = str(sns.create_topic(Name="owners")["TopicArn"])

    def subscribe(self, **attributes: str) -> str:
        answer = self._sns.subscribe(TopicArn=self.arn, Protocol="email", Endpoint=OWNER, Attributes=attributes)
        return str(answer["SubscriptionArn"])

    def unsubscribe(self) -> None:
        for each in self.subscriptions:
            self._sns.unsubscribe(SubscriptionArn=each)

    @property
    def subscriptions(self) -> dict[str, Any]:
        """The filter of each subscription of the owner, by its ARN."""
        listed = self._sns.list_subscriptions_by_topic(TopicArn=self.arn)["Subscriptions"]
        found = {each["SubscriptionArn"]: each for each in listed if each["Endpoint"] == OWNER}
        return {
            arn: json.loads(
                self._sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"].get("FilterPolicy", "null")
            )
            for arn in found
        }


@pytest.fixture
def topic(cloud: Cloud, clients: Callable[..., Any]) -> Iterator[Topic]:
    made = Topic(clients("sns"))
    cloud.set(Variable.TOPIC, made.arn)
    cloud.group(nodes=0, Environment="dev")
    yield made
    clients("sns").delete_topic(TopicArn=made.arn)


def test_the_removal_of_a_stack_with_the_same_owner_is_repaired(cloud: Cloud, topic: Topic) -> None:
    own = json.dumps({"owner": [OWNER]})
    assert topic.subscribe(FilterPolicy=own) == topic.subscribe(FilterPolicy=own), "two stacks share it"
    topic.unsubscribe()
    cloud.janitor()
    (restored,) = topic.subscriptions.items()
    assert restored[1] == {"owner": [OWNER]}
    assert topic.subscribe(FilterPolicy=own) == restored[0], "the next apply of the stack takes it over"


def test_a_subscription_to_every_message_is_left(cloud: Cloud, topic: Topic) -> None:
    arn = topic.subscribe()
    cloud.janitor()
    assert topic.subscriptions == {arn: None}


def test_an_owner_who_unsubscribes_is_subscribed_again_only_in_the_next_week(cloud: Cloud, topic: Topic) -> None:
    cloud.janitor()
    topic.unsubscribe()
    cloud.janitor()
    assert topic.subscriptions == {}
    cloud.now += WEEK
    cloud.janitor()
    assert len(topic.subscriptions) == 1


def test_a_dry_run_subscribes_nothing(cloud: Cloud, topic: Topic) -> None:
    cloud.set(Variable.DRY_RUN, "true")
    cloud.janitor()
    assert topic.subscriptions == {}


def test_owners_of_other_environments_are_not_subscribed(cloud: Cloud, topic: Topic) -> None:
    cloud.autoscaling.delete_auto_scaling_group(AutoScalingGroupName="recsys-dev-two-tower", ForceDelete=True)
    cloud.group(nodes=0, Environment="staging")
    cloud.janitor()
    assert topic.subscriptions == {}
