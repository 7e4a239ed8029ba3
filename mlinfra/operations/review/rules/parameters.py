"""Parameters of databases that require TLS or record accesses, in parameter groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mlinfra.operations.review.change import UNKNOWN, Kind, items
from mlinfra.operations.review.escaping import quoted
from mlinfra.operations.review.finding import Finding, Level, Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mlinfra.operations.review.plan import Plan

TLS: Final = Rule(
    "MLR134",
    Level.HOLD,
    "A parameter of a database no longer requires TLS.",
    "Keep it. Clients that cannot use TLS need an update.",
)
RECORDS: Final = Rule(
    "MLR806",
    Level.HOLD,
    "A parameter of a database switches records of connections or statements off.",
    "Keep the record, or check that another one contains the same events.",
)
RULES: Final = (TLS, RECORDS)

TYPES: Final = frozenset(
    {
        "aws_db_parameter_group",
        "aws_docdb_cluster_parameter_group",
        "aws_elasticache_parameter_group",
        "aws_neptune_cluster_parameter_group",
        "aws_rds_cluster_parameter_group",
        "aws_redshift_parameter_group",
    }
)
"""The types that this module checks."""

_OFF: Final = frozenset({"", "0", "off", "false", "disabled", "none", "optional"})
_PARAMETERS: Final[Mapping[str, tuple[Rule, str]]] = {
    # RDS User Guide, "Requiring an SSL connection to a PostgreSQL DB instance" and "Requiring SSL/TLS for all
    # connections to a MySQL DB instance"; AWS Config, redshift-require-tls-ssl; DocumentDB Developer Guide, "Amazon
    # DocumentDB cluster parameters reference" (all read 2026-11-29).
    "rds.force_ssl": (TLS, "connections without TLS"),
    "require_secure_transport": (TLS, "connections without TLS"),
    "require_ssl": (TLS, "connections without TLS"),
    "tls": (TLS, "connections without TLS"),
    # Neptune User Guide, "Using Audit Logs with Amazon Neptune Clusters"; DocumentDB as above (read 2026-11-29). The
    # others are parameters of PostgreSQL, pgAudit, MySQL, the MariaDB audit plugin and Redshift.
    "log_connections": (RECORDS, "connections"),
    "log_disconnections": (RECORDS, "ends of connections"),
    "log_statement": (RECORDS, "statements"),
    "pgaudit.log": (RECORDS, "statements"),
    "general_log": (RECORDS, "statements"),
    "server_audit_logging": (RECORDS, "connections and statements"),
    "audit_logs": (RECORDS, "connections and statements"),
    "neptune_enable_audit_log": (RECORDS, "queries"),
    "enable_user_activity_logging": (RECORDS, "statements"),
}


def check(plan: Plan) -> Iterator[Finding]:
    """Check parameters that existing groups switch off, or no longer set."""
    for change in plan.of_types(TYPES):
        if not change.before or change.kind in {Kind.DESTROY, Kind.FORGET}:
            continue
        if change.new("parameter") is UNKNOWN or change.is_sensitive("parameter"):
            continue
        before, after = _values(change.old), _values(change.new)
        for name, was in before.items():
            rule, what = _PARAMETERS.get(name, (None, ""))
            if rule and was.lower() not in _OFF and after.get(name, "").lower() in _OFF:
                verb = "are accepted" if rule is TLS else "are not recorded"
                now = quoted(after[name]) if name in after else "the default of the engine"
                text = f"{what[0].upper()}{what[1:]} {verb} by databases with {change.name('name')}"
                yield rule.at(plan.stack, change, f"{text}: {quoted(name)} changes from {quoted(was)} to {now}.")


def _values(value_of: Callable[[str], Any]) -> dict[str, str]:
    blocks = (each for each in items(value_of("parameter")) if isinstance(each, dict))
    return {str(each.get("name")): str(each.get("value") or "") for each in blocks}
