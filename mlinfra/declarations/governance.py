"""Governance of an environment: budgets, anomaly alerts, cost-allocation tags, billing data and notifications."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, field_validator

from mlinfra.declarations.base import Declaration, duplicates, refuse, shown
from mlinfra.declarations.types import EmailAddress, TagValue

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BudgetKey = Literal["environment", "team", "owner", "experiment", "project", "cost-center", "account"]
"""The subjects of a budget. All but `account` are tags of mlinfra's resources."""

BUDGET_TAGS: dict[str, str] = {
    "environment": "Environment",
    "team": "Team",
    "owner": "Owner",
    "experiment": "Experiment",
    "project": "Project",
    "cost-center": "CostCenter",
}
"""The tag of each subject of a budget, without `account`."""

_MOST_SUBSCRIBERS = 10
"""E-mail subscribers of one notification. Source: AWS Budgets API reference, Notification, read 2026-11-29."""

_MOST_ROLES = 100
"""Roles of one action. Source: AWS Budgets API reference, IamActionDefinition, read 2026-11-29."""

_LONGEST_READABLE = 30
_UNREADABLE = re.compile(r"[^a-z0-9]+")
_ROLE_NAME = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)


class SpendBudget(Declaration):
    """A monthly budget in AWS Budgets, with notifications at 50, 80 and 100 % of actual and forecast cost.

    Raises:
        DeclarationError: with every problem at once.
    """

    by: BudgetKey = Field(
        description="The subject: environment, team, owner, experiment, project or cost-center, which are tags; or "
        "account, everything in the account, with and without tags."
    )
    value: TagValue | None = Field(
        default=None, description="The value of the tag, such as ana@example.com. Default: none, for by=account only."
    )
    monthly_usd: float = Field(gt=0, allow_inf_nan=False, description="The budget of a month in USD, above 0.")
    notify: tuple[EmailAddress, ...] = Field(
        default=(),
        max_length=_MOST_SUBSCRIBERS,
        description="Up to 10 e-mail addresses that AWS notifies, in addition to the environment's alert topic. "
        "Default: none.",
    )

    @classmethod
    def _subject(cls, values: dict[str, object]) -> str:
        return f"budget by {values.get('by', 'an unknown subject')}"

    def _problems(self) -> Iterator[str]:
        if self.by == "account" and self.value is not None:
            yield f"value: {shown(self.value)} is not used by a budget of the whole account. Expected: no value."
        if self.by != "account" and self.value is None:
            yield f"value: missing. Expected: the value of the tag {BUDGET_TAGS[self.by]}."
        yield from duplicates("notify", self.notify, kind="addresses")

    @property
    def name(self) -> str:
        """The name of the budget, without the prefix of the environment. Unique for each subject and value.

        AWS rejects colons in the names of budgets, and some names with e-mail addresses or URLs (AWS Budgets API
        reference, BudgetName, read 2026-11-29). A hash replaces such characters.
        """
        if self.value is None:
            return self.by
        readable = _UNREADABLE.sub("-", self.value.lower())[:_LONGEST_READABLE].strip("-")
        if readable != self.value:
            readable = f"{readable}-{hashlib.sha256(self.value.encode()).hexdigest()[:8]}".lstrip("-")
        return f"{self.by}-{readable}"


class AcceleratorStop(Declaration):
    """A budget action that denies new accelerators to roles at 100 % of the environment's budget.

    Running instances are not stopped. A person can reverse the action in AWS Budgets.

    Raises:
        DeclarationError: with every problem at once.
    """

    roles: tuple[str, ...] = Field(
        min_length=1,
        max_length=_MOST_ROLES,
        description="The names of 1 to 100 roles of the account that launch instances and endpoints, such as "
        "recsys-dev-ci-apply. Roles of IAM Identity Center cannot be changed by AWS Budgets.",
    )
    approval: Literal["AUTOMATIC", "MANUAL"] = Field(
        default="AUTOMATIC",
        description="AUTOMATIC: the policy is attached at once. MANUAL: after a person approves it in AWS Budgets. "
        "Default: AUTOMATIC.",
    )
    notify: tuple[EmailAddress, ...] = Field(
        default=(),
        max_length=_MOST_SUBSCRIBERS,
        description="Up to 10 e-mail addresses that are notified of the action, in addition to the environment's alert "
        "topic. Default: none.",
    )

    @classmethod
    def _subject(cls, values: dict[str, object]) -> str:  # noqa: ARG003  the signature of the base class
        return "accelerator stop"

    def _problems(self) -> Iterator[str]:
        yield from duplicates("roles", self.roles)
        for role in self.roles:
            if not _ROLE_NAME.fullmatch(role):
                yield f"roles: {shown(role)} is not the name of a role. Expected: a name such as recsys-dev-ci-apply."
            elif role.startswith("AWSReservedSSO_"):
                yield (
                    f"roles: {shown(role)} is a role of IAM Identity Center, which only Identity Center can change. "
                    f"Expected: other roles of the account."
                )


