"""Functions, tables, logs, alarms, keys and secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlinfra.declarations import Missing
from mlinfra.operations.cost.parts import Span, hourly, joined, monthly
from mlinfra.operations.cost.resources import blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlinfra.operations.cost.context import Context
    from mlinfra.operations.cost.parts import Found
    from mlinfra.operations.cost.resources import Resource

_MIB_A_GIB: Final = 1024
_FUNCTION_MIB: Final = 128
"""The default memory of a function, in MiB. Source: Lambda API reference, CreateFunction, MemorySize."""
_DAYS_A_MONTH: Final = 30
_KEPT_FOR_EVER_MONTHS: Final = 12
_STANDARD_PERIOD: Final = 60
"""Alarms with a shorter period, in seconds, are high-resolution alarms. Source: Amazon CloudWatch pricing page."""
_FREE_DASHBOARDS: Final = 3


def function(resource: Resource, at: Context) -> Iterator[Found]:
    """`aws_lambda_function`: the assumed runs. The free tier of the account is not counted."""
    memory = (resource.number("memory_size") or _FUNCTION_MIB) / _MIB_A_GIB
    runs, seconds = at.assumptions.function_invocations, at.assumptions.function_seconds
    words = f"{runs:,.10g} runs of {seconds:g} s a month with {memory:g} GiB, without the free tier"
    architectures = resource.get("architectures")
    is_arm = isinstance(architectures, list) and "arm64" in architectures
    yield monthly(
        "requests", at.prices.service("lambda", "requests"), runs, "requests", per=1_000_000, assumption=words
    )
    price = at.prices.service("lambda", f"duration_{'arm' if is_arm else 'x86'}")
    yield monthly("duration", price, runs * seconds * memory, "GB-seconds", assumption=words)


def table(resource: Resource, at: Context) -> Iterator[Found]:
    """`aws_dynamodb_table`: capacity or requests, storage, and backups."""
    gb = at.assumptions.table_gb
    if resource.text("billing_mode") == "PAY_PER_REQUEST":
        for name, count in (("read", at.assumptions.table_reads), ("write", at.assumptions.table_writes)):
            price = at.prices.service("dynamodb", f"on_demand_{name}_request_units")
            words = f"{count:,.10g} {name} units a month"
            yield monthly(f"{name} units", price, count, "units", per=1_000_000, assumption=words)
    else:
        for name, unit in (("read", "RCU-hours"), ("write", "WCU-hours")):
            capacity = resource.number(f"{name}_capacity")
            if capacity is None:
                yield Missing(f"the {name} capacity is unknown")
                continue
            price = at.prices.service("dynamodb", f"provisioned_{name}_unit")
            yield hourly(f"{name} capacity", price, count=Span(capacity, capacity), unit=unit)
    if resource.blocks("replica"):
        yield Missing("no price of the replicas in other regions")
    words = f"{gb:,.10g} GB"
    kind = "standard_ia" if resource.text("table_class") == "STANDARD_INFREQUENT_ACCESS" else "standard"
    storage = at.prices.service("dynamodb", f"storage_{kind}")
    yield monthly("storage", storage, gb, "GB-months", assumption=words)
    if resource.get("point_in_time_recovery.enabled") is True:
        backup = at.prices.service("dynamodb", "pitr_backup")
        yield monthly("point-in-time recovery", backup, gb, "GB-months", assumption=words)


def log_group(resource: Resource, at: Context) -> Iterator[Found]:
    """`aws_cloudwatch_log_group`: ingestion, and storage over the retention."""
    is_flow_log = bool(at.stack.referring(resource, "aws_flow_log"))
    gb = at.assumptions.flow_log_gb if is_flow_log else at.assumptions.log_gb
    words = f"{gb:,.10g} GB a month" + (" of flow logs" if is_flow_log else "")
    rarely = resource.text("log_group_class") == "INFREQUENT_ACCESS"
    price = at.prices.service("cloudwatch", "logs_ingestion_infrequent_access" if rarely else "logs_ingestion")
    yield monthly("ingestion", price, gb, "GB", assumption=words)
    days = resource.number("retention_in_days") or 0
    months = days / _DAYS_A_MONTH if days else _KEPT_FOR_EVER_MONTHS
    kept = f"kept for {days:g} days" if days else f"never deleted: counted after {_KEPT_FOR_EVER_MONTHS} months"
    price = at.prices.service("cloudwatch", "logs_storage")
    words = joined(words, f"{kept}, without compression")
    yield monthly("storage", price, gb * months, "GB-months", assumption=words)


def alarm(resource: Resource, at: Context) -> Iterator[Found]:
    """`aws_cloudwatch_metric_alarm`: by metric, of standard or high resolution."""
    metrics = [each for query in resource.blocks("metric_query") for each in blocks(query.get("metric"))]
    periods = [resource.number("period"), *(_number(each.get("period")) for each in metrics)]
    is_high = any(each is not None and each < _STANDARD_PERIOD for each in periods)
    count = max(1, len(metrics))
    words = ""
    if resource.text("threshold_metric_id"):
        # Amazon CloudWatch pricing page, read 2026-11-29: an anomaly detection alarm has three metrics.
        count, words = 3 * count, "an alarm on anomalies counts as three metrics"
    price = at.prices.service("cloudwatch", "alarm_high_resolution" if is_high else "alarm_standard")
    yield monthly("alarm", price, count, "alarm-metrics", assumption=words)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def composite_alarm(resource: Resource, at: Context) -> Iterator[Found]:
    """`aws_cloudwatch_composite_alarm`."""
    del resource
    yield monthly("alarm", at.prices.service("cloudwatch", "alarm_composite"), 1, "alarms")


def dashboard(resource: Resource, at: Context) -> Iterator[Found]:
    """`aws_cloudwatch_dashboard`: free for the first three of an account."""
    del resource
    words = f"low: one of the first {_FREE_DASHBOARDS} of the account, which are free; high: another one"
    price = at.prices.service("cloudwatch", "dashboard_over_3")
    yield monthly("dashboard", price, Span(0, 1), "dashboards", assumption=words)


def key(resource: Resource, at: Context) -> Iterator[Found]:
    """`aws_kms_key` and replicas: the key, and up to two rotations. Requests are not included.

    Each of the first two rotations adds the price of a key. Source: AWS KMS pricing page, read 2026-11-29.
    """
    rotates = resource.get("enable_key_rotation") is True
    words = joined("without requests", "low: before the first rotation, high: after the second" if rotates else "")
    price = at.prices.service("kms", "customer_key")
    yield monthly("key", price, Span(1, 3 if rotates else 1), "keys", assumption=words)


def secret(resource: Resource, at: Context) -> Iterator[Found]:
    """`aws_secretsmanager_secret`."""
    del resource
    yield monthly("secret", at.prices.service("secretsmanager", "secret"), 1, "secrets", assumption="without requests")


def parameter(resource: Resource, at: Context) -> Iterator[Found]:
    """`aws_ssm_parameter`: free unless it is advanced."""
    if resource.text("tier") == "Advanced":
        yield hourly("advanced parameter", at.prices.service("ssm", "advanced_parameter"))


def cluster(resource: Resource, at: Context) -> Iterator[Found]:
    """`aws_eks_cluster`: its control plane."""
    del resource
    yield hourly("control plane", at.prices.service("eks", "cluster"), assumption="a version in standard support")


def flow_log(resource: Resource, at: Context) -> Iterator[Found]:
    """`aws_flow_log`: in CloudWatch it is billed with the log group."""
    del at
    if resource.text("log_destination_type") not in {None, "cloud-watch-logs"}:
        yield Missing("no price of flow logs outside CloudWatch")


FORMULAS = {
    "aws_cloudwatch_composite_alarm": composite_alarm,
    "aws_cloudwatch_dashboard": dashboard,
    "aws_cloudwatch_log_group": log_group,
    "aws_cloudwatch_metric_alarm": alarm,
    "aws_dynamodb_table": table,
    "aws_eks_cluster": cluster,
    "aws_flow_log": flow_log,
    "aws_kms_key": key,
    "aws_kms_replica_key": key,
    "aws_lambda_function": function,
    "aws_secretsmanager_secret": secret,
    "aws_ssm_parameter": parameter,
}
