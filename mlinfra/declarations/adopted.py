"""Resources that were created by hand and are now managed by an environment.

`mlinfra adopt` finds such a resource, reads its arguments and writes them into the record of the environment,
`environments/NAME.adopted.json`, so that no program edits Python. A synth reads the record.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, get_args

from pydantic import Field

from mlinfra.catalog import aws_regions
from mlinfra.declarations.base import Declaration, duplicates, shown
from mlinfra.declarations.record_file import entries_of, text_of
from mlinfra.declarations.types import EmailAddress

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

ADOPTED_COMPONENT: Final = "adopted"
"""The component of adopted resources."""

AdoptedType = Literal[
    "aws_autoscaling_group",
    "aws_iam_role",
    "aws_instance",
    "aws_s3_bucket",
    "aws_sagemaker_domain",
    "aws_sagemaker_endpoint",
    "aws_security_group",
]
ADOPTED_TYPES: tuple[AdoptedType, ...] = get_args(AdoptedType)

ArgumentName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]

_DEEPEST_ARGUMENT = 32
"""The most levels of nested lists and maps in arguments. No resource of the AWS provider has as many."""


class Adopted(Declaration):
    """A resource that was created by hand, such as in the console, and is now managed by Terraform.

    Its arguments in Terraform equal its values in AWS, so that the import changes nothing.

    Raises:
        DeclarationError: with every problem at once.
    """

    type: AdoptedType = Field(description=f"Terraform's resource type: {', '.join(ADOPTED_TYPES)}.")
    id: str = Field(
        min_length=1, max_length=512, description="Its import id in Terraform, such as a bucket's name or i-0abc."
    )
    name: str = Field(
        min_length=1,
        max_length=64,
        pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$",
        description="Its name in Terraform: 1 to 64 lower-case letters, digits and single hyphens, beginning with a "
        "letter. Another name is another address: the resource must then be forgotten and adopted again.",
    )
    region: str | None = Field(
        default=None, description="Its region, such as eu-west-1. Default: that of the environment."
    )
    owner: EmailAddress = Field(description="The e-mail address of the person responsible for it.")
    since: date = Field(description="The day it was adopted.")
    arguments: dict[ArgumentName, Any] = Field(
        description="Its arguments as Terraform names them, with the values in AWS. No secrets."
    )
    ignore_changes: tuple[ArgumentName, ...] = Field(
        default=(),
        description="Arguments that Terraform ignores, so that the import changes nothing: those that only Terraform "
        "has, such as force_destroy, and those that may contain secrets, such as user_data. Default: none.",
    )
    prevent_destroy: bool = Field(
        default=True,
        description="True if Terraform refuses to destroy it. Default: True, since no declaration can create it again.",
    )

    not_templates = frozenset({"id", "arguments"})  # `terraform_literal` escapes them

    def _problems(self) -> Iterator[str]:
        if self.region is not None and self.region not in aws_regions():
            yield f"region: {shown(self.region)} is not a region of AWS. Expected: a region such as eu-west-1."
        if _depth_exceeds(self.arguments, _DEEPEST_ARGUMENT):
            expected = f"Expected: at most {_DEEPEST_ARGUMENT} levels of lists and maps."
            yield f"arguments: they are nested too deeply. {expected}"

    @property
    def address(self) -> str:
        """Its address in Terraform."""
        return f"{self.type}.{self.name}"


def adopted_file(environment: str) -> str:
    """The name of the file, in `environments/`, with the record of the resources that `environment` has adopted."""
    return f"{environment}.adopted.json"


def load_adopted(folder: Path, environment: str) -> tuple[Adopted, ...]:
    """The adopted resources in the record of `environment` in `folder`; none without a record.

    Raises:
        DeclarationError: if the file is not a valid record, or an entry is invalid.
    """
    return tuple(Adopted(**entry) for entry in entries_of(folder / adopted_file(environment), "adopted"))


def dump_adopted(adopted: Iterable[Adopted]) -> str:
    """The record as text: the same resources give the same bytes, in the order of their addresses."""
    entries = [
        each.model_dump(mode="json", exclude_defaults=True) for each in sorted(adopted, key=lambda each: each.address)
    ]
    return text_of("adopted", entries)


def adopted_problems(adopted: Iterable[Adopted]) -> Iterator[str]:
    """Problems of several resources together: addresses and resources must be unique."""
    sound = [each for each in adopted if each.type and each.id and each.name]
    yield from duplicates("adopted", (each.address for each in sound), kind="addresses")
    yield from duplicates("adopted", map(_identity, sound), kind="resources")


def _identity(adopted: Adopted) -> str:
    """The resource in AWS: names, unlike ids, exist in several regions."""
    place = f" in {adopted.region}" if adopted.region else ""
    return f"{adopted.type} {adopted.id}{place}"


def terraform_literal(value: Any) -> Any:  # noqa: ANN401  arguments have any shape
    """`value` as Terraform JSON that means just that.

    Terraform reads `${` and `%{` in a JSON string as the beginning of an expression. A policy with
    `${aws:username}` means these characters themselves
    (https://developer.hashicorp.com/terraform/language/syntax/json#expression-mapping, 2026-11).
    """
    if isinstance(value, str):
        return value.replace("${", "$${").replace("%{", "%%{")
    if isinstance(value, dict):
        return {terraform_literal(key): terraform_literal(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [terraform_literal(inner) for inner in value]
    return value


def _depth_exceeds(value: object, levels: int) -> bool:
    """True if `value` has more than `levels` levels of nested lists and maps."""
    if not isinstance(value, (dict, list, tuple)):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_depth_exceeds(each, levels - 1) for each in inner)
