"""Resources that Terraform stops managing without destroying them.

`mlinfra forget` writes the record of an environment, `environments/NAME.forgotten.json`. A synth reads it and puts a
`removed` block into the stack, so that the next apply takes the resource out of the state and leaves it in AWS.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from pydantic import Field

from mlinfra.declarations.base import Declaration, duplicates, shown
from mlinfra.declarations.record_file import entries_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


class Forgotten(Declaration):
    """A resource that Terraform stops managing, while it stays in AWS.

    Raises:
        DeclarationError: with every problem at once.
    """

    address: str = Field(
        pattern=r"^aws_[a-z0-9_]+\.[A-Za-z_][A-Za-z0-9_-]*$",
        description="Its address in Terraform, such as aws_s3_bucket.legacy-data. A `removed` block takes a whole "
        "resource, never one of several instances such as aws_instance.box[0].",
    )
    stack: str = Field(min_length=1, description="The stack that manages it, such as dev-adopted.")
    region: str | None = Field(
        default=None, description="Its region, if it was adopted in another one than the environment's. Default: that."
    )
    reason: str = Field(min_length=10, max_length=500, description="The reason, in a sentence: 10 to 500 characters.")
    who: str = Field(min_length=1, description="The person who decided it, such as the ARN of their role.")
    when: date = Field(description="The day.")

    not_templates = frozenset({"reason", "region", "stack", "who"})  # kept in the record, not given to Terraform

    @classmethod
    def _subject(cls, values: dict[str, object]) -> str:
        return f"forgotten {shown(values.get('address', 'without an address'))}"


def forgotten_file(environment: str) -> str:
    """The name of the file, in `environments/`, with the record of the resources that `environment` stops managing."""
    return f"{environment}.forgotten.json"


def load_forgotten(folder: Path, environment: str) -> tuple[Forgotten, ...]:
    """The forgotten resources in the record of `environment` in `folder`; none without a record.

    Raises:
        DeclarationError: if the file is not a valid record, or an entry is invalid.
    """
    return tuple(Forgotten(**entry) for entry in entries_of(folder / forgotten_file(environment), "forgotten"))


def dump_forgotten(forgotten: Iterable[Forgotten]) -> str:
    """The record as text: the same entries give the same bytes, by stack and address."""
    ordered = sorted(forgotten, key=lambda each: (each.stack, each.address))
    return text_of("forgotten", [each.model_dump(mode="json", exclude_none=True) for each in ordered])


def forgotten_problems(forgotten: Iterable[Forgotten]) -> Iterator[str]:
    """Problems of several entries together: addresses must be unique."""
    sound = [each for each in forgotten if each.stack and each.address]
    yield from duplicates("forgotten", (f"{each.address} of {each.stack}" for each in sound), kind="addresses")
