"""Reading resources as Terraform would import them, without importing them anywhere."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlinfra.declarations import terraform_literal
from mlinfra.errors import OperationError
from mlinfra.operations.terraform import Wanted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mlinfra.declarations import Environment
    from mlinfra.operations.adopt.finding import Found
    from mlinfra.operations.terraform import Terraform

_LOCK_FILE = ".terraform.lock.hcl"


@dataclass(frozen=True)
class Read:
    """A resource as Terraform sees it."""

    found: Found
    values: Mapping[str, Any]
    sensitive: Mapping[str, Any]
    """Which of the values are secrets, in the shape of `values`."""


@dataclass(frozen=True)
class Reading:
    """What was read, and the schemas to understand it by."""

    resources: Sequence[Read]
    schemas: Mapping[str, Any]


def read(found: Sequence[Found], environment: Environment, root: Path, terraform: Terraform) -> Reading:
    """Have Terraform plan the import of `found` into an empty state of its own, and take what it read.

    Args:
        found: the resources.
        environment: where they are.
        root: the project, whose provider is used.
        terraform: in an empty folder, private to this user: the plan may hold secrets.

    Raises:
        OperationError: where Terraform cannot read one of them.
    """
    folder = terraform.directory
    addresses = [f"{each.kind.type}.found-{number}" for number, each in enumerate(found)]
    (folder / "main.tf.json").write_text(json.dumps(_configuration(environment, found, addresses)))
    if (root / _LOCK_FILE).exists():
        shutil.copyfile(root / _LOCK_FILE, folder / _LOCK_FILE)
    terraform.init()
    plan = folder / "reading.tfplan"
    # What Terraform generates may not fit together, and then the plan fails; it has read everything by then.
    problems = terraform.try_plan(plan, generated=folder / "generated.tf")
    if not plan.exists():
        message = f"Terraform cannot read {', '.join(str(each) for each in found)}"
        raise OperationError(message, details=problems)
    document = terraform.show(plan)
    resources = document.get("prior_state", {}).get("values", {}).get("root_module", {}).get("resources", ())
    by_address = {each["address"]: each for each in resources}
    missing = [str(each) for each, address in zip(found, addresses, strict=True) if address not in by_address]
    if missing:
        message = f"Terraform cannot read {', '.join(missing)}"
        raise OperationError(message, details=problems)
    read = [
        Read(each, by_address[address]["values"], by_address[address].get("sensitive_values", {}))
        for each, address in zip(found, addresses, strict=True)
    ]
    return Reading(read, terraform.resource_schemas())


def _configuration(environment: Environment, found: Sequence[Found], addresses: Sequence[str]) -> dict[str, Any]:
    provider: dict[str, Any] = {"region": environment.region, "allowed_account_ids": [environment.account_id]}
    if environment.emulated:
        provider |= {"s3_use_path_style": True, "skip_metadata_api_check": "true"}
    return {
        "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws", "version": str(Wanted())}}},
        "provider": {"aws": [provider]},
        "import": [
            {"to": address, "id": terraform_literal(each.id)} for each, address in zip(found, addresses, strict=True)
        ],
    }
