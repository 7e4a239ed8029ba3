"""Rules of budgets and alerts."""

from __future__ import annotations

from typing import Any

import pytest

from mlinfra import AcceleratorStop, AnomalyAlert, DeclarationError, Governance, SlackChannel, SpendBudget, SpendLimits
from tests.conftest import an_environment, an_experiment


def problems(declare: Any, **values: Any) -> str:
    with pytest.raises(DeclarationError) as error:
        declare(**values)
    return str(error.value)


def test_by_default_there_is_one_budget_and_a_dashboard_and_nothing_a_new_account_refuses() -> None:
    settings = an_environment().governance
    assert settings.environment_budget
    assert settings.dashboard
    assert settings.budgets == settings.activate_cost_allocation_tags == ()
    assert settings.anomalies is settings.slack is settings.accelerator_stop is None


def test_a_budget_by_a_tag_has_a_value_and_one_of_the_account_has_none() -> None:
    assert "value: missing. Expected: the value of the tag CostCenter." in problems(
        SpendBudget, by="cost-center", monthly_usd=5
    )
    assert "value: 'x' is not used by a budget of the whole account. Expected: no value." in problems(
        SpendBudget, by="account", value="x", monthly_usd=5
    )


@pytest.mark.parametrize("amount", [0, -1, float("inf"), float("nan")])
def test_an_amount_is_a_number_above_0(amount: float) -> None:
    assert "monthly_usd" in problems(SpendBudget, by="account", monthly_usd=amount)


@pytest.mark.parametrize(
    ("by", "value", "name"),
    [
        ("account", None, "account"),
        ("environment", "dev", "environment-dev"),
        ("team", "ml-platform", "team-ml-platform"),
        ("owner", "ana@example.com", "owner-ana-example-com-8e43ca37"),
        ("team", "ML: platform", "team-ml-platform-5f2ae815"),
    ],
)
def test_the_name_of_a_budget_is_one_that_aws_accepts(by: Any, value: str | None, name: str) -> None:
    assert SpendBudget(by=by, value=value, monthly_usd=5).name == name


def test_names_are_short_and_differ_where_values_differ() -> None:
    long = [SpendBudget(by="team", value="team " * 40 + end, monthly_usd=5).name for end in ("a", "b")]
    assert len({*long}) == 2
    assert max(map(len, long)) < 50


def test_a_subject_has_one_budget() -> None:
    twice = [SpendBudget(by="team", value="search", monthly_usd=amount) for amount in (5, 6)]
    assert "budgets: 'team-search' is declared twice; subjects must be unique." in problems(Governance, budgets=twice)


def test_the_budget_of_an_experiment_names_a_declared_one() -> None:
    """A budget of a tag value that no resource has counts nothing, without an error."""
    settings = Governance(budgets=[SpendBudget(by="experiment", value="two-tower-v3", monthly_usd=5)])
    said = problems(an_environment, experiments=[an_experiment()], governance=settings)
    assert (
        "governance.budgets: the experiment 'two-tower-v3' is not declared, and its budget would count nothing. "
        "Declared: two-tower-v2." in said
    )


def test_an_owner_has_one_budget() -> None:
    limits = SpendLimits(owners={"ana@example.com": 500})
    settings = Governance(budgets=[SpendBudget(by="owner", value="ana@example.com", monthly_usd=5)])
    said = problems(an_environment, spend_limits=limits, governance=settings)
    assert "spend_limits.owners has a budget for the owner. Expected: one of them, or owner_budgets=False." in said
    without = settings.model_copy(update={"owner_budgets": False})
    assert an_environment(spend_limits=limits, governance=without).governance == without


def test_an_accelerator_stop_needs_the_budget_of_the_environment() -> None:
    said = problems(Governance, environment_budget=False, accelerator_stop=AcceleratorStop(roles=["recsys-dev-jobs"]))
    assert "accelerator_stop: it is an action of the environment's budget, and environment_budget is False." in said


@pytest.mark.parametrize(
    ("role", "said"),
    [
        (
            "arn:aws:iam::111111111111:role/x",
            "is not the name of a role. Expected: a name such as",
        ),
        ("AWSReservedSSO_Admin_1a2b", "is a role of IAM Identity Center, which only Identity Center can change."),
    ],
)
def test_an_accelerator_stop_is_for_roles_that_can_be_changed(role: str, said: str) -> None:
    assert said in problems(AcceleratorStop, roles=[role])


def test_recipients_are_unique_and_at_most_ten() -> None:
    assert "addresses must be unique" in problems(
        SpendBudget, by="account", monthly_usd=5, notify=["ana@example.com", "ana@example.com"]
    )
    many = [f"ana{number}@example.com" for number in range(11)]
    assert "notify" in problems(SpendBudget, by="account", monthly_usd=5, notify=many)


def test_ids_of_slack_and_monitors_have_the_form_of_their_service() -> None:
    assert "workspace_id" in problems(SlackChannel, workspace_id="acme", channel_id="C0123ABCD")
    assert "channel_id" in problems(SlackChannel, workspace_id="T0123ABCD", channel_id="#alerts")
    assert "monitor_arn" in problems(AnomalyAlert, monitor_arn="arn:aws:sns:us-east-1:111111111111:x")
