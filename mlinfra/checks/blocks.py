"""No block may come out empty by accident."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_EMPTY_ON_PURPOSE = frozenset(
    {
        # A rule for the whole bucket is written as an empty filter.
        "aws_s3_bucket_lifecycle_configuration.rule.filter",
    }
)


def empty_blocks(config: dict[str, Any]) -> Iterator[str]:
    """What is wrong with each block that came out empty.

    cdktf silently empties a dict that stands where it expects a struct inside a list:
    `network_interfaces=[{"network_card_index": 0}]` becomes `[{}]`.

    Args:
        config: a stack as Terraform JSON.
    """
    for kind in ("resource", "data"):
        for type_name, named in config.get(kind, {}).items():
            for body in named.values():
                for attribute in _empty_in(body, type_name):
                    path = body.get("//", {}).get("metadata", {}).get("path", type_name)
                    yield (
                        f"{path}: the block {attribute!r} is empty, as happens to a dict inside a list. Write the "
                        f"struct class of the provider's module instead of the dict."
                    )


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
