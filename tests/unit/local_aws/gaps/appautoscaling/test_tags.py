"""Tags of scalable targets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.unit.local_aws.conftest import refusal

if TYPE_CHECKING:
    from collections.abc import Callable


def test_the_scalable_target_of_a_variant_keeps_its_tags(client: Callable[..., Any]) -> None:
    scaling = client("application-autoscaling")
    variant = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/llm/variant/all",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    registered = scaling.register_scalable_target(**variant, MinCapacity=1, MaxCapacity=4, Tags={"Team": "ml"})
    arn = registered["ScalableTargetARN"]
    scaling.tag_resource(ResourceARN=arn, Tags={"Owner": "ana"})
    scaling.untag_resource(ResourceARN=arn, TagKeys=["Team"])
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"Owner": "ana"}
    again = refusal(scaling.register_scalable_target, **variant, MaxCapacity=8, Tags={"Team": "ml"})
    assert again["Code"] == "ValidationException"
    many = {f"key-{number}": "" for number in range(50)}
    assert refusal(scaling.tag_resource, ResourceARN=arn, Tags=many)["Code"] == "TooManyTagsException"
    scaling.deregister_scalable_target(**variant)
    assert refusal(scaling.list_tags_for_resource, ResourceARN=arn)["Code"] == "ResourceNotFoundException"
