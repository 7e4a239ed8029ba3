"""Proposals for what computes: groups, instances, queues, endpoints, notebooks, functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlinfra.operations.adopt import construct_advice
from mlinfra.operations.migration.context import accelerated, instance_types_of, words_of
from mlinfra.operations.migration.proposal import Confidence, Verdict, adopt, keep_hcl, replace_by

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mlinfra.declarations import AdoptedType
    from mlinfra.operations.migration.context import Context
    from mlinfra.operations.migration.resource import Resource

_CONTAINER_TAGS: Final = ("k8s.io/", "kubernetes.io/", "eks:", "AmazonECSManaged")
"""Beginnings of tag keys of groups that belong to a cluster of containers."""
_STOP_WORDS: Final = frozenset({"idle", "janitor", "reaper", "shutdown", "stop", "stopper"})


def group(resource: Resource, context: Context) -> Verdict:
    """An auto scaling group: a training cluster if its instances have accelerators."""
    if any(key.startswith(_CONTAINER_TAGS) for key in resource.tags):
        return keep_hcl("by its tags its nodes belong to EKS or ECS, for which mlinfra has no construct")
    types = instance_types_of(resource, context)
    if not types:
        return adopt("its launch template is not in this state, so its instance type is unknown", Confidence.LOW)
    found = accelerated(types)
    if not found:
        return adopt(
            f"its instances, {', '.join(sorted(types))}, have no accelerators: it is not a cluster for training",
            Confidence.MEDIUM,
        )
    advice = construct_advice("aws_autoscaling_group", resource.values, context.environment)
    size = resource.values.get("max_size") or 1
    declared = f'Experiment(name=..., instance_type="{found[0]}", nodes={size}, owner=..., expires=...)'
    return replace_by(
        "TrainingCluster",
        f"its instances have accelerators: {', '.join(found)}",
        Confidence.HIGH,
        f"{advice.way} The declaration: {declared}.",
        *advice.differences,
    )


def instance(resource: Resource, context: Context) -> Verdict:
    """A single instance."""
    found = accelerated(instance_types_of(resource, context))
    if found:
        return adopt(
            f"mlinfra has no construct for single instances; {found[0]} has accelerators, so it may be used for "
            "training",
            Confidence.MEDIUM,
            "If it trains: declare an Experiment, move the work, and destroy the instance.",
        )
    return adopt("mlinfra has no construct for single instances", Confidence.HIGH)


def queue(resource: Resource, context: Context) -> Verdict:
    """A queue of AWS Batch: for training if an environment of it has accelerators."""
    environments = [each for each in context.references.of(resource) if each.type == "aws_batch_compute_environment"]
    types = frozenset(name for each in environments for name in instance_types_of(each, context))
    found = accelerated(types)
    if found:
        return replace_by(
            "TrainingQueue",
            f"its compute environments have accelerators: {', '.join(found)}",
            Confidence.HIGH,
            "Declare Queue(name=...), submit new jobs to it, and destroy this queue when it is empty.",
        )
    reason = (
        f"its instances, {', '.join(sorted(types))}, have no accelerators" if types else "its instances are unknown"
    )
    return keep_hcl(reason, Confidence.MEDIUM)


def _advised(kind: AdoptedType, reason: str) -> Callable[[Resource, Context], Verdict]:
    def propose(resource: Resource, context: Context) -> Verdict:
        advice = construct_advice(kind, resource.values, context.environment)
        return replace_by(advice.construct, reason, Confidence.HIGH, advice.way, *advice.differences)

    return propose


def notebook_instance(_: Resource, __: Context) -> Verdict:
    """A notebook instance."""
    return replace_by(
        "Studio",
        "mlinfra has no construct for notebook instances; Studio replaces them",
        Confidence.MEDIUM,
        "Declare studio=StudioSettings() and its people, move the notebooks, and destroy this instance.",
    )


def function(resource: Resource, _: Context) -> Verdict:
    """A Lambda function: by its name one that stops what is idle, or any other."""
    found = _STOP_WORDS & words_of(resource.values.get("function_name"))
    if not found:
        return keep_hcl("mlinfra has no construct for functions of your own")
    return replace_by(
        "Shutdown",
        f"its name contains {', '.join(sorted(found))}: it may stop idle instances, as Shutdown does for clusters of "
        "mlinfra",
        Confidence.LOW,
        "Read its code. If it stops training nodes, it is not needed for declared experiments.",
    )


COMPUTE_RULES: Final[Mapping[str, Callable[[Resource, Context], Verdict]]] = {
    "aws_autoscaling_group": group,
    "aws_batch_job_queue": queue,
    "aws_instance": instance,
    "aws_lambda_function": function,
    "aws_sagemaker_domain": _advised("aws_sagemaker_domain", "it is a domain of SageMaker Studio"),
    "aws_sagemaker_endpoint": _advised("aws_sagemaker_endpoint", "it is an endpoint of SageMaker"),
    "aws_sagemaker_notebook_instance": notebook_instance,
}
