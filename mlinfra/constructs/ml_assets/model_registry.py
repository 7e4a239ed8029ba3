"""SageMaker's model registry: a group for the versions of each model, grants, and notifications of approvals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, overload

from mlinfra._cdk import Construct, TerraformResourceLifecycle
from mlinfra._cdk.aws import sagemaker_model_package_group, sagemaker_model_package_group_policy
from mlinfra.constructs.parts import (
    EncryptionKey,
    EventDelivery,
    EventRule,
    Function,
    alert_statements,
    environment_of,
    grant_to,
    policy_document,
    statement,
)
from mlinfra.functions.contract import Approval, Event, Tag, Variable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlinfra.constructs.parts import AnyRole, EventReceiver, Statement
    from mlinfra.declarations import Environment, RegisteredModel

APPROVALS: Final = (Approval.PENDING, Approval.APPROVED, Approval.REJECTED)


class ModelRegistryAccess(Construct):
    """Access to the registered models of an environment, declared in this stack or another one."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        environment: Environment | None = None,
    ) -> None:
        """Refer to a registry of another stack.

        Args:
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            environment: the environment of the models. Default: that of the enclosing MlStack.

        Raises:
            ValueError: if the environment declares no model.
        """
        self._environment = environment = environment_of(scope, environment)
        if not environment.models:
            message = (
                f"the environment {environment.name!r} declares no models. Expected: one or more RegisteredModel(...) "
                f"in its declaration."
            )
            raise ValueError(message)
        super().__init__(scope, id)
        self._declared = {each.name: each for each in environment.models}

    def group_name(self, model: str) -> str:
        """The name of the model package group of `model`.

        Raises:
            ValueError: if the environment declares no such model.
        """
        if model not in self._declared:
            message = (
                f"the environment {self._environment.name!r} has no model {model!r}. Expected: one of "
                f"{', '.join(self._declared)}."
            )
            raise ValueError(message)
        return f"{self._environment.names.prefix}-{model}"

    def group_arn(self, model: str) -> str:
        """The ARN of the model package group of `model`.

        Raises:
            ValueError: if the environment declares no such model.
        """
        return self._arn("model-package-group", self.group_name(model))

    def version_arns(self, model: str) -> str:
        """The ARN of all versions of `model`, with a wildcard.

        Raises:
            ValueError: if the environment declares no such model.
        """
        return self._arn("model-package", f"{self.group_name(model)}/*")

    def grant_read(self, grantee: AnyRole, *, models: Sequence[str] | None = None) -> None:
        """Allow `grantee` to read versions. Their artifacts are in the data lake, which is granted separately.

        Args:
            grantee: something with a role, a role, or a role's name, such as a TrainingCluster.
            models: the models. Default: all of the environment.

        Raises:
            ValueError: if the environment declares no such model.
        """
        self._grant(grantee, "read", models)

    def grant_register(self, grantee: AnyRole, *, models: Sequence[str] | None = None) -> None:
        """Allow `grantee` to register versions, which then wait for approval by another principal.

        Args:
            grantee: something with a role, a role, or a role's name, such as a TrainingCluster.
            models: the models. Default: all of the environment.

        Raises:
            ValueError: if the environment declares no such model.
        """
        chosen = self._chosen(models)
        register = statement(
            "Register",
            actions=["sagemaker:CreateModelPackage"],
            resources=[*map(self.group_arn, chosen), *map(self.version_arns, chosen)],
            # A version without a status waits for approval.
            conditions={"StringEqualsIfExists": {"sagemaker:ModelApprovalStatus": Approval.PENDING}},
        )
        self._grant(grantee, "register", models, register)

    def grant_approve(self, grantee: AnyRole, *, models: Sequence[str] | None = None) -> None:
        """Allow `grantee` to approve and reject versions.

        Args:
            grantee: something with a role, a role, or a role's name, such as a pipeline that waits for a person.
            models: the models. Default: all of the environment.

        Raises:
            ValueError: if the environment declares no such model.
        """
        resources = [self.version_arns(each) for each in self._chosen(models)]
        approve = statement("Approve", actions=["sagemaker:UpdateModelPackage"], resources=resources)
        self._grant(grantee, "approve", models, approve)

    @overload
    def on_approval(
        self, receiver: Function, *, models: Sequence[str] | None = None, approvals: Sequence[str] = ...
    ) -> EventRule: ...

    @overload
    def on_approval(
        self, receiver: EventReceiver, *, models: Sequence[str] | None = None, approvals: Sequence[str] = ...
    ) -> EventDelivery: ...

    def on_approval(
        self,
        receiver: Function | EventReceiver,
        *,
        models: Sequence[str] | None = None,
        approvals: Sequence[str] = (Approval.APPROVED,),
    ) -> EventRule | EventDelivery:
        """Send SageMaker's event to `receiver` when a version is approved, with the permission of EventBridge to do so.

        SageMaker may send several events for one change, so the receiver must be idempotent.

        Args:
            receiver: an aws_lambda_function, aws_sfn_state_machine or aws_sqs_queue; the ARN of a Lambda function or
                state machine of the environment's account and region; or a Function. A receiver can be given once. A
                queue must be a standard one without a policy, which is written.
            models: the models. Default: all of the environment.
            approvals: the approval statuses, of PendingManualApproval, Approved and Rejected. Default: Approved.

        Raises:
            ValueError: if the environment declares no such model, SageMaker has no such approval, or EventBridge cannot
                deliver to `receiver`.
        """
        unknown = [each for each in approvals if each not in APPROVALS]
        if unknown or not approvals:
            message = f"approvals={list(approvals)!r} is not valid. Expected: one or more of {', '.join(APPROVALS)}."
            raise ValueError(message)
        chosen = [self.group_name(each) for each in self._chosen(models)]
        # A rule's pattern has at most 2048 characters, which is about forty names.
        prefix = self._environment.names.prefix
        groups: list[object] = list(chosen) if models is not None else [{"prefix": f"{prefix}-"}]
        description = f"Versions of models of {prefix} that changed to {', '.join(approvals)}."
        pattern: dict[str, list[str] | dict[str, object]] = {
            "source": [Event.SAGEMAKER_SOURCE],
            "detail-type": [Event.MODEL_PACKAGE_CHANGED],
            "detail": {"ModelPackageGroupName": groups, "ModelApprovalStatus": list(approvals)},
        }
        if isinstance(receiver, Construct):
            # Its path in the stack, not its name: names differ between environments.
            _, *place = receiver.node.path.split("/")
        else:
            place = receiver.split(":")[5:]  # such as function:release
        id_ = f"on-approval-{'-'.join(place)}"
        if isinstance(receiver, Function):
            return EventRule(self, id_, function=receiver, description=description, event_pattern=pattern)
        return EventDelivery(
            self,
            id_,
            receiver=receiver,
            description=description,
            event_pattern=pattern,
            environment=self._environment,
        )

    def _chosen(self, models: Sequence[str] | None) -> list[str]:
        return list(self._declared if models is None else models)

    def _arn(self, kind: str, name: str) -> str:
        return f"arn:aws:sagemaker:{self._environment.region}:{self._environment.account_id}:{kind}/{name}"

    def _grant(self, grantee: AnyRole, access: str, models: Sequence[str] | None, *more: Statement) -> None:
        chosen = self._chosen(models)
        name = "-".join([self.node.id, access, *(models or ())])
        groups, versions = [self.group_arn(each) for each in chosen], [self.version_arns(each) for each in chosen]
        statements = [
            statement("ReadGroups", actions=["sagemaker:DescribeModelPackageGroup"], resources=groups),
            # To list the versions of a group is allowed on the versions, and not on the group (service authorization
            # reference of Amazon SageMaker, and its guide to registries of other accounts, read 2026-11-26).
            statement(
                "ReadVersions",
                actions=["sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages"],
                resources=versions,
            ),
            *more,
        ]
        grant_to(grantee, name, statements, scope=self)


