"""Check for unexpectedly empty blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlinfra.checks.check import Check, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_EMPTY_ON_PURPOSE = frozenset(
    {
        # An empty filter applies a rule to the whole bucket.
        "aws_s3_bucket_lifecycle_configuration.rule.filter",
    }
)


def empty_blocks(config: Mapping[str, Any]) -> Iterator[Problem]:
    """A problem for each block that is unexpectedly empty.

    cdktf silently empties a dict in a list in which it expects structs:
    `network_interfaces=[{"network_card_index": 0}]` becomes `[{}]`.

    Args:
        config: a stack as Terraform JSON.
    """
    for kind in ("resource", "data"):
        for type_name, named in config.get(kind, {}).items():
            for body in named.values():
                for attribute in _empty_in(body, type_name):
                    path = body.get("//", {}).get("metadata", {}).get("path", type_name)
                    text = (
                        f"{path}: the block {attribute!r} is empty, as happens to a dict inside a list. Write the "
                        f"struct class of the provider's module instead of the dict."
                    )
                    yield Problem(text, path)


def _empty_in(value: Any, path: str) -> Iterator[str]:  # noqa: ANN401  Terraform JSON has any shape
    if isinstance(value, dict):
        for key, inner in value.items():
            if key != "//":
                yield from _empty_in(inner, f"{path}.{key}")
    elif isinstance(value, list):
        if any(inner == {} for inner in value) and path not in _EMPTY_ON_PURPOSE:
            yield path.split(".", 1)[1]
        for inner in value:
            yield from _empty_in(inner, path)


EMPTY_BLOCK = Check(
    id="MLC102",
    title="A block is empty, because cdktf drops the values of a dict inside a list.",
    fix="Write the struct class of the provider's module instead of the dict.",
    find=lambda stack: empty_blocks(stack.config),
)
