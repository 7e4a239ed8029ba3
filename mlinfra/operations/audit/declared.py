"""Resources that the code declares: the addresses in the synthesized stacks of the environments."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mlinfra.errors import OperationError
from mlinfra.operations.terraform import synthesize

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlinfra.declarations import Environment
    from mlinfra.operations.audit.states import StateResource
    from mlinfra.operations.terraform import SynthesizedStack


@dataclass(frozen=True)
class Declared:
    """The declared resources of the environments of an account."""

    environments: Sequence[Environment] = ()
    addresses: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The addresses of each synthesized stack, by the key of its state."""
    synthesized: frozenset[str] = frozenset()
    """The names of environments whose code was synthesized."""
    remarks: tuple[str, ...] = ()

    def environment_of(self, resource: StateResource) -> Environment | None:
        """The environment of a state. None: it belongs to no environment of the project."""
        for each in self.environments:
            prefix = each.names.state_key("")[: -len("/terraform.tfstate")]
            if resource.bucket == each.names.state_bucket and resource.key.startswith(prefix):
                return each
        return None

    def declares(self, resource: StateResource) -> bool:
        """True if a synthesized stack contains the resource."""
        address = resource.address.partition("[")[0]
        return address in self.addresses.get(resource.key, ())

    def of_tags(self, tags: Mapping[str, str]) -> Environment | None:
        """The environment that the tags Project and Environment name. None: none of the project."""
        for each in self.environments:
            if (tags.get("Project"), tags.get("Environment")) == (each.project, each.name):
                return each
        return None


def declared_by(environments: Sequence[Environment], root: Path | None) -> Declared:
    """Synthesize `environments`, and collect the addresses.

    If the code of an environment cannot be synthesized, its resources are not compared with the code.

    Args:
        environments: the environments of the account.
        root: the project. None: there is no project.
    """
    if root is None:
        return Declared(tuple(environments))
    addresses: dict[str, frozenset[str]] = {}
    synthesized, remarks = set(), []
    with tempfile.TemporaryDirectory(prefix="mlinfra-audit-") as folder:
        for each in environments:
            try:
                stacks = synthesize(root, Path(folder) / each.name, environment=each.name)
                found = {_key(stack, each): _addresses(stack.directory / "cdk.tf.json") for stack in stacks}
            # main.py may also end without an error and write no stacks, or others than cdktf writes.
            except (OperationError, OSError, ValueError, KeyError, AttributeError) as error:
                remarks.append(
                    f"The resources of {each.name} were not compared with the code, because it cannot be synthesized: "
                    f"{error}"
                )
                continue
            synthesized.add(each.name)
            addresses |= found
    return Declared(tuple(environments), addresses, frozenset(synthesized), tuple(remarks))


def _key(stack: SynthesizedStack, environment: Environment) -> str:
    """The key of the state of a stack."""
    return environment.names.state_key(environment.names.component_of(stack.name))


def _addresses(path: Path) -> frozenset[str]:
    document = json.loads(path.read_text(encoding="utf-8"))
    resources = document.get("resource", {})
    return frozenset(f"{type_}.{name}" for type_, named in resources.items() for name in named)
