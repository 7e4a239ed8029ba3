"""Settings of a stack that a plan does not contain: versions, and the `lifecycle` blocks of its resources."""

from __future__ import annotations

import base64
import json
import re
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_PROVIDER: Final = re.compile(r'^provider "(?P<source>[^"]+)" \{\s*version\s*=\s*"(?P<version>[^"]+)"', re.MULTILINE)
"""A provider in a dependency lock file, as Terraform writes it:
https://developer.hashicorp.com/terraform/language/files/dependency-lock (2026-11)."""


@dataclass(frozen=True)
class StackSettings:
    """Settings of a synthesized stack."""

    terraform: str
    """The version of Terraform that plans and applies it."""
    providers: Mapping[str, str] = field(default_factory=dict)
    """The locked versions of providers, by source."""
    ignored: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The attributes in `ignore_changes`, by address. `all`: all attributes."""
    kept: tuple[str, ...] = ()
    """The addresses with `prevent_destroy`."""

    @classmethod
    def read(cls, directory: Path, terraform: str) -> StackSettings:
        """The settings of the stack in a folder.

        Args:
            directory: the folder with `cdk.tf.json` and, after `terraform init`, `.terraform.lock.hcl`.
            terraform: the version of Terraform.
        """
        document = json.loads((directory / "cdk.tf.json").read_text(encoding="utf-8"))
        lock = directory / ".terraform.lock.hcl"
        text = lock.read_text(encoding="utf-8") if lock.is_file() else ""
        ignored: dict[str, tuple[str, ...]] = {}
        kept = []
        for address, block in _lifecycles(document):
            names = block.get("ignore_changes")
            if names:
                ignored[address] = tuple(sorted(map(str, names))) if isinstance(names, list) else (str(names),)
            if block.get("prevent_destroy") is True:
                kept.append(address)
        providers = {found["source"]: found["version"] for found in _PROVIDER.finditer(text)}
        return cls(terraform, providers, ignored, tuple(sorted(kept)))

    def packed(self) -> str:
        """The settings as a short text: a record has room for a few thousand characters."""
        facts = [
            self.terraform,
            dict(self.providers),
            {name: list(each) for name, each in self.ignored.items()},
            self.kept,
        ]
        return base64.b64encode(zlib.compress(json.dumps(facts, sort_keys=True).encode(), 9)).decode()

    @classmethod
    def unpacked(cls, text: str) -> StackSettings:
        """The settings of a text that `packed` returned.

        Raises:
            ValueError: if it is another text.
        """
        try:
            terraform, providers, ignored, kept = json.loads(zlib.decompress(base64.b64decode(text)))
            return cls(terraform, providers, {name: tuple(each) for name, each in ignored.items()}, tuple(kept))
        except (zlib.error, TypeError, AttributeError) as error:
            raise ValueError(str(error)) from error


def _lifecycles(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The `lifecycle` blocks of resources, with their addresses."""
    for kind, resources in document.get("resource", {}).items():
        for name, resource in resources.items():
            block = resource.get("lifecycle")
            # JSON allows a block, and a list of blocks.
            block = block[0] if isinstance(block, list) and block else block
            if isinstance(block, dict):
                yield f"{kind}.{name}", block
