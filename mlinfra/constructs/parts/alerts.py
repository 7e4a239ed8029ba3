"""The SNS topic for alarms and notifications, with its subscriptions."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from mlinfra._cdk import Annotations, Construct, IConstruct, TerraformStack
from mlinfra._cdk.aws import kms_alias, kms_key, sns_topic, sns_topic_policy, sns_topic_subscription
from mlinfra.constructs.parts.environment import environment_of
from mlinfra.constructs.parts.policy import policy_document, statement
from mlinfra.declarations import EMAIL_ADDRESS
from mlinfra.functions.contract import Message

if TYPE_CHECKING:
    from mlinfra.constructs.parts.policy import Conditions
    from mlinfra.declarations import Environment


_OWNERS = "cluster_owners"
"""The id of the construct with the subscriptions of owners, in each stack that has clusters.

No name of an experiment has an underscore, so that no cluster has this id.
"""

_topics: WeakKeyDictionary[TerraformStack, Alerts] = WeakKeyDictionary()
"""The topic that a stack declares."""

_subscriptions: WeakKeyDictionary[IConstruct, dict[tuple[str, str], dict[str, bool]]] = WeakKeyDictionary()
"""By app, and by topic and address: the stacks that subscribe it, each with True if to its own messages only."""


class Alerts(Construct):
    """The environment's SNS topic for alarms and notifications.

    Every address in `alert_emails` receives every message. The owner of an experiment, an endpoint or a registered
    model receives the notifications of functions about it. Owners of experiments are subscribed by the stack of their
    cluster (`subscribe_owner`). CloudWatch alarms have no owner attribute: only `alert_emails` receive them.

    AWS sends each address an e-mail with a confirmation link; no messages are delivered before it is confirmed.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        environment: Environment | None = None,
    ) -> None:
        """Declare the topic, and subscribe `alert_emails` and the owners of endpoints and models.

        Args:
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            environment: the environment. Default: the environment of the enclosing MlStack.
        """
        self._environment = environment = environment_of(scope, environment)
        super().__init__(scope, id)
        self._everything: set[str] = set()
        self._own: set[str] = set()
        self._key = self._topic_key()
        self._topic = sns_topic.SnsTopic(
            self, "topic", name=environment.names.alerts_topic_arn.rpartition(":")[2], kms_master_key_id=self._key.arn
        )
        sns_topic_policy.SnsTopicPolicy(self, "policy", arn=self._topic.arn, policy=self._policy())
        for email in environment.alert_emails:
            self.subscribe(email)
        for owner in _owners_of_services(environment):
            self.subscribe(owner, owner_only=True)
        _topics[TerraformStack.of(self)] = self

    @property
    def topic(self) -> sns_topic.SnsTopic:
        """The SNS topic."""
        return self._topic

    @property
    def topic_arn(self) -> str:
        """The topic's ARN, equal to the environment's `alerts_topic_arn`."""
        return str(self._topic.arn)

    @property
    def key_arn(self) -> str:
        """The ARN of the key that encrypts messages."""
        return str(self._key.arn)

    def subscribe(self, email: str, *, owner_only: bool = False) -> None:
        """Subscribe `email`. An address that is already subscribed to every message is not subscribed again.

        Args:
            email: the address.
            owner_only: True if only messages about resources with this owner are delivered. Default: False, every
                message. Subscribe addresses to every message first: SNS allows one subscription per address.

        Raises:
            ValueError: if `email` is not a valid address, is already subscribed with `owner_only`, or another stack of
                the app subscribes it with another `owner_only`.
        """
        if not re.fullmatch(EMAIL_ADDRESS, email):
            message = f"email={email!r} is not a valid e-mail address. Expected: an address such as ana@example.com."
            raise ValueError(message)
        if email in self._everything or (owner_only and email in self._own):
            return
        if email in self._own:
            message = (
                f"{email} is already subscribed as an owner, and SNS allows one subscription per address. Expected: "
                f"the address in the environment's alert_emails, which are subscribed first."
            )
            raise ValueError(message)
        _check_other_stacks(self, email, self._environment.names.alerts_topic_arn, owner_only=owner_only)
        (self._own if owner_only else self._everything).add(email)
        sns_topic_subscription.SnsTopicSubscription(
            self,
            _id_of(email),
            topic_arn=self._topic.arn,
            protocol="email",
            endpoint=email,
            filter_policy=json.dumps({Message.OWNER: [email]}) if owner_only else None,
        )

    def _topic_key(self) -> kms_key.KmsKey:
        environment = self._environment
        key = kms_key.KmsKey(
            self,
            "key",
            description=f"Encrypts the alerts and notifications of {environment.names.prefix}.",
            enable_key_rotation=True,
            deletion_window_in_days=30,
            policy=policy_document(
                # In a key's policy, "*" is this key. Without this statement no principal could change the key.
                statement(
                    "AllowThroughIam",
                    principals={"AWS": f"arn:aws:iam::{environment.account_id}:root"},
                    actions=["kms:*"],
                    resources=["*"],
                ),
                # The policy of the AWS managed key aws/sns cannot allow CloudWatch (SNS developer guide, "Key
                # management", read 2026-11-24). Roles get access through IAM.
                statement(
                    "AllowAlarms",
                    principals={"Service": "cloudwatch.amazonaws.com"},
                    actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                    resources=["*"],
                    conditions=self._own_alarms(),
                ),
                *(
                    statement(
                        sid,
                        principals={"Service": service},
                        actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                        resources=["*"],
                        conditions=conditions,
                    )
                    for sid, service, conditions in self._billing_services()
                ),
            ),
        )
        kms_alias.KmsAlias(self, "key-alias", name=environment.names.alerts_key_alias, target_key_id=key.key_id)
        return key

    def _policy(self) -> str:
        # EventBridge is not allowed: a topic's policy cannot restrict it to the rules of this account (EventBridge user
        # guide, "Amazon SNS permissions", read 2026-11-24). A rule that notifies invokes a function, or assumes a role.
        return policy_document(
            statement(
                "AllowAlarms",
                principals={"Service": "cloudwatch.amazonaws.com"},
                actions=["sns:Publish"],
                resources=[self.topic_arn],
                conditions=self._own_alarms(),
            ),
            *(
                statement(
                    sid,
                    principals={"Service": service},
                    actions=["sns:Publish"],
                    resources=[self.topic_arn],
                    conditions=conditions,
                )
                for sid, service, conditions in self._billing_services()
            ),
            statement(
                "DenyInsecureTransport",
                effect="Deny",
                principals={"AWS": "*"},
                actions=["sns:Publish"],
                resources=[self.topic_arn],
                conditions={"Bool": {"aws:SecureTransport": "false"}},
            ),
            statement(
                "DenyOtherAccounts",
                effect="Deny",
                principals={"AWS": "*"},
                actions=["sns:Publish", "sns:Subscribe"],
                resources=[self.topic_arn],
                # AWS services have no account; the first statements restrict them to alarms and bills of this account.
                conditions={
                    "StringNotEquals": {"aws:PrincipalAccount": self._environment.account_id},
                    "Bool": {"aws:PrincipalIsAWSService": "false"},
                },
            ),
        )

    def _billing_services(self) -> list[tuple[str, str, Conditions]]:
        """AWS Budgets and Cost Anomaly Detection: the id of a statement, the service and its conditions.

        Source: Cost Management user guide, "Creating an Amazon SNS topic for budget notifications" and "Creating an
        Amazon SNS topic for anomaly notifications", read 2026-11-29.
        """
        account_id = self._environment.account_id
        own = {"aws:SourceAccount": account_id}
        return [
            (
                "AllowBudgets",
                "budgets.amazonaws.com",
                {"StringEquals": own, "ArnLike": {"aws:SourceArn": f"arn:aws:budgets::{account_id}:*"}},
            ),
            ("AllowCostAnomalies", "costalerts.amazonaws.com", {"StringEquals": own}),
        ]

    def _own_alarms(self) -> dict[str, dict[str, str]]:
        environment = self._environment
        return {
            "ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:{environment.region}:{environment.account_id}:alarm:*"},
            "StringEquals": {"aws:SourceAccount": environment.account_id},
        }


