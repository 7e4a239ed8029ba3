"""Isolation, automatic stops, rollback and pinned images of machine learning workloads."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from mlinfra.operations.review import guards
from mlinfra.operations.review.change import Change, Kind
from mlinfra.operations.review.escaping import quoted
from mlinfra.operations.review.finding import Finding, Level, Rule
from mlinfra.operations.review.guards import (
    Guard,
    becomes,
    ceases,
    changed,
    emptied,
    extended,
    fewer,
    for_types,
    gone,
    lowered,
    merged,
    raised,
    turned_off,
    turned_on,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlinfra.operations.review.plan import Plan

ISOLATION: Final = Rule(
    "MLR511",
    Level.HOLD,
    "The network isolation of a workload ends: its code can send data to the internet.",
    "Keep it in the VPC, with network isolation, and add VPC endpoints for the services that it needs.",
)
NO_STOP: Final = Rule(
    "MLR512",
    Level.HOLD,
    "Idle or expired resources are no longer stopped automatically, or later than before.",
    "Keep the automatic stop. Extend a single experiment or space instead.",
)
ROLLBACK: Final = Rule(
    "MLR513",
    Level.HOLD,
    "Updates of an endpoint are no longer rolled back automatically.",
    "Keep the alarms of automatic rollback.",
)
CAPACITY: Final = Rule(
    "MLR514",
    Level.HOLD,
    "The maximum capacity of a service is reduced. Requests can fail under load.",
    "Check the largest load of recent weeks, and keep the maximum above it.",
)
IMAGE: Final = Rule(
    "MLR515",
    Level.WARNING,
    "An image changes to a mutable reference or to another repository, or a new workload has one of another account.",
    "Pin images by digest, and use repositories of this account.",
)
OTHER_REGISTRY: Final = Rule(
    "MLR516",
    Level.HOLD,
    "A workload gets an image of another account's registry.",
    "Copy the image to a repository of this account, where it is scanned and pinned.",
)
HAND_OVER: Final = Rule(
    "MLR517",
    Level.WARNING,
    "A value that other stacks and projects read changes or is deleted.",
    "Check which stacks read it, and plan and apply them next.",
)
LESS_CONTROL: Final = Rule(
    "MLR518",
    Level.WARNING,
    "Monitoring of a model, or a control of its users, is reduced.",
    "Check that it is intended.",
)
RULES: Final = (ISOLATION, NO_STOP, ROLLBACK, CAPACITY, IMAGE, OTHER_REGISTRY, HAND_OVER, LESS_CONTROL)


def _idle(prefix: str) -> tuple[Guard, ...]:
    """Rows for the automatic shutdown of idle applications of Studio."""
    rows: list[Guard] = []
    for application in ("jupyter_lab", "code_editor"):
        path = f"{prefix}.0.{application}_app_settings.0.app_lifecycle_management.0.idle_settings.0"
        rows += (
            Guard(NO_STOP, f"{path}.lifecycle_management", ceases("ENABLED"), "Idle applications keep running"),
            Guard(NO_STOP, f"{path}.lifecycle_management", becomes("DISABLED"), "Idle applications keep running"),
            Guard(NO_STOP, f"{path}.idle_timeout_in_minutes", raised(), "Applications of {name} are stopped later"),
            Guard(NO_STOP, f"{path}.max_idle_timeout_in_minutes", raised(), "Users can choose a longer time"),
        )
    return tuple(rows)


_STUDIO: Final[Mapping[str, tuple[Guard, ...]]] = {
    "aws_sagemaker_domain": (
        Guard(
            ISOLATION,
            "app_network_access_type",
            becomes("PublicInternetOnly"),
            "Applications of the domain {name} have direct internet access",
        ),
        Guard(ISOLATION, "vpc_id", changed(), "The domain {name} moves to another VPC"),
        *_idle("default_user_settings"),
        Guard(
            LESS_CONTROL,
            "default_user_settings.0.sharing_settings.0.notebook_output_option",
            becomes("Allowed"),
            "Outputs of notebooks of {name} can be shared",
        ),
        Guard(
            LESS_CONTROL,
            "domain_settings.0.execution_role_identity_config",
            becomes("DISABLED"),
            "Users of {name} are not recorded in CloudTrail",
        ),
        Guard(
            ISOLATION,
            "domain_settings.0.docker_settings.0.enable_docker_access",
            becomes("ENABLED"),
            "Users of {name} can start containers",
        ),
    ),
    "aws_sagemaker_user_profile": _idle("user_settings"),
    "aws_sagemaker_notebook_instance": (
        Guard(NO_STOP, "lifecycle_config_name", emptied(), "The notebook {name} loses its lifecycle configuration"),
        Guard(LESS_CONTROL, "root_access", ceases("Disabled"), "Users of the notebook {name} have root access"),
        Guard(ISOLATION, "subnet_id", emptied(), "The notebook {name} leaves the VPC"),
    ),
    "aws_sagemaker_notebook_instance_lifecycle_configuration": (
        Guard(
            NO_STOP,
            "on_start",
            changed(),
            "The start script of notebooks changes",
        ),
        Guard(NO_STOP, "", gone(), "The lifecycle configuration {name} is deleted"),
    ),
    "aws_sagemaker_studio_lifecycle_config": (
        Guard(LESS_CONTROL, "studio_lifecycle_config_content", changed(), "The start script {name} changes"),
    ),
    "aws_sagemaker_workteam": (Guard(LESS_CONTROL, "member_definition", extended(), "{name} has more members"),),
}
_SERVING: Final[Mapping[str, tuple[Guard, ...]]] = merged(
    {
        "aws_sagemaker_model": (
            Guard(ISOLATION, "enable_network_isolation", turned_off(), "The model {name} is without network isolation"),
            Guard(ISOLATION, "vpc_config", emptied(), "The model {name} leaves the VPC"),
        ),
        "aws_sagemaker_endpoint": (
            Guard(
                ROLLBACK,
                # By the names, which are known after apply where the alarms are replaced with their configuration.
                "deployment_config.0.auto_rollback_configuration.0.alarms.*.alarm_name",
                emptied(),
                "{name} is not rolled back",
            ),
            Guard(
                ROLLBACK,
                "deployment_config.0.auto_rollback_configuration.0.alarms.*.alarm_name",
                fewer(),
                "Alarms of the automatic rollback of {name} are removed",
            ),
            Guard(ROLLBACK, "deployment_config.0.blue_green_update_policy", emptied(), "{name} is updated at once"),
        ),
        "aws_sagemaker_endpoint_configuration": (
            Guard(LESS_CONTROL, "data_capture_config", emptied(), "Requests to {name} are no longer captured"),
            Guard(LESS_CONTROL, "kms_key_arn", emptied(), "Volumes of {name} are without the KMS key"),
        ),
        "aws_appautoscaling_target": (
            Guard(CAPACITY, "max_capacity", lowered(), "The maximum capacity of {name} is reduced"),
            Guard(CAPACITY, "", gone(), "Automatic scaling of {name} ends"),
            Guard(CAPACITY, "suspended_state.0.dynamic_scaling_out_suspended", turned_on(), "{name} is not scaled out"),
        ),
        "aws_appautoscaling_policy": (Guard(LESS_CONTROL, "", gone(), "The scaling policy {name} is deleted"),),
        "aws_autoscaling_policy": (Guard(LESS_CONTROL, "", gone(), "The scaling policy {name} is deleted"),),
        "aws_lambda_function": (
            Guard(CAPACITY, "reserved_concurrent_executions", becomes(0), "The function {name} cannot run"),
        ),
        "aws_lambda_provisioned_concurrency_config": (
            Guard(CAPACITY, "provisioned_concurrent_executions", lowered(), "The function {name} has less capacity"),
        ),
        "aws_ecs_service": (Guard(CAPACITY, "desired_count", lowered(), "The number of tasks of {name} is reduced"),),
    },
    for_types(
        ("sagemaker_monitoring_schedule", "sagemaker_data_quality_job_definition"),
        Guard(LESS_CONTROL, "", gone(), "The monitoring {name} of a model ends"),
    ),
)
TABLE: Final = merged(_STUDIO, _SERVING)
_IMAGES: Final[Mapping[str, tuple[str, ...]]] = {
    "aws_sagemaker_model": ("primary_container.*.image", "container.*.image"),
    "aws_sagemaker_image_version": ("base_image",),
    "aws_lambda_function": ("image_uri",),
    "aws_batch_job_definition": ("container_properties",),
    "aws_ecs_task_definition": ("container_definitions",),
    "aws_codebuild_project": ("environment.*.image",),
    "aws_sagemaker_app_image_config": (),
}
"""Attributes with references to container images, or with JSON that contains some."""
_SCHEDULES: Final = frozenset({"aws_scheduler_schedule", "aws_cloudwatch_event_rule"})
TYPES: Final = frozenset({*TABLE, *_IMAGES, *_SCHEDULES, "aws_ssm_parameter"})
"""The types that this module checks."""

_DRY_RUN: Final = "environment.0.variables.MLINFRA_DRY_RUN"
_JANITORS: Final = re.compile(r"janitor|shutdown|idle|unused|expir|stop", re.IGNORECASE)
"""Names of functions and schedules that stop resources."""
_REGISTRY: Final = re.compile(r"(?P<account>\d{12})\.dkr\.ecr(?:-fips)?\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/")
_AWS: Final = frozenset({"763104351884", "683313688378", "602401143452"})
"""Accounts of AWS with images: Deep Learning Containers, scikit-learn and XGBoost in us-east-1, EKS. Those of other
regions are reported as other accounts."""
_DIGEST: Final = "@sha256:"


def check(plan: Plan) -> Iterator[Finding]:
    """Check workloads, automatic stops, images and values for other stacks."""
    yield from guards.check(plan, TABLE)
    for change in plan.changes:
        if change.type in _IMAGES and change.after:
            yield from _images(plan, change)
        if change.type == "aws_lambda_function":
            yield from _function(plan, change)
        elif change.type in _SCHEDULES:
            yield from _schedule(plan, change)
        elif change.type == "aws_ssm_parameter":
            yield from _parameter(plan, change)


def _function(plan: Plan, change: Change) -> Iterator[Finding]:
    name = change.name("function_name")
    if change.old(_DRY_RUN) == "false" and change.after and change.new(_DRY_RUN) != "false":
        yield NO_STOP.at(plan.stack, change, f"The function {name} only reports, and stops nothing (dry run).")
    elif change.kind is Kind.DESTROY and _JANITORS.search(name):
        yield NO_STOP.at(plan.stack, change, f"The function {name} is deleted.")


def _schedule(plan: Plan, change: Change) -> Iterator[Finding]:
    name = change.name("name")
    if not _JANITORS.search(name):
        return
    if change.kind is Kind.DESTROY:
        yield NO_STOP.at(plan.stack, change, f"The schedule {name} is deleted.")
    elif change.kind is Kind.UPDATE and change.old("state") != "DISABLED" and change.new("state") == "DISABLED":
        yield NO_STOP.at(plan.stack, change, f"The schedule {name} is disabled.")
    if change.kind is Kind.UPDATE and change.old("schedule_expression") and change.differs("schedule_expression"):
        text = f"The schedule {name} changes {change.shown('schedule_expression')}."
        yield NO_STOP.at(plan.stack, change, text)


def _parameter(plan: Plan, change: Change) -> Iterator[Finding]:
    name = change.old("name")
    if not isinstance(name, str) or not name.startswith("/mlinfra/") or change.kind is Kind.CREATE:
        return
    if change.destroys and not change.creates:
        yield HAND_OVER.at(plan.stack, change, f"The parameter {quoted(name)} is deleted.")
    elif change.destroys or any(change.differs(path) for path in ("value", "insecure_value") if change.old(path)):
        shown = change.shown("insecure_value") if change.old("insecure_value") else change.shown("value")
        yield HAND_OVER.at(plan.stack, change, f"The value of {quoted(name)} changes {shown}.")


def _images(plan: Plan, change: Change) -> Iterator[Finding]:
    for path in _IMAGES[change.type]:
        if change.is_sensitive(path.partition(".*")[0]):
            continue
        had, has = (_references(guards.values(side, path)) for side in (change.old, change.new))
        for place, image in enumerate(has):
            if image in had:
                continue
            before = had[place] if place < len(had) else None
            yield from _image(plan, change, before, image)


def _image(plan: Plan, change: Change, before: str | None, image: str) -> Iterator[Finding]:
    registry = _REGISTRY.match(image)
    was = _REGISTRY.match(before) if before else None
    name = change.name("name", "function_name", "family", "id")
    words = f"from {quoted(before)} to {quoted(image)}" if before else quoted(image)
    if (
        registry
        and before
        and (not was or was["account"] != registry["account"])
        and plan.may_be_foreign(registry["account"])
    ):
        yield OTHER_REGISTRY.at(plan.stack, change, f"The image of {name} is of another account: {words}.")
    elif registry and not before and plan.is_foreign(registry["account"]) and registry["account"] not in _AWS:
        yield IMAGE.at(plan.stack, change, f"The image of {name} is of another account: {words}.")
    elif before and _repository(before) != _repository(image):
        yield IMAGE.at(plan.stack, change, f"The repository of the image of {name} changes: {words}.")
    elif before and _DIGEST in before and _DIGEST not in image:
        yield IMAGE.at(plan.stack, change, f"The image of {name} is no longer pinned by digest: {words}.")


def _repository(image: str) -> str:
    name = image.partition("@")[0]
    return name.rpartition(":")[0] if ":" in name.rpartition("/")[2] else name


def _references(values: list[Any]) -> list[str]:
    """References to images: texts, or members `image` of JSON."""
    found: list[str] = []
    for value in values:
        if not isinstance(value, str):
            continue
        if value.lstrip().startswith(("{", "[")):
            try:
                document = json.loads(value)
            except ValueError:
                continue
            containers = document if isinstance(document, list) else [document]
            found += (
                each["image"] for each in containers if isinstance(each, dict) and isinstance(each.get("image"), str)
            )
        elif value:
            found.append(value)
    return found
