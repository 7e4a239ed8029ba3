"""Resource types with tags, by the schema of the locked AWS provider: `python -m ci.taggable_types` writes the list.

The list is `mlinfra/catalog/taggable_types.txt`, a type in each line.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ci.synthesis import ROOT
from mlinfra.catalog.tag_support import TYPES_FILE
from mlinfra.operations.terraform import Terraform, find_terraform, provider_source
from mlinfra.stack import AWS_PROVIDER
from mlinfra.variables import in_force

if TYPE_CHECKING:
    from collections.abc import Mapping

_PROVIDER_FILE = f"""
terraform {{
  required_providers {{
    aws = {{
      source  = "{AWS_PROVIDER["source"]}"
      version = "{AWS_PROVIDER["version"]}"
    }}
  }}
}}
"""


def taggable(schemas: Mapping[str, Any]) -> list[str]:
    """The types whose tags the provider manages, with its default tags, sorted.

    Args:
        schemas: the schemas of the resource types of the provider, as `terraform providers schema -json` prints them.
    """
    return sorted(name for name, each in schemas.items() if "tags_all" in each["block"].get("attributes", {}))


def locked_schemas(folder: Path) -> dict[str, Any]:
    """The schemas of the resource types of the locked provider.

    Args:
        folder: an empty folder for Terraform.
    """
    (folder / "main.tf").write_text(_PROVIDER_FILE, encoding="utf-8")
    shutil.copyfile(ROOT / ".terraform.lock.hcl", folder / ".terraform.lock.hcl")
    with in_force(provider_source(ROOT).changes):
        terraform = Terraform(folder, find_terraform().path)
        terraform.init()
        return terraform.resource_schemas()


def main() -> None:
    """Write the list."""
    with TemporaryDirectory() as folder:
        names = taggable(locked_schemas(Path(folder)))
    TYPES_FILE.write_text("\n".join(names) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