class AnomalyAlert(Declaration):
    """Alerts about unusual cost, by AWS Cost Anomaly Detection.

    Cost Explorer must be enabled in the account. It is not in a new account.

    Raises:
        DeclarationError: with every problem at once.
    """

    watch: Literal["environment", "services"] = Field(
        default="environment",
        description="environment: the cost with this environment's tag, which needs the management account of the "
        "organization or an account without one. services: each AWS service of the account; AWS allows one such "
        "monitor in an account, and creates it where Cost Explorer is enabled: import it, or set monitor_arn. Default: "
        "environment.",
    )
    monitor_arn: str | None = Field(
        default=None,
        pattern=r"^arn:aws:ce::[0-9]{12}:anomalymonitor/[0-9a-f-]{36}$",
        description="The ARN of an existing monitor to subscribe to, instead of a new one. Default: none.",
    )
    minimum_usd: float = Field(
        default=100,
        gt=0,
        allow_inf_nan=False,
        description="The smallest total impact of an anomaly in USD that is reported, above 0. Default: 100.",
    )

    @classmethod
    def _subject(cls, values: dict[str, object]) -> str:  # noqa: ARG003  the signature of the base class
        return "anomaly alert"


BILLING_TABLE = "costs"
"""The Glue table of the bill."""

BILLING_COLUMNS: dict[str, str] = {
    "bill_billing_period_start_date": "timestamp",
    "line_item_usage_start_date": "timestamp",
    "line_item_usage_account_id": "string",
    "line_item_line_item_type": "string",
    "line_item_product_code": "string",
    "line_item_usage_type": "string",
    "line_item_usage_amount": "double",
    "line_item_unblended_cost": "double",
    "line_item_currency_code": "string",
    "product_region_code": "string",
    "resource_tags": "map<string,string>",
}
"""The exported columns of the bill, with their types in Glue. Source: Data Exports user guide, "CUR 2.0 table
dictionary", read 2026-11-29."""


class CostExportSettings(Declaration):
    """The bill of the account as a table that `mlinfra cost actual` queries: a data export of AWS Billing (CUR 2.0).

    Raises:
        DeclarationError: with every problem at once.
    """

    scan_limit_gib: float = Field(
        default=10,
        ge=0.01,
        allow_inf_nan=False,
        description="The largest amount of data that one query may read, in GiB, 0.01 or more. Default: 10, about 0.05 "
        "USD a query.",
    )

    @classmethod
    def _subject(cls, values: dict[str, object]) -> str:  # noqa: ARG003  the signature of the base class
        return "cost export"


class SlackChannel(Declaration):
    """A Slack channel that receives the environment's alerts through Amazon Q Developer in chat applications.

    A person authorizes the workspace once in the console of the account; no webhook is stored.

    Raises:
        DeclarationError: with every problem at once.
    """

    workspace_id: str = Field(pattern=r"^T[A-Z0-9]{2,20}$", description="The id of the workspace, such as T0123ABCD.")
    channel_id: str = Field(pattern=r"^[CG][A-Z0-9]{2,20}$", description="The id of the channel, such as C0123ABCD.")

    @classmethod
    def _subject(cls, values: dict[str, object]) -> str:  # noqa: ARG003  the signature of the base class
        return "slack channel"


