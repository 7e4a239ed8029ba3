"""A resource that was made by hand, as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from mlinfra._cdk import Construct, TerraformResource, TerraformResourceLifecycle, TerraformStack
from mlinfra.declarations import terraform_literal

if TYPE_CHECKING:
    from mlinfra.declarations import Adopted

_import_blocks: WeakKeyDictionary[TerraformStack, list[dict[str, str]]] = WeakKeyDictionary()
"""The import blocks of each stack: an override replaces the one before."""


class AdoptedResource(Construct):
    """Takes a resource that somebody made by hand under management, and changes nothing about it.

    Terraform imports it at the first apply. Its arguments are those that AWS has, its name in Terraform follows from
    `Adopted.name` alone, and Terraform refuses to destroy it unless `prevent_destroy` is off.
    """

    def __init__(self, scope: Construct, id: str, *, adopted: Adopted) -> None:  # noqa: A002
        """Declare the resource.

        Args:
            scope: where it is declared. Its stack should be one with `tagged=False`: a tag is a change, too.
            id: the construct's id, unique in its scope.
            adopted: the resource with its arguments, as `mlinfra adopt` found them.
        """
        super().__init__(scope, id)
        self._adopted = adopted
        self.resource = TerraformResource(
            self,
            "resource",
            terraform_resource_type=adopted.type,
            lifecycle=TerraformResourceLifecycle(
                prevent_destroy=adopted.prevent_destroy, ignore_changes=list(adopted.ignore_changes) or None
            ),
        )
        self.resource.override_logical_id(adopted.name)
        for name, value in adopted.arguments.items():
            self.resource.add_override(name, terraform_literal(value))
        # Not import_from: that starts a Terraform at every synth, to see whether it is new enough.
        stack = TerraformStack.of(self)
        blocks = _import_blocks.setdefault(stack, [])
        blocks.append({"to": adopted.address, "id": terraform_literal(adopted.id)})
        stack.add_override("import", blocks)

    @property
    def address(self) -> str:
        """Its address in Terraform."""
        return self._adopted.address