class ModelRegistry(ModelRegistryAccess):
    """A model package group for each declared model, and a function that sends notifications of approvals.

    The owner of a model and the recipients of all notifications are notified of each version that waits
    for approval, is approved or is rejected. `on_approval` sends the same events to a function.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        trusted_account_ids: Sequence[str] | None = None,
        key_arn: str | None = None,
        protect: bool | None = None,
        environment: Environment | None = None,
    ) -> None:
        """Declare the registry.

        Args:
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            trusted_account_ids: other accounts that may read versions and create models from them.
                Default: the environment's `trusted_account_ids`.
            key_arn: the KMS key for the function's log and variables, which CloudWatch Logs must be
                allowed to use. Default: a key of the registry, 1 USD a month.
            protect: True if Terraform refuses to destroy a group. Default: the environment's
                `protect_data`. SageMaker refuses to delete a group that has versions.
            environment: its environment. Default: the environment of the enclosing MlStack.

        Raises:
            ValueError: if the environment declares no model.
        """
        super().__init__(scope, id, environment=environment)
        environment = self._environment
        protect = environment.protect_data if protect is None else protect
        trusted = environment.trusted_account_ids if trusted_account_ids is None else tuple(trusted_account_ids)
        self._groups = {name: self._make(model, protect=protect) for name, model in self._declared.items()}
        if trusted:
            for name in self._declared:
                self._trust(name, trusted)
        if key_arn is None:
            own = EncryptionKey(
                self,
                "key",
                name=environment.names.model_registry_key_alias.removeprefix("alias/"),
                description=f"Encrypts the log of approvals of {environment.names.prefix}.",
                services=["logs"],
                environment=environment,
            )
            key_arn = own.arn
        self._function = Function(
            self,
            "approvals",
            name=f"{environment.names.prefix}-model-approval",
            handler="mlinfra.functions.model_approval.handler",
            description="Notifies owners of model versions that wait for approval, are approved or are rejected.",
            statements=[
                statement(
                    "FindOwner",
                    actions=["sagemaker:ListTags"],
                    resources=[self._arn("model-package-group", f"{environment.names.prefix}-*")],
                ),
                *alert_statements(environment),
            ],
            variables={Variable.TOPIC: environment.names.alerts_topic_arn},
            reserved_concurrency=environment.reserved_concurrency,
            key_arn=key_arn,
            environment=environment,
        )
        self._rule = self.on_approval(self._function, approvals=APPROVALS)

    @property
    def function(self) -> Function:
        """The function that sends notifications."""
        return self._function

    @property
    def rule(self) -> EventRule:
        """The event rule that invokes the function."""
        return self._rule

    def group(self, model: str) -> sagemaker_model_package_group.SagemakerModelPackageGroup:
        """The group of `model` itself.

        Raises:
            ValueError: if the environment declares no such model.
        """
        self.group_name(model)
        return self._groups[model]

    def _make(
        self, model: RegisteredModel, *, protect: bool
    ) -> sagemaker_model_package_group.SagemakerModelPackageGroup:
        return sagemaker_model_package_group.SagemakerModelPackageGroup(
            self,
            f"group-{model.name}",
            model_package_group_name=self.group_name(model.name),
            model_package_group_description=model.description,
            tags={Tag.OWNER: model.owner},
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True) if protect else None,
        )

    def _trust(self, model: str, account_ids: Sequence[str]) -> None:
        principals = {"AWS": [f"arn:aws:iam::{each}:root" for each in account_ids]}
        sagemaker_model_package_group_policy.SagemakerModelPackageGroupPolicy(
            self,
            f"policy-{model}",
            model_package_group_name=self._groups[model].model_package_group_name,
            # As AWS has it for deployment from another account, without UpdateModelPackage: approval stays here
            # (SageMaker developer guide, "Deploy a model version from a different account", read 2026-11-26).
            resource_policy=policy_document(
                statement(
                    "ReadGroup",
                    principals=principals,
                    actions=["sagemaker:DescribeModelPackageGroup"],
                    resources=[self.group_arn(model)],
                ),
                statement(
                    "UseVersions",
                    principals=principals,
                    actions=["sagemaker:CreateModel", "sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages"],
                    resources=[self.version_arns(model)],
                ),
            ),
        )
