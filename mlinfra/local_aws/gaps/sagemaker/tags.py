"""Gap: tags of SageMaker resources.

moto finds the tags of some resource types only, by the name after the slash in their ARN, and adds an
existing key a second time. In AWS, every resource with an ARN has tags, and a key has one value. Source:
SageMaker API reference, AddTags, ListTags and DeleteTags, read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.core.resource_tagging import TaggedResource
from moto.sagemaker.exceptions import AWSValidationException, SagemakerClientError
from moto.sagemaker.models import SageMakerModelBackend

from mlinfra.local_aws.mechanisms.extending import wrap
from mlinfra.local_aws.mechanisms.sagemaker_resources import kept_resources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Tags = list[dict[str, str]]


def is_open() -> bool:
    """True if moto keeps two values for one key."""
    backend = SageMakerModelBackend("us-east-1", "123456789012")
    arn = backend.create_model("model", "role", None, None, None, [{"Key": "Team", "Value": "ml"}]).arn
    return len(backend.add_tags(arn, [{"Key": "Team", "Value": "data"}])) > 1


def close() -> None:
    """Close the gap: find the tags of every resource with an ARN, and keep one value for a key."""
    wrap(SageMakerModelBackend, "_get_resource_from_arn", _resource)
    wrap(SageMakerModelBackend, "add_tags", _add_tags)
    wrap(SageMakerModelBackend, "iter_tagged_resources", _tagged_resources)


def _resource(of_moto: Callable[..., Any], backend: SageMakerModelBackend, arn: str) -> Any:  # noqa: ANN401  moto has no common type of tagged resources
    for _, resource in kept_resources(backend):
        if resource.arn == arn:
            return resource
    try:
        found = of_moto(backend, arn)
    except (AttributeError, SagemakerClientError, ValueError):
        found = None
    if found is None:
        found = next((each for each in _others(backend) if each.arn == arn), None)
    if found is None:
        message = f"Could not find resource {arn}"
        raise AWSValidationException(message)
    if getattr(found, "tags", None) is None:
        found.tags = []
    return found


def _others(backend: SageMakerModelBackend) -> Iterator[Any]:
    """Resources that moto keeps and does not find by ARN."""
    yield from backend.feature_groups.values()
    yield from backend.model_packages.values()
    yield from backend.notebook_instance_lifecycle_configurations.values()


def _add_tags(_: object, backend: SageMakerModelBackend, arn: str, tags: Tags) -> Tags:
    resource = backend._get_resource_from_arn(arn)  # noqa: SLF001  moto's search, which the gaps extend
    by_key = {each["Key"]: each for each in [*resource.tags, *tags]}
    resource.tags = list(by_key.values())
    tagged: Tags = resource.tags
    return tagged


def _tagged_resources(
    of_moto: Callable[[SageMakerModelBackend], Iterator[TaggedResource]], backend: SageMakerModelBackend
) -> Iterator[TaggedResource]:
    yield from of_moto(backend)
    for kind, resource in kept_resources(backend):
        tags = {each["Key"]: each["Value"] for each in resource.tags}
        yield TaggedResource(arn=resource.arn, tags=tags, resource_type=f"sagemaker:{kind}")
