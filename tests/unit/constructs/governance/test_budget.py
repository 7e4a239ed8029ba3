"""Amounts, filters and recipients of budgets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mlinfra import AcceleratorStop, Budget, SpendBudget

if TYPE_CHECKING:
    from mlinfra.testing import Synth

TOPIC = "arn:aws:sns:us-east-1:111111111111:recsys-dev-alerts"


def budget(synth: Synth, **values: Any) -> dict[str, Any]:
    given = {"by": "team", "value": "search", "monthly_usd": 500, **values}
    return synth.constructs(lambda stack: Budget(stack, "budget", budget=SpendBudget(**given))).one(
        "aws_budgets_budget"
    )


def test_it_counts_the_cost_of_a_tag_with_the_prefix_of_user_defined_tags(synth: Synth) -> None:
    """Without `user:` AWS counts nothing, and reports no error."""
    made = budget(synth)
    assert made["cost_filter"] == [{"name": "TagKeyValue", "values": ["user:Team$search"]}]
    assert made["name"] == "recsys-dev-team-search"
    assert (made["limit_amount"], made["limit_unit"], made["time_unit"]) == ("500", "USD", "MONTHLY")


def test_a_budget_of_the_account_counts_everything(synth: Synth) -> None:
    assert "cost_filter" not in budget(synth, by="account", value=None)


def test_credits_and_refunds_hide_no_cost(synth: Synth) -> None:
    assert budget(synth)["cost_types"] == {"include_credit": False, "include_refund": False}


def test_it_notifies_of_actual_and_forecast_cost_at_50_80_and_100_percent(synth: Synth) -> None:
    made = budget(synth, notify=["ana@example.com"])["notification"]
    assert [(each["notification_type"], each["threshold"]) for each in made] == [
        (kind, percent) for kind in ("ACTUAL", "FORECASTED") for percent in (50, 80, 100)
    ]
    for each in made:
        assert each["subscriber_sns_topic_arns"] == [TOPIC]
        assert each["subscriber_email_addresses"] == ["ana@example.com"]
        assert each["threshold_type"] == "PERCENTAGE"


@pytest.mark.parametrize(
    ("amount", "written"), [(15_000, "15000"), (0.5, "0.5"), (1e9, "1000000000"), (0.00001, "0.00001")]
)
def test_amounts_are_written_without_an_exponent(synth: Synth, amount: float, written: str) -> None:
    assert budget(synth, monthly_usd=amount)["limit_amount"] == written


def test_at_100_percent_a_policy_that_denies_accelerators_is_attached(synth: Synth) -> None:
    def build(stack: Any) -> None:
        made = Budget(stack, "budget", budget=SpendBudget(by="environment", value="dev", monthly_usd=5))
        made.stop_accelerators(AcceleratorStop(roles=["recsys-dev-ci-apply"], notify=["ana@example.com"]))

    action = synth.constructs(build).one("aws_budgets_budget_action")
    assert action["action_threshold"] == {"action_threshold_type": "PERCENTAGE", "action_threshold_value": 100}
    assert (action["approval_model"], action["notification_type"]) == ("AUTOMATIC", "ACTUAL")
    assert action["definition"]["iam_action_definition"] == {
        "policy_arn": "arn:aws:iam::111111111111:policy/recsys-dev-no-new-accelerators",
        "roles": ["recsys-dev-ci-apply"],
    }
    assert action["execution_role_arn"] == "arn:aws:iam::111111111111:role/recsys-dev-budget-actions"
    assert [each["address"] for each in action["subscriber"]] == [TOPIC, "ana@example.com"]
