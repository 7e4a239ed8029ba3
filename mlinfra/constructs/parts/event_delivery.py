"""An EventBridge rule that delivers events to a function, a state machine or a queue that mlinfra did not create."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from mlinfra._cdk import Construct, TerraformResource, Token
from mlinfra._cdk.aws import (
    cloudwatch_event_rule,
    cloudwatch_event_target,
    iam_role_policy,
    lambda_permission,
    sqs_queue_policy,
)
from mlinfra.constructs.parts.dead_letters import DEAD_LETTER_DAYS, DeadLetters, policy_of_queue
from mlinfra.constructs.parts.environment import environment_of
from mlinfra.constructs.parts.policy import policy_document, statement, trust_policy
from mlinfra.constructs.parts.roles import workload_role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlinfra.declarations import Environment

EventReceiver: TypeAlias = TerraformResource | str
"""An aws_lambda_function, aws_sfn_state_machine or aws_sqs_queue; or the ARN of a Lambda function or state machine."""

_KINDS: Final = {
    "aws_lambda_function": "function",
    "aws_sfn_state_machine": "state-machine",
    "aws_sqs_queue": "queue",
}
_ARN: Final = re.compile(
    r"arn:aws:(?:lambda|states):(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12}):"
    r"(?:function:(?P<function>[A-Za-z0-9_-]+)(?::(?P<qualifier>[A-Za-z0-9_$-]+))?|stateMachine:(?P<machine>[\w-]+))",
    re.ASCII,
)
_UNUSABLE: Final = re.compile(r"[^A-Za-z0-9_-]")
_LONGEST_NAME: Final = 64
"""The limit of EventBridge for rules, and of IAM for roles."""
_DIGITS: Final = 8
_AWS_KEY: Final = "alias/aws/sqs"


class EventDelivery(Construct):
    """A rule on the default bus with one target, and the permission of EventBridge to use the target.

    EventBridge tries to deliver an event for 24 hours, up to 185 times, its defaults. An event that it cannot deliver,
    such as to a deleted function, is kept in a dead-letter queue for 14 days, which an alarm reports.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        receiver: EventReceiver,
        event_pattern: Mapping[str, object],
        description: str,
        environment: Environment | None = None,
    ) -> None:
        """Declare the rule.

        Args:
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            receiver: the target. A queue must be a standard one, and the rule writes its policy.
            event_pattern: the pattern of the events.
            description: the events, in a sentence.
            environment: the environment. Default: the environment of the enclosing MlStack.

        Raises:
            ValueError: if EventBridge cannot deliver to `receiver`.
        """
        environment = environment_of(scope, environment)
        target = _target(receiver, environment)
        super().__init__(scope, id)
        name = _rule_name(environment, self.node.path)
        rule_arn = f"arn:aws:events:{environment.region}:{environment.account_id}:rule/{name}"
        self._rule = cloudwatch_event_rule.CloudwatchEventRule(
            self, "rule", name=name, description=description, event_pattern=json.dumps(event_pattern)
        )
        dead_letters = DeadLetters(self, owner=name, rule_arn=rule_arn)
        permission, role_arn = self._permit(target, name, environment)
        cloudwatch_event_target.CloudwatchEventTarget(
            self,
            "target",
            rule=self._rule.name,
            target_id=target.kind,
            arn=target.arn,
            role_arn=role_arn,
            dead_letter_config=cloudwatch_event_target.CloudwatchEventTargetDeadLetterConfig(
                arn=dead_letters.queue.arn
            ),
            # EventBridge does not retry an event that it may not deliver. Source: EventBridge user guide, "Using
            # dead-letter queues to process undelivered events", read 2026-11-30.
            depends_on=[permission],
        )
        dead_letters.alarm(
            description=(
                f"EventBridge could not deliver an event of the rule {name} to its target, {target.name}. The event is "
                f"kept in the queue {name}-dead-letters for {DEAD_LETTER_DAYS} days, with the cause in its attribute "
                f"ERROR_MESSAGE. Fix the cause, then send the event to the target. Owner: {environment.team}."
            ),
            topic_arn=environment.names.alerts_topic_arn,
        )

    @property
    def rule(self) -> cloudwatch_event_rule.CloudwatchEventRule:
        """The EventBridge rule."""
        return self._rule

    def _permit(self, target: _Target, name: str, environment: Environment) -> tuple[TerraformResource, str | None]:
        """Allow EventBridge to use the target.

        State machines require a role, and functions and queues a statement in their own policies. Source: EventBridge
        user guide, "Using resource-based policies" and "IAM roles for sending events to targets", read 2026-11-30.

        Returns:
            The permission, and the ARN of the role that EventBridge assumes; None: it assumes none.
        """
        rule_arn = str(self._rule.arn)
        if target.kind == "function":
            permission = lambda_permission.LambdaPermission(
                self,
                "permission",
                statement_id=name,
                action="lambda:InvokeFunction",
                function_name=target.function,
                qualifier=target.qualifier,
                principal="events.amazonaws.com",
                source_account=environment.account_id,
                source_arn=rule_arn,
            )
            return permission, None
        if target.kind == "queue":
            policy = policy_of_queue(target.arn, [rule_arn])
            return sqs_queue_policy.SqsQueuePolicy(self, "permission", queue_url=target.queue_url, policy=policy), None
        role = workload_role(
            self,
            "role",
            environment=environment,
            name=name,
            description=f"EventBridge starts the state machine {target.name}.",
            trust=trust_policy("events.amazonaws.com"),
        )
        allowed = iam_role_policy.IamRolePolicy(
            self,
            "permission",
            name="start",
            role=role.name,
            policy=policy_document(statement("Start", actions=["states:StartExecution"], resources=[target.arn])),
        )
        return allowed, str(role.arn)


