"""Stacks with the AWS provider, tags, remote state and validations of mlinfra."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from mlinfra._cdk import (
    FAMILY,
    IValidation,
    S3Backend,
    TerraformDataSource,
    TerraformResource,
    TerraformStack,
    implements,
)
from mlinfra._cdk.aws import provider
from mlinfra._cdk.node_package import configuration
from mlinfra.cdk_family import refuse_other
from mlinfra.checks.acknowledgements import METADATA, Acknowledgement, require_acknowledgeable
from mlinfra.checks.check import Problem, StackConfiguration
from mlinfra.checks.evaluation import CheckResult, evaluate, unused
from mlinfra.checks.findings_file import append_findings
from mlinfra.checks.index import CHECKS, COLLAPSED
from mlinfra.checks.level import Level
from mlinfra.checks.tags import REQUIRED_TAGS
from mlinfra.declarations import present_day

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from mlinfra._cdk import App, IConstruct
    from mlinfra.checks.resource_check import AnyCheck
    from mlinfra.declarations import Environment

AWS_PROVIDER = {"source": "hashicorp/aws", "version": ">= 5.100.0, < 7.0.0"}
"""The provider that stacks require. A range, because the lock file pins the version."""

_stacks: WeakKeyDictionary[App, dict[str, str]] = WeakKeyDictionary()
"""State keys by stack id, for each app."""


class MlStack(TerraformStack):
    """One component of one environment, with its own remote state.

    Its resources are created in the environment's account and region, and have the tags of the environment. Its
    state is stored in the environment's state bucket, with a lock.

    The synth applies the checks of `mlinfra.checks` and those of the app, and fails with a message after an error that
    is not acknowledged (see `acknowledge`).
    """

    def __init__(
        self, scope: App, environment: Environment, component: str, *, auto_stop: bool = False, tagged: bool = True
    ) -> None:
        """Declare the stack.

        Args:
            scope: the app, as its direct parent.
            environment: the environment that the stack belongs to.
            component: name of the component, such as `training`. It determines the stack id and the state key.
            auto_stop: True if the janitor may stop the resources. Default: False, because most resources of a
                platform are permanent.
            tagged: True to tag all resources with the environment's tags. Default: True. False for adopted
                resources, because a tag is a change.

        Raises:
            ValueError: the app already has a stack with this id or state key, or is one of cdktf while mlinfra uses
                cdktn, or the reverse.
        """
        refuse_other(scope, FAMILY)
        stack_id, state_key = environment.names.stack_id(component), environment.names.state_key(component)
        known = _stacks.setdefault(scope, {})
        if stack_id in known:
            message = (
                f"the stack {stack_id!r} is declared twice, and the second would overwrite the first. Give one of them "
                f"another component than {component!r}."
            )
            raise ValueError(message)
        if state_key in known.values():
            message = (
                f"the stacks {stack_id!r} and {_owner(known, state_key)!r} would share the state {state_key!r}. Give "
                f"one of the environments another project or name."
            )
            raise ValueError(message)

        super().__init__(scope, stack_id)
        known[stack_id] = state_key
        self._environment = environment
        self._component = component
        self._tags = environment.tags(auto_stop=auto_stop) if tagged else {}
        self._own_checks: Sequence[AnyCheck] = getattr(scope, "checks", ())
        self._acknowledged: list[dict[str, str]] = []
        self._use_provider()
        self._use_remote_state(state_key)
        self._forget()
        self.node.add_validation(_Guards(self))

    @property
    def environment(self) -> Environment:
        """The environment that the stack belongs to."""
        return self._environment

    @property
    def component(self) -> str:
        """The name of the component."""
        return self._component

    @property
    def own_checks(self) -> Sequence[AnyCheck]:
        """The additional checks of the app."""
        return self._own_checks

    def add_acknowledgement(self, acknowledgement: Acknowledgement) -> None:
        """Add an acknowledgement to the metadata of the stack. `acknowledge` checks it first."""
        self._acknowledged.append(acknowledgement.to_metadata())
        self.add_override(".".join(METADATA), self._acknowledged)

    @property
    def default_tags(self) -> Mapping[str, str]:
        """The tags of every resource in the stack, for resources that propagate tags themselves."""
        return dict(self._tags)

    def regional_provider(self, region: str) -> provider.AwsProvider:
        """A further AWS provider of the stack, for resources in another region.

        Args:
            region: the region, such as eu-west-1. It must be unique in the stack, and is the alias of the provider.
        """
        return self._provider(f"aws-{region}", region, alias=region)

    def _use_provider(self) -> None:
        self._provider("aws", self._environment.region)
        self.add_override("terraform.required_providers.aws", AWS_PROVIDER)

    def _provider(self, id_: str, region: str, alias: str | None = None) -> provider.AwsProvider:
        environment = self._environment
        return provider.AwsProvider(
            self,
            id_,
            alias=alias,
            region=region,
            # With credentials of another account, the plan fails.
            allowed_account_ids=[environment.account_id],
            default_tags=[provider.AwsProviderDefaultTags(tags=self._tags)] if self._tags else None,
            s3_use_path_style=True if environment.emulated else None,
            skip_metadata_api_check="true" if environment.emulated else None,
        )

    def _use_remote_state(self, state_key: str) -> None:
        environment = self._environment
        backend = S3Backend(
            self,
            bucket=environment.names.state_bucket,
            key=state_key,
            region=environment.region,
            encrypt=True,
            kms_key_id=f"arn:aws:kms:{environment.region}:{environment.account_id}:{environment.names.state_key_alias}",
            dynamodb_table=environment.names.lock_table,
        )
        backend.add_override("allowed_account_ids", [environment.account_id])
        if environment.native_state_lock:
            backend.add_override("use_lockfile", True)  # noqa: FBT003  cdktf's signature
        if environment.emulated:
            backend.add_override("use_path_style", True)  # noqa: FBT003
            backend.add_override("skip_metadata_api_check", True)  # noqa: FBT003

    def _forget(self) -> None:
        """Stop managing the resources in the environment's record of forgotten ones, without destroying them."""
        blocks = [
            {"from": each.address, "lifecycle": [{"destroy": False}]}
            for each in self._environment.forgotten
            if each.stack == self.node.id
        ]
        if blocks:
            self.add_override("removed", blocks)


