"""SageMaker: endpoints, Studio, notebooks, MLflow and the feature store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mlinfra.declarations import Missing
from mlinfra.operations.cost.estimate import HOURS_A_MONTH
from mlinfra.operations.cost.parts import Span, hourly, joined, monthly
from mlinfra.operations.cost.resources import blocks, number, secrecy, text, value_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlinfra.operations.cost.context import Context
    from mlinfra.operations.cost.parts import Found
    from mlinfra.operations.cost.resources import Resource, Stack

_MIB_A_GIB: Final = 1024
_NOTEBOOK_GIB: Final = 5
"""The default volume of a notebook instance, in GiB. Source: SageMaker API reference, CreateNotebookInstance."""
_APPS: Final = ("jupyter_lab_app_settings", "code_editor_app_settings")


def endpoint(resource: Resource, at: Context) -> Iterator[Found]:
    """`aws_sagemaker_endpoint`: the variants of its configuration."""
    configurations = at.stack.related(resource, "aws_sagemaker_endpoint_configuration")
    if not configurations:
        yield Missing("the endpoint configuration is not part of the stack")
        return
    targets = at.stack.referring(resource, "aws_appautoscaling_target")
    for name in ("production_variants", "shadow_production_variants"):
        for variant in configurations[0].blocks(name):
            yield from _variant(variant, targets, at)


def _variant(variant: Mapping[str, Any], targets: list[Resource], at: Context) -> Iterator[Found]:
    name = text(variant.get("variant_name")) or "variant"
    serverless = blocks(variant.get("serverless_config"))
    if serverless:
        yield from _serverless(name, serverless[0], at)
        return
    kind, initial = text(variant.get("instance_type")), number(variant.get("initial_instance_count"))
    if kind is None:
        yield Missing(f"the instance type of the variant {name} is {secrecy(variant.get('instance_type'))}")
        return
    count, words = Span(initial or 1, initial or 1), ""
    for target in targets:
        least, most = target.number("min_capacity"), target.number("max_capacity")
        is_this = (str(target.get("resource_id") or "")).endswith(f"/variant/{name}")
        if is_this and least is not None and most is not None:
            count, words = Span(least, most), "low: the fewest instances of the scaling, high: the most"
    price = at.prices.sagemaker("hosting", kind)
    yield hourly(f"instances of the variant {name} ({kind})", price, count=count, assumption=words)
    gib = number(variant.get("volume_size_in_gb"))
    if gib:
        storage = at.prices.service("sagemaker", "endpoint_storage")
        quantity = Span(gib * count.low, gib * count.high)
        yield monthly(f"volumes of the variant {name}", storage, quantity, "GB-months", assumption=words)


def _serverless(name: str, settings: Mapping[str, Any], at: Context) -> Iterator[Found]:
    memory = number(settings.get("memory_size_in_mb"))
    if memory is None:
        yield Missing(f"the memory of the variant {name} is unknown")
        return
    requests, seconds = at.assumptions.endpoint_requests, at.assumptions.endpoint_request_seconds
    price = at.prices.service("sagemaker", "serverless_inference")
    quantity = requests * seconds * memory / _MIB_A_GIB
    words = f"{requests:,.10g} requests of {seconds:g} s a month with {memory / _MIB_A_GIB:g} GiB"
    yield monthly(f"requests of the variant {name}", price, quantity, "GB-seconds", assumption=words)
    if number(settings.get("provisioned_concurrency")):
        yield Missing(f"no price of the provisioned concurrency of the variant {name}")


def space(resource: Resource, at: Context) -> Iterator[Found]:
    """`aws_sagemaker_space`: its volume, and its application for the assumed hours."""
    gib = resource.number("space_settings.space_storage_settings.ebs_storage_settings.ebs_volume_size_in_gb")
    if gib:
        yield monthly("volume", at.prices.service("sagemaker", "studio_space_storage_gp3"), gib, "GB-months")
    kind = next((found for each in _APPS if (found := _instance_type(resource.values, f"space_settings.{each}"))), None)
    kind = kind or _default_type(resource, at.stack)
    if kind is None:
        yield Missing("the instance type of the application is unknown")
        return
    hours = at.assumptions.notebook_hours_per_month
    yield hourly(
        f"application ({kind})",
        at.prices.sagemaker("studio", kind),
        hours=Span(hours, hours),
        assumption=f"{hours:g} hours a month",
    )


def _default_type(resource: Resource, stack: Stack) -> str | None:
    """The default instance type of the domain of a space."""
    for domain in [*stack.related(resource, "aws_sagemaker_domain"), *stack.of_type("aws_sagemaker_domain")]:
        for settings in ("default_space_settings", "default_user_settings"):
            for app in _APPS:
                found = _instance_type(domain.values, f"{settings}.{app}")
                if found:
                    return found
    return None


def _instance_type(values: Mapping[str, Any], path: str) -> str | None:
    return text(value_at(values, f"{path}.default_resource_spec.instance_type"))


def app(resource: Resource, at: Context) -> Iterator[Found]:
    """`aws_sagemaker_app`: it runs until it is deleted."""
    kind = resource.text("resource_spec.instance_type")
    if kind is None:
        yield Missing("the instance type of the application is unknown")
        return
    if kind != "system":
        words = "all hours, since Terraform does not stop it"
        yield hourly(f"application ({kind})", at.prices.sagemaker("studio", kind), assumption=words)


def domain(resource: Resource, at: Context) -> Iterator[Found]:
    """`aws_sagemaker_domain`: the EFS file system of its home folders."""
    del resource
    gb = at.assumptions.studio_home_gb
    price = at.prices.service("efs", "storage_standard")
    yield monthly("home folders", price, gb, "GB-months", assumption=f"{gb:,.10g} GB of home folders")


def notebook(resource: Resource, at: Context) -> Iterator[Found]:
    """`aws_sagemaker_notebook_instance`: it runs until it is stopped."""
    kind = resource.text("instance_type")
    if kind is None:
        yield Missing(f"the instance type is {secrecy(resource.get('instance_type'))}")
        return
    assumed = at.assumptions.notebook_hours_per_month
    words = f"low: {assumed:g} hours a month, high: all hours, since a notebook instance runs until it is stopped"
    price = at.prices.sagemaker("notebook", kind)
    yield hourly(f"instance ({kind})", price, hours=Span(assumed, HOURS_A_MONTH), assumption=words)
    gib = resource.number("volume_size") or _NOTEBOOK_GIB
    yield monthly("volume", at.prices.service("sagemaker", "notebook_storage"), gib, "GB-months")


def tracking_server(resource: Resource, at: Context) -> Iterator[Found]:
    """`aws_sagemaker_mlflow_tracking_server`: its hours. Artifacts are in a bucket."""
    size = (resource.text("tracking_server_size") or "Small").lower()
    price = at.prices.service("sagemaker", f"mlflow_tracking_server_{size}")
    yield hourly(f"tracking server ({size})", price, assumption="all hours; metadata storage is not included")


def feature_group(resource: Resource, at: Context) -> Iterator[Found]:
    """`aws_sagemaker_feature_group`: its online store. The offline store is in a bucket."""
    online = resource.blocks("online_store_config")
    if not online or online[0].get("enable_online_store") is False:
        return
    if text(online[0].get("storage_type")) == "InMemory":
        yield Missing("no price of the in-memory online store")
        return
    if resource.text("throughput_config.throughput_mode") == "Provisioned":
        yield Missing("no price of the provisioned throughput of the online store")
        return
    assumptions = at.assumptions
    gb, reads, writes = (
        assumptions.online_feature_gb,
        assumptions.online_feature_reads,
        assumptions.online_feature_writes,
    )
    storage = at.prices.service("sagemaker", "feature_store_online_storage")
    yield monthly("online store", storage, gb, "GB-months", assumption=f"{gb:,.10g} GB")
    for name, count in (("read", reads), ("write", writes)):
        price = at.prices.service("sagemaker", f"feature_store_online_{name}")
        words = joined(f"{count:,.10g} {name} units a month")
        yield monthly(f"{name} units", price, count, "units", per=1_000_000, assumption=words)


FORMULAS = {
    "aws_sagemaker_app": app,
    "aws_sagemaker_domain": domain,
    "aws_sagemaker_endpoint": endpoint,
    "aws_sagemaker_feature_group": feature_group,
    "aws_sagemaker_mlflow_tracking_server": tracking_server,
    "aws_sagemaker_notebook_instance": notebook,
    "aws_sagemaker_space": space,
}
