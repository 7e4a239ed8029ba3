"""Check of synthesized stacks that a merge request can change, before Terraform plans them with credentials.

The code of the merge request wrote the configuration. Without this check, a plan could run programs of a provider that
the merge request chooses, or read files of the machine, such as the environment variables of a process. Accepted are
the parts that mlinfra's stacks consist of.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from mlinfra.command import own_command
from mlinfra.errors import OperationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlinfra.declarations import Environment
    from mlinfra.operations.terraform import SynthesizedStack

_CONFIGURATION: Final = "cdk.tf.json"
_FILES: Final = frozenset({_CONFIGURATION, ".terraform.lock.hcl", "assets"})
_BLOCKS: Final = frozenset(
    {"//", "data", "import", "locals", "moved", "output", "provider", "removed", "resource", "terraform", "variable"}
)
"""All blocks except `module`, `check` and `ephemeral`, which mlinfra's stacks do not contain."""
_SETTINGS: Final = frozenset({"backend", "required_providers", "required_version"})
_BACKEND: Final = frozenset(
    {
        "allowed_account_ids",
        "bucket",
        "dynamodb_table",
        "encrypt",
        "key",
        "kms_key_id",
        "region",
        "skip_metadata_api_check",
        "use_lockfile",
        "use_path_style",
    }
)
_AWS: Final = frozenset(
    {"alias", "allowed_account_ids", "default_tags", "region", "s3_use_path_style", "skip_metadata_api_check"}
)
"""Arguments of the AWS provider. Others, such as `shared_config_files`, can name a program that returns credentials."""
_AWS_SOURCE: Final = "hashicorp/aws"
_BUILT_IN: Final = "terraform"
"""The provider that is a part of Terraform."""
_BUILT_IN_TYPES: Final = frozenset({"terraform_data"})
"""Not `terraform_remote_state`, whose backend can be any, with arguments that name a program."""
_REGISTRY: Final = "registry.terraform.io/"
_READS_FILES: Final = re.compile(r"(?<![\w.-])(file\w*|templatefile)(?:\s|/\*.*?\*/|(?:#|//)[^\n]*\n)*\(", re.DOTALL)
"""Calls of functions that read files, also with comments before the parenthesis. Source: Terraform, "Functions",
filesystem, 1.11."""


def require_plannable(stack: SynthesizedStack, environment: Environment, *, providers: Sequence[str] = ()) -> None:
    """Check that a plan of a synthesized stack runs no other program than Terraform and accepted providers.

    Args:
        stack: the stack.
        environment: its environment.
        providers: the sources of accepted providers in addition to `hashicorp/aws`. Default: none.

    Raises:
        OperationError: if the stack contains anything else, with the first reason.
    """
    accepted = {_AWS_SOURCE, *(each.removeprefix(_REGISTRY) for each in providers)}
    reason = next(_reasons(stack, environment, accepted), None)
    if reason:
        message = (
            f"{stack.name} is not planned with --synthesized: {reason}. A plan could run programs or read files "
            f"that the author of the change chooses, with the credentials of the plan role. No plan was made. Plan "
            f"it after a review of the change: {own_command()} plan {stack.name}"
        )
        raise OperationError(message)


def _reasons(stack: SynthesizedStack, environment: Environment, accepted: set[str]) -> Iterator[str]:
    if stack.directory.is_symlink() or not stack.directory.is_dir():
        yield "its folder is missing or a link"
        return
    for path in sorted(stack.directory.rglob("*")):
        name = path.relative_to(stack.directory).as_posix()
        if path.is_symlink():
            yield f"{name} is a link"
        if "/" not in name and name not in _FILES:
            yield f"it contains the file {name}"
    try:
        text = (stack.directory / _CONFIGURATION).read_text(encoding="utf-8")
        config = json.loads(text, object_pairs_hook=_unique)
        yield from _of_configuration(config, environment, accepted)
    except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        yield f"{_CONFIGURATION} does not have the structure that cdktf writes ({type(error).__name__}: {error})"


def _of_configuration(config: dict[str, Any], environment: Environment, accepted: set[str]) -> Iterator[str]:
    yield from _others("the block", config, _BLOCKS)
    yield from _others("the setting", config["terraform"], _SETTINGS)
    yield from _of_backend(config["terraform"]["backend"], environment)
    required = config["terraform"]["required_providers"]
    yield from _of_required_providers(required, accepted)
    yield from _of_providers(config, {_BUILT_IN, *required})
    for text in _texts(config):
        if ("${" in text or "%{" in text) and (found := _READS_FILES.search(text)):
            yield f"it calls the function {found[1]}, which reads a file"


def _of_backend(block: dict[str, Any], environment: Environment) -> Iterator[str]:
    yield from _others("the backend", block, {"s3"})
    yield from _others("the argument of the backend", block["s3"], _BACKEND)
    bucket, expected = block["s3"]["bucket"], environment.names.state_bucket
    if bucket != expected:
        yield f"its state is in the bucket {bucket!r}, not in {expected!r}"


def _of_required_providers(required: dict[str, Any], accepted: set[str]) -> Iterator[str]:
    for name, each in required.items():
        source = each["source"].removeprefix(_REGISTRY)
        if source not in accepted:
            yield f"it requires the provider {source!r}, which is not accepted with --allow-provider"
        if (name == "aws") != (source == _AWS_SOURCE):
            yield f"it gives the provider {source!r} the name {name!r}"


def _of_providers(config: dict[str, Any], names: set[str]) -> Iterator[str]:
    """Resources name their provider, or have its name as the first part of their type."""
    yield from _others("the provider", config.get("provider", {}), names)
    for each in config.get("provider", {}).get("aws", []):
        yield from _others("the argument of the AWS provider", each, _AWS)
    for block in ("resource", "data"):
        for kind, bodies in config.get(block, {}).items():
            for body in bodies.values():
                provider = str(body.get("provider", kind.partition("_")[0])).partition(".")[0]
                yield from _others(f"the {block} {kind} of the provider", [provider], names)
                if provider == _BUILT_IN:
                    yield from _others(f"the {block}", [kind], _BUILT_IN_TYPES)
    for each in config.get("import", []):
        yield from _others("the argument of an import", each, {"id", "to"})


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object. Terraform reads all values of a repeated name, Python only the last."""
    if len({name for name, _ in pairs}) < len(pairs):
        message = "a name is repeated"
        raise ValueError(message)
    return dict(pairs)


def _others(description: str, found: Any, accepted: set[str] | frozenset[str]) -> Iterator[str]:  # noqa: ANN401  JSON
    for name in found:
        if name not in accepted:
            yield f"it contains {description} {name!r}"


def _texts(value: object) -> Iterator[str]:
    """All texts in JSON. Terraform evaluates expressions in keys as well."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
