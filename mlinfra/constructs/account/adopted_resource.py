"""A resource that was created outside Terraform, imported unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from mlinfra._cdk import Construct, TerraformProvider, TerraformResource, TerraformResourceLifecycle, TerraformStack
from mlinfra.declarations import terraform_literal

if TYPE_CHECKING:
    from mlinfra.declarations import Adopted

_import_blocks: WeakKeyDictionary[TerraformStack, list[dict[str, str]]] = WeakKeyDictionary()
"""The import blocks of each stack: an override replaces the one before."""


class AdoptedResource(Construct):
    """Brings a resource that was created outside Terraform under management, without changing it.

    Terraform imports it at the first apply. Its arguments are those in AWS, its name in Terraform follows from
    `Adopted.name` alone, and Terraform refuses to destroy it unless `prevent_destroy` is off.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        adopted: Adopted,
        provider: TerraformProvider | None = None,
    ) -> None:
        """Declare the resource.

        Args:
            scope: the parent construct. Its stack should have `tagged=False`: a tag is a change, too.
            id: the construct's id, unique in its scope.
            adopted: the resource with its arguments, as found by `mlinfra adopt`.
            provider: the provider for its region. Default: that of the stack.
        """
        super().__init__(scope, id)
        self._adopted = adopted
        self.resource = TerraformResource(
            self,
            "resource",
            terraform_resource_type=adopted.type,
            provider=provider,
            lifecycle=TerraformResourceLifecycle(
                prevent_destroy=adopted.prevent_destroy, ignore_changes=list(adopted.ignore_changes) or None
            ),
        )
        self.resource.override_logical_id(adopted.name)
        for name, value in adopted.arguments.items():
            self.resource.add_override(name, terraform_literal(value))
        # Not import_from, which runs Terraform at every synth to check its version.
        stack = TerraformStack.of(self)
        blocks = _import_blocks.setdefault(stack, [])
        blocks.append({"to": adopted.address, "id": terraform_literal(adopted.id)})
        stack.add_override("import", blocks)

    @property
    def address(self) -> str:
        """Its address in Terraform."""
        return self._adopted.address
