"""Subscribers and publishers of the alert topic."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra import RegisteredModel
from mlinfra._cdk import Construct
from mlinfra.constructs.parts.alerts import Alerts, subscribe_owner
from tests.conftest import an_environment, an_experiment

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra import MlStack
    from mlinfra.testing import Synth, Template


def made(synth: Synth, then: Callable[[Alerts], object] | None = None, **changes: Any) -> Template:
    def build(stack: MlStack) -> None:
        alerts = Alerts(stack, "alerts")
        if then:
            then(alerts)

    return synth.constructs(build, environment=an_environment(**changes))


def a_model(name: str, owner: str) -> RegisteredModel:
    return RegisteredModel(name=name, owner=owner, description="In which order items are shown.")


def filters(config: Template) -> dict[str, Any]:
    listed = config.find("aws_sns_topic_subscription").values()
    return {each["endpoint"]: json.loads(each.get("filter_policy", "null")) for each in listed}


def test_the_topic_is_the_one_that_the_environment_names(synth: Synth) -> None:
    config = made(synth)
    environment = an_environment()
    assert environment.names.alerts_topic_arn.endswith(f":{config.one('aws_sns_topic')['name']}")


def test_it_is_encrypted_with_a_key_that_alarms_of_the_account_may_use(synth: Synth) -> None:
    config = made(synth)
    key = config.address("aws_kms_key")
    assert config.one("aws_sns_topic")["kms_master_key_id"] == f"${{{key}.arn}}"
    assert config.one("aws_kms_alias")["name"] == "alias/recsys-dev-alerts"
    statements = config.statements("aws_kms_key")
    assert set(statements) == {"AllowThroughIam", "AllowAlarms", "AllowBudgets", "AllowCostAnomalies"}
    assert statements["AllowAlarms"]["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"]
    assert statements["AllowAlarms"]["Condition"] == {
        "ArnLike": {"aws:SourceArn": "arn:aws:cloudwatch:us-east-1:111111111111:alarm:*"},
        "StringEquals": {"aws:SourceAccount": "111111111111"},
    }


def test_only_alarms_budgets_and_anomalies_of_the_account_may_publish(synth: Synth) -> None:
    statements = made(synth).statements("aws_sns_topic_policy")
    allowed = [each for each in statements.values() if each["Effect"] == "Allow"]
    assert [(each["Principal"], each["Action"]) for each in allowed] == [
        ({"Service": service}, "sns:Publish")
        for service in ("cloudwatch.amazonaws.com", "budgets.amazonaws.com", "costalerts.amazonaws.com")
    ]
    assert all(each["Condition"]["StringEquals"] == {"aws:SourceAccount": "111111111111"} for each in allowed)
    assert allowed[1]["Condition"]["ArnLike"] == {"aws:SourceArn": "arn:aws:budgets::111111111111:*"}
    assert statements["DenyInsecureTransport"]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert statements["DenyOtherAccounts"]["Condition"]["StringNotEquals"] == {"aws:PrincipalAccount": "111111111111"}


def test_there_are_no_recipients_by_default(synth: Synth) -> None:
    assert filters(made(synth)) == {}


def test_alert_emails_get_everything_and_owners_their_own(synth: Synth) -> None:
    models = [a_model("ranker", "ana@example.com"), a_model("two-tower", "ben@example.com")]
    config = made(synth, alert_emails=("platform@example.com",), models=models)
    assert filters(config) == {
        "platform@example.com": None,
        "ana@example.com": {"owner": ["ana@example.com"]},
        "ben@example.com": {"owner": ["ben@example.com"]},
    }


def test_a_new_experiment_changes_nothing_in_the_stack_of_the_topic(synth: Synth) -> None:
    assert made(synth, experiments=[an_experiment()]) == made(synth)


def test_the_stack_of_a_cluster_subscribes_its_owner_once(synth: Synth) -> None:
    def build(stack: MlStack) -> None:
        for scope in (Construct(stack, "a"), Construct(stack, "b")):
            subscribe_owner(scope, "ana@example.com", environment=stack.environment)

    config = synth.constructs(build)
    assert filters(config) == {"ana@example.com": {"owner": ["ana@example.com"]}}
    assert config.one("aws_sns_topic_subscription")["topic_arn"] == an_environment().names.alerts_topic_arn


def two_stacks(**changes: Any) -> tuple[MlStack, MlStack]:
    """Two stacks with clusters of one owner, the second with changes of its environment."""
    from mlinfra import MlStack
    from mlinfra._cdk import App

    app = App()
    return MlStack(app, an_environment(), "one"), MlStack(app, an_environment(**changes), "two")


def test_a_second_stack_with_clusters_of_an_owner_gets_a_warning() -> None:
    stacks = two_stacks()
    for stack in stacks:
        for name in ("a", "b"):
            subscribe_owner(Construct(stack, name), "ana@example.com", environment=stack.environment)
    found = [each.data for stack in stacks for scope in stack.node.find_all() for each in scope.node.metadata]
    (warning,) = [each for each in found if "ana@example.com" in str(each)]
    assert warning == (
        f"ana@example.com is subscribed to {an_environment().names.alerts_topic_arn} by the stacks dev-one and "
        "dev-two. SNS has one subscription for both: the removal of one stack deletes it, until the janitor restores "
        "it within an hour. To avoid that, add the address to the environment's alert_emails."
    )


def test_stacks_of_other_apps_and_topics_get_no_warning() -> None:
    stacks = (*two_stacks(project="ads"), *two_stacks(project="search"))
    for stack in (stacks[0], stacks[1], stacks[3]):
        subscribe_owner(stack, "ana@example.com", environment=stack.environment)
    assert not [each for stack in stacks for each in stack.node.metadata if "ana@example.com" in str(each.data)]


def test_a_subscription_to_everything_and_one_to_own_messages_are_refused() -> None:
    one, two = two_stacks(alert_emails=["ana@example.com"])
    subscribe_owner(one, "ana@example.com", environment=one.environment)
    with pytest.raises(
        ValueError,
        match=r"ana@example\.com is subscribed to arn:aws:sns:\S+ by the stacks dev-one and dev-two, by one to every "
        r"message and by the other to its own\. .*Expected: the address in alert_emails of the environments of all",
    ):
        Alerts(two, "alerts")


@pytest.mark.parametrize(
    "changes",
    [
        {"alert_emails": ["ana@example.com"]},
        {"models": [RegisteredModel(name="ranker", owner="ana@example.com", description="The order of items.")]},
    ],
    ids=["alert-emails", "owner-of-a-model"],
)
def test_an_owner_that_the_stack_of_the_topic_subscribes_is_skipped(synth: Synth, changes: dict[str, Any]) -> None:
    config = synth.constructs(
        lambda stack: subscribe_owner(stack, "ana@example.com", environment=stack.environment),
        environment=an_environment(**changes),
    )
    assert "resource" not in config.document


def test_an_owner_in_the_stack_of_the_topic_is_subscribed_after_the_topic_exists(synth: Synth) -> None:
    config = made(
        synth,
        lambda alerts: subscribe_owner(alerts.node.scope, "ana@example.com", environment=an_environment()),
    )
    assert config.one("aws_sns_topic_subscription")["topic_arn"].startswith("${aws_sns_topic.alerts_topic_")


def test_the_owner_of_a_model_receives_its_notifications(synth: Synth) -> None:
    model = a_model("ranker", "ana@example.com")
    assert filters(made(synth, models=[model])) == {"ana@example.com": {"owner": ["ana@example.com"]}}


def test_an_owner_of_two_models_is_subscribed_once(synth: Synth) -> None:
    models = [a_model("ranker", "ana@example.com"), a_model("two-tower", "ana@example.com")]
    config = made(synth, models=models)
    assert list(filters(config)) == ["ana@example.com"]


def test_an_owner_who_receives_everything_is_subscribed_once(synth: Synth) -> None:
    config = made(synth, alert_emails=("ana@example.com",), experiments=[an_experiment()])
    assert filters(config) == {"ana@example.com": None}


def test_addresses_that_differ_in_dots_only_are_two(synth: Synth) -> None:
    config = made(synth, alert_emails=("a.b@example.com", "ab@example.com", "a-b@example.com"))
    assert len(filters(config)) == 3


def test_others_can_be_subscribed(synth: Synth) -> None:
    def subscribe(alerts: Alerts) -> None:
        alerts.subscribe("on-call@example.com")
        alerts.subscribe("cy@example.com", owner_only=True)

    config = made(synth, subscribe)
    assert filters(config) == {"on-call@example.com": None, "cy@example.com": {"owner": ["cy@example.com"]}}


@pytest.mark.parametrize("email", ["ana", "ana@example", "ana@example.com, ben@example.com"])
def test_an_invalid_address_is_refused(synth: Synth, email: str) -> None:
    with pytest.raises(
        ValueError, match=f"email='{email}' is not a valid e-mail address. Expected: an address such as"
    ):
        made(synth, lambda alerts: alerts.subscribe(email))


def test_an_owner_cannot_be_subscribed_to_everything_afterwards(synth: Synth) -> None:
    with pytest.raises(ValueError, match=r"ana@example\.com is already subscribed as an owner"):
        made(
            synth,
            lambda alerts: alerts.subscribe("ana@example.com"),
            models=[a_model("ranker", "ana@example.com")],
        )