@dataclass(frozen=True)
class _Target:
    kind: Literal["function", "state-machine", "queue"]
    name: str
    """Its name in the account, or its id in the stack."""
    arn: str
    function: str = ""
    qualifier: str | None = None
    """The version or alias of a function. None: the latest."""
    queue_url: str = ""


def _target(receiver: object, environment: Environment) -> _Target:
    if isinstance(receiver, TerraformResource) and receiver.terraform_resource_type in _KINDS:
        return _of_resource(receiver)
    if isinstance(receiver, str) and not Token.is_unresolved(receiver) and (found := _ARN.fullmatch(receiver)):
        if (found["region"], found["account"]) != (environment.region, environment.account_id):
            message = (
                f"{receiver} is in another account or region than the environment {environment.name!r}. Expected: a "
                f"target in {environment.region} of {environment.account_id}, to which EventBridge delivers directly."
            )
            raise ValueError(message)
        if found["machine"]:
            return _Target("state-machine", found["machine"], receiver)
        return _Target("function", found["function"], receiver, found["function"], found["qualifier"])
    shown = receiver.node.path if isinstance(receiver, Construct) else repr(receiver)
    message = (
        f"events cannot be delivered to {shown}. Expected: a Function, an aws_lambda_function, aws_sfn_state_machine "
        f"or aws_sqs_queue, or the ARN of a Lambda function or state machine. Of a queue, the resource itself is "
        f"required, because its policy must allow EventBridge."
    )
    raise ValueError(message)


def _of_resource(resource: TerraformResource) -> _Target:
    arn, name = resource.get_string_attribute("arn"), resource.node.id
    kind = _KINDS[resource.terraform_resource_type]
    if kind == "function":
        return _Target("function", name, arn, function=resource.get_string_attribute("function_name"))
    if kind == "state-machine":
        return _Target("state-machine", name, arn)
    problem = _problem_of_queue(resource)
    if problem:
        message = f"events cannot be delivered to the queue {resource.node.path}: {problem}"
        raise ValueError(message)
    return _Target("queue", name, arn, queue_url=resource.get_string_attribute("url"))


def _problem_of_queue(queue: TerraformResource) -> str:
    """The reason why events would not arrive in a queue, or would damage it. Empty: they arrive.

    Source: EventBridge user guide, "Amazon SQS permissions" and "Troubleshooting", read 2026-11-30.
    """
    if getattr(queue, "fifo_queue_input", None):
        return "it is a FIFO queue, which needs a group and an id of each message. Expected: a standard queue."
    if getattr(queue, "kms_master_key_id_input", None) == _AWS_KEY:
        return (
            f"it is encrypted with {_AWS_KEY}, which EventBridge may not use. Expected: sqs_managed_sse_enabled=True, "
            f"or a key whose policy allows events.amazonaws.com kms:Decrypt and kms:GenerateDataKey."
        )
    if getattr(queue, "policy_input", None) is not None:
        return "it has a policy, which would be replaced. Expected: a queue without a policy."
    return ""


def _rule_name(environment: Environment, path: str) -> str:
    """The name of a rule and its role. The path of the construct makes it unique in the account."""
    name = _UNUSABLE.sub("-", f"{environment.names.prefix}-{path.removeprefix(f'{environment.name}-')}")
    if len(name) <= _LONGEST_NAME:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGITS]
    return f"{name[: _LONGEST_NAME - _DIGITS - 1]}-{digest}"