def acknowledge(construct: IConstruct, check: str, *, reason: str, until: date | None = None) -> None:
    """Accept the problems that a check finds in a construct and in everything in it.

    The acknowledgement is part of the stack's Terraform JSON, so that reviewers see it. It covers the checks of checkov
    about the same fact too.

    Args:
        construct: the construct, in an MlStack.
        check: the id of the check, such as MLC302: of mlinfra, of the project, or of checkov.
        reason: the reason, in at least ten characters.
        until: the last day. After it, `mlinfra checks run` fails, and the synth warns. Default: it does not expire.

    Raises:
        ValueError: if the check is unknown or cannot be acknowledged, the reason is too short, or the construct is
            not in an MlStack.
    """
    stack = TerraformStack.of(construct)
    if not isinstance(stack, MlStack):
        message = f"{construct.node.path} is not in an MlStack, and only stacks of that class have checks."
        raise ValueError(message)  # noqa: TRY004  the construct is in the wrong place, its type is right
    require_acknowledgeable(check, reason, (*CHECKS, *stack.own_checks))
    stack.add_acknowledgement(Acknowledgement(check, construct.node.path, reason, until))


@implements(IValidation)
class _Guards:
    """The checks of mlinfra and those of the app. Warnings are written to standard error."""

    def __init__(self, stack: MlStack) -> None:
        self._stack = stack
        self._checks = (*CHECKS, *stack.own_checks)

    def validate(self) -> list[str]:
        stack = _configuration(self._stack)
        collapsed = [
            CheckResult(COLLAPSED, stack.name, each, COLLAPSED.level) for each in _collapsed(self._stack, stack.config)
        ]
        results = (*collapsed, *evaluate(stack, self._checks, today=present_day()))
        needless = unused(stack, results, self._checks)
        if append_findings(stack.name, results, needless):
            return []
        for given in needless:
            _warn(stack.name, f"the acknowledgement of {given.check} for {given.path} is not needed")
        pending = [each for each in results if each.acknowledged is None]
        for each in pending:
            if each.level is Level.WARNING:
                _warn(stack.name, each.text)
        return [each.text for each in pending if each.level is Level.HOLD]


def _warn(stack: str, text: str) -> None:
    sys.stderr.write(f"warning: {stack}: {text}\n")


def _configuration(stack: MlStack) -> StackConfiguration:
    environment = stack.environment
    arns = (environment.names.ci_role_arn(use) for use in ("plan", "drift", "apply", "train"))
    return StackConfiguration(
        name=stack.node.id,
        config=configuration(stack),
        has_tags=bool(stack.default_tags),
        required_tags=(*REQUIRED_TAGS, *environment.tag_rules.additional),
        allowed_tag_values=environment.tag_rules.allowed_values,
        boundary_arn=environment.boundary_arn,
        roles_without_boundary=[*(arn.rpartition("/")[2] for arn in arns), environment.names.budget_actions_role],
    )


def _collapsed(stack: MlStack, config: Mapping[str, Any]) -> Iterator[Problem]:
    """A problem for each resource that several constructs collapsed into.

    Counting is fast; the address of each construct is read only if the counts differ.
    """
    elements = [each for each in stack.node.find_all() if isinstance(each, TerraformResource | TerraformDataSource)]
    written = sum(len(named) for kind in ("resource", "data") for named in config.get(kind, {}).values())
    if len(elements) == written:
        return
    by_address: dict[str, list[str]] = {}
    for each in elements:
        address = f"{each.terraform_resource_type}.{each.friendly_unique_id}"
        by_address.setdefault(address, []).append(each.node.path)
    for address, paths in by_address.items():
        if len(paths) > 1:
            text = (
                f"the constructs {' and '.join(paths)} have the same address, {address}, and only one resource is "
                f"written: cdktf removes all characters but letters, digits, '-' and '_' from ids. Give them ids that "
                f"differ in these characters."
            )
            yield Problem(text, paths[0])


def _owner(known: Mapping[str, str], state_key: str) -> str:
    return next(stack_id for stack_id, key in known.items() if key == state_key)