def subscribe_owner(scope: Construct, email: str, *, environment: Environment) -> None:
    """Subscribe the owner of an experiment in the stack of `scope`, once in a stack.

    SNS allows one subscription of an address to a topic, so that two stacks share it. A second stack of one app gets a
    warning. Addresses that the stack of the topic subscribes are skipped: `alert_emails` and the owners of endpoints
    and models.

    Args:
        scope: a construct in the stack of the cluster.
        email: the address of the owner.
        environment: the environment of the topic.

    Raises:
        ValueError: if another stack of the app subscribes the address to every message.
    """
    if email in {*environment.alert_emails, *_owners_of_services(environment)}:
        return
    stack = TerraformStack.of(scope)
    alerts = _topics.get(stack)
    if alerts is not None:
        alerts.subscribe(email, owner_only=True)
        return
    known = stack.node.try_find_child(_OWNERS)
    owners = known if isinstance(known, Construct) else Construct(stack, _OWNERS)
    if owners.node.try_find_child(_id_of(email)) is None:
        _check_other_stacks(scope, email, environment.names.alerts_topic_arn, owner_only=True)
        sns_topic_subscription.SnsTopicSubscription(
            owners,
            _id_of(email),
            topic_arn=environment.names.alerts_topic_arn,
            protocol="email",
            endpoint=email,
            filter_policy=json.dumps({Message.OWNER: [email]}),
        )


def _check_other_stacks(scope: Construct, email: str, topic_arn: str, *, owner_only: bool) -> None:
    """Warn if another stack of the app subscribes `email` to the topic as well, and refuse another filter."""
    stack = TerraformStack.of(scope).node.id
    stacks = _subscriptions.setdefault(scope.node.root, {}).setdefault((topic_arn, email), {})
    others = sorted(each for each in stacks if each != stack)
    if any(stacks[each] != owner_only for each in others):
        message = (
            f"{email} is subscribed to {topic_arn} by the stacks {', '.join(others)} and {stack}, by one to every "
            f"message and by the other to its own. SNS has one subscription for each address, and the second apply "
            f"would fail. Expected: the address in alert_emails of the environments of all these stacks, or of none."
        )
        raise ValueError(message)
    if others:
        Annotations.of(scope).add_warning(
            f"{email} is subscribed to {topic_arn} by the stacks {', '.join(others)} and {stack}. SNS has one "
            f"subscription for both: the removal of one stack deletes it, until the janitor restores it within an "
            f"hour. To avoid that, add the address to the environment's alert_emails."
        )
    stacks[stack] = owner_only


def _owners_of_services(environment: Environment) -> list[str]:
    return [*(each.owner for each in environment.endpoints), *(each.owner for each in environment.models)]


def _id_of(email: str) -> str:
    """A unique construct id: cdktf drops @ and dots, so that two addresses could have the same id."""
    readable = re.sub(r"[^\w]+", "-", email)
    return f"{readable}-{hashlib.sha256(email.encode()).hexdigest()[:8]}"
