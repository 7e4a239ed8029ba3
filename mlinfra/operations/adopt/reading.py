"""Reading of resources by a planned import, without importing them."""

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
    from mlinfra.operations.adopt.search import Found
    from mlinfra.operations.terraform import Terraform

_LOCK_FILE = ".terraform.lock.hcl"


@dataclass(frozen=True)
class ReadResource:
    """A resource, with its values as read by Terraform."""

    found: Found
    values: Mapping[str, Any]
    sensitive: Mapping[str, Any]
    """Marks of sensitive values, with the structure of `values`."""


@dataclass(frozen=True)
class Reading:
    """Resources, and the schemas of their types."""

    resources: Sequence[ReadResource]
    schemas: Mapping[str, Any]


def read(found: Sequence[Found], environment: Environment, root: Path, terraform: Terraform) -> Reading:
    """Plan the import of `found` into an empty state, and return the values that Terraform read.

    Args:
        found: the resources.
        environment: the environment with their account and region.
        root: the project with the provider's lock file.
        terraform: Terraform in an empty folder, private to this user: the plan may contain secrets.

    Raises:
        OperationError: if Terraform cannot read a resource.
    """
    folder = terraform.directory
    addresses = [f"{each.kind.type}.found-{number}" for number, each in enumerate(found)]
    (folder / "main.tf.json").write_text(json.dumps(_configuration(environment, found, addresses)))
    if (root / _LOCK_FILE).exists():
        shutil.copyfile(root / _LOCK_FILE, folder / _LOCK_FILE)
    terraform.init()
    plan = folder / "reading.tfplan"
    # The plan fails if generated arguments conflict, but all resources have been read by then.
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
        ReadResource(each, by_address[address]["values"], by_address[address].get("sensitive_values", {}))
        for each, address in zip(found, addresses, strict=True)
    ]
    return Reading(read, terraform.resource_schemas())


def _configuration(environment: Environment, found: Sequence[Found], addresses: Sequence[str]) -> dict[str, Any]:
    provider: dict[str, Any] = {"region": environment.region, "allowed_account_ids": [environment.account_id]}
    if environment.emulated:
        provider |= {"s3_use_path_style": True, "skip_metadata_api_check": "true"}
    regions = sorted({each.region for each in found if each.region})
    return {
        "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws", "version": str(Wanted())}}},
        "provider": {"aws": [provider, *(provider | {"region": each, "alias": each} for each in regions)]},
        "import": [
            {"to": address, "id": terraform_literal(each.id)}
            | ({"provider": f"aws.{each.region}"} if each.region else {})
            for each, address in zip(found, addresses, strict=True)
        ],
    }
