"""Stacks with the AWS provider, tags, remote state and validations of mlinfra."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from mlinfra._cdk import (
    IValidation,
    S3Backend,
    TerraformDataSource,
    TerraformResource,
    TerraformStack,
    implements,
)
from mlinfra._cdk.aws import provider
from mlinfra.checks.blocks import empty_blocks
from mlinfra.checks.boundaries import roles_without_boundary
from mlinfra.checks.tags import REQUIRED_TAGS, missing_tags

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlinfra._cdk import App
    from mlinfra.declarations import Environment

AWS_PROVIDER = {"source": "hashicorp/aws", "version": ">= 5.100.0, < 7.0.0"}
"""The provider that stacks require. A range, because the lock file pins the version."""

_stacks: WeakKeyDictionary[App, dict[str, str]] = WeakKeyDictionary()
"""State keys by stack id, for each app."""


class MlStack(TerraformStack):
    """One component of one environment, with its own remote state.

    Its resources are created in the environment's account and region, and have the tags of the environment. Its
    state is stored in the environment's state bucket, with a lock.

    The synth fails with a message if two constructs collapse into one Terraform address, if a block is
    unexpectedly empty, if a required tag is missing, or if a role has no permissions boundary.
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
            ValueError: the app already has a stack with this id or state key.
        """
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


@implements(IValidation)
class _Guards:
    """Validations of problems that cdktf does not report."""

    def __init__(self, stack: MlStack) -> None:
        self._stack = stack

    def validate(self) -> list[str]:
        config = self._stack.to_terraform()
        # Adopted resources have no tags of the stack, and are not changed.
        own = (
            [*_untagged(self._stack, config), *_unlimited_roles(self._stack, config)]
            if self._stack.default_tags
            else []
        )
        return [*_collapsed(self._stack, config), *empty_blocks(config), *own, *_forgotten_and_declared(config)]


def _collapsed(stack: MlStack, config: Mapping[str, Mapping[str, Mapping[str, object]]]) -> Iterator[str]:
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
            yield (
                f"the constructs {' and '.join(paths)} have the same address, {address}, and only one resource is "
                f"written: cdktf removes all characters but letters, digits, '-' and '_' from ids. Give them ids that "
                f"differ in these characters."
            )


def _untagged(stack: MlStack, config: dict[str, Any]) -> Iterator[str]:
    """A problem for each resource that lacks a tag of the environment, or has a value that it does not allow."""
    rules = stack.environment.tag_rules
    yield from missing_tags(config, required=(*REQUIRED_TAGS, *rules.additional), allowed=rules.allowed_values)


def _unlimited_roles(stack: MlStack, config: Mapping[str, Any]) -> Iterator[str]:
    """A problem for each role without the permissions boundary, except for those of the pipeline and AWS Budgets."""
    environment = stack.environment
    if environment.boundary_arn is None:
        return
    arns = (environment.names.ci_role_arn(use) for use in ("plan", "drift", "apply", "train"))
    by_administrators = [*(arn.rpartition("/")[2] for arn in arns), environment.names.budget_actions_role]
    yield from roles_without_boundary(config, environment.boundary_arn, except_for=by_administrators)


def _forgotten_and_declared(config: Mapping[str, Any]) -> Iterator[str]:
    """A problem for each forgotten resource that is still declared, which Terraform rejects."""
    for each in config.get("removed", []):
        kind, _, name = each["from"].partition(".")
        if name in config.get("resource", {}).get(kind, {}):
            yield (
                f"{each['from']} is in the environment's record of forgotten resources and is still declared. Remove "
                f"the declaration to stop managing it, or remove it from the record to keep managing it."
            )


def _owner(known: Mapping[str, str], state_key: str) -> str:
    return next(stack_id for stack_id, key in known.items() if key == state_key)