class Governance(Declaration):
    """Settings of the `governance` stack.

    Raises:
        DeclarationError: with every problem at once.
    """

    environment_budget: bool = Field(
        default=True,
        description="True for a budget of monthly_spend_limit_usd on the cost with this environment's tag. It counts "
        "once the tag Environment is activated for cost allocation. Default: True, since budgets without actions are "
        "free.",
    )
    owner_budgets: bool = Field(
        default=True,
        description="True for a budget for each owner in spend_limits.owners, of which AWS notifies the owner too. "
        "Default: True.",
    )
    budgets: tuple[SpendBudget, ...] = Field(
        default=(), description="Further budgets, each for a team, owner, experiment or the account. Default: none."
    )
    accelerator_stop: AcceleratorStop | None = Field(
        default=None,
        description="The action at 100 % of the environment's budget that denies new accelerators. The first two "
        "budgets with actions of an account are free, each further one costs 0.10 USD a day. Default: none.",
    )
    anomalies: AnomalyAlert | None = Field(
        default=None, description="Alerts about unusual cost. Default: none, since a new account has no Cost Explorer."
    )
    activate_cost_allocation_tags: tuple[str, ...] = Field(
        default=(),
        max_length=20,
        description="Tag keys to activate for cost allocation, such as Environment, Team, Owner and Experiment. Only "
        "the management account of an organization, or an account without one, can activate a key, and only about 24 "
        "hours after its first use. Default: none, so that the first deployment succeeds.",
    )
    cost_export: CostExportSettings | None = Field(
        default=None,
        description="The bill of the account as a table, for `mlinfra cost actual`. Default: none.",
    )
    slack: SlackChannel | None = Field(
        default=None, description="The Slack channel that receives alerts, in addition to e-mail. Default: none."
    )
    dashboard: bool = Field(
        default=True,
        description="True for a CloudWatch dashboard of GPUs, cost, idle and expired clusters. The first three "
        "dashboards of an account are free, each further one costs 3 USD a month. Default: True.",
    )

    @classmethod
    def _subject(cls, values: dict[str, object]) -> str:  # noqa: ARG003  the signature of the base class
        return "governance"

    @field_validator("budgets")
    @classmethod
    def _budgets_are_unique(cls, budgets: tuple[SpendBudget, ...]) -> tuple[SpendBudget, ...]:
        refuse(duplicates("budgets", [each.name for each in budgets], kind="subjects"))
        return budgets

    def _problems(self) -> Iterator[str]:
        yield from duplicates("activate_cost_allocation_tags", self.activate_cost_allocation_tags, kind="tag keys")
        if self.accelerator_stop is not None and not self.environment_budget:
            yield (
                "accelerator_stop: it is an action of the environment's budget, and environment_budget is False. "
                "Expected: environment_budget=True, or no accelerator_stop."
            )


def owner_budgets(limits: Mapping[str, float]) -> tuple[SpendBudget, ...]:
    """The budgets of owners with a spend limit.

    Args:
        limits: the limit of each owner in USD a month, by e-mail address.
    """
    return tuple(
        SpendBudget(by="owner", value=owner, monthly_usd=usd, notify=(owner,)) for owner, usd in limits.items()
    )


def governance_problems(governance: Governance, known: Mapping[str, Any]) -> Iterator[str]:
    """The problems of `governance` in its environment.

    Args:
        governance: the declared settings.
        known: the valid fields of the environment.
    """
    limits = known.get("spend_limits")
    if limits is not None and governance.owner_budgets:
        limited = {each.name for each in owner_budgets(limits.owners)}
        for name in sorted(limited.intersection(each.name for each in governance.budgets)):
            yield (
                f"governance.budgets: {shown(name)} is declared twice: spend_limits.owners has a budget for the owner. "
                f"Expected: one of them, or owner_budgets=False."
            )
    if "experiments" not in known:
        return
    experiments = {each.name for each in known["experiments"]}
    for budget in governance.budgets:
        if budget.by == "experiment" and budget.value not in experiments:
            names = ", ".join(sorted(each for each in experiments if isinstance(each, str))) or "none"
            yield (
                f"governance.budgets: the experiment {shown(budget.value)} is not declared, and its budget would count "
                f"nothing. Declared: {names}."
            )
