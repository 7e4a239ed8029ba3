"""Resources of the governance stack, by default and with every option."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra import AcceleratorStop, AnomalyAlert, Governance, SlackChannel, SpendBudget, SpendLimits
from mlinfra.stacks.governance import GovernanceStack
from tests.conftest import an_environment

if TYPE_CHECKING:
    from mlinfra.testing import Synth

EVERYTHING = Governance(
    budgets=[
        SpendBudget(by="account", monthly_usd=50_000),
        SpendBudget(by="owner", value="ana@example.com", monthly_usd=500, notify=["ana@example.com"]),
    ],
    accelerator_stop=AcceleratorStop(roles=["recsys-dev-jobs"]),
    anomalies=AnomalyAlert(),
    activate_cost_allocation_tags=["Environment", "Team", "Owner"],
    slack=SlackChannel(workspace_id="T0123ABCD", channel_id="C0456EFGH"),
)


def test_by_default_it_has_the_budget_of_the_environment_and_a_dashboard(synth: Synth) -> None:
    config = synth(GovernanceStack)
    assert set(config.types) == {"aws_budgets_budget", "aws_cloudwatch_dashboard"}
    budget = config.one("aws_budgets_budget")
    assert budget["limit_amount"] == "15000"
    assert budget["cost_filter"] == [{"name": "TagKeyValue", "values": ["user:Environment$dev"]}]


def test_every_option_adds_its_resources(synth: Synth) -> None:
    config = synth(GovernanceStack, environment=an_environment(governance=EVERYTHING))
    assert config.types == {
        "aws_budgets_budget": 3,
        "aws_budgets_budget_action": 1,
        "aws_ce_anomaly_monitor": 1,
        "aws_ce_anomaly_subscription": 1,
        "aws_ce_cost_allocation_tag": 3,
        "aws_chatbot_slack_channel_configuration": 1,
        "aws_cloudwatch_dashboard": 1,
        "aws_iam_role": 1,
    }


def test_each_owner_with_a_spend_limit_has_a_budget_and_is_notified(synth: Synth) -> None:
    environment = an_environment(spend_limits=SpendLimits(owners={"ana@example.com": 700}))
    budgets = synth(GovernanceStack, environment=environment).resources("aws_budgets_budget").values()
    (budget,) = [each for each in budgets if "owner" in each["name"]]
    assert budget["limit_amount"] == "700"
    assert budget["cost_filter"] == [{"name": "TagKeyValue", "values": ["user:Owner$ana@example.com"]}]
    assert budget["notification"][0]["subscriber_email_addresses"] == ["ana@example.com"]
    without = an_environment(spend_limits=environment.spend_limits, governance=Governance(owner_budgets=False))
    assert len(synth(GovernanceStack, environment=without).resources("aws_budgets_budget")) == 1


def test_with_nothing_the_stack_is_empty(synth: Synth) -> None:
    settings = Governance(environment_budget=False, dashboard=False)
    config = synth(GovernanceStack, environment=an_environment(governance=settings))
    assert config.addresses == ()
