"""Protection of data: versions, encryption, retention, public access blocks and deletion protection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mlinfra.operations.review import lifecycles
from mlinfra.operations.review.change import UNKNOWN, Change, Kind, items, number
from mlinfra.operations.review.escaping import quoted
from mlinfra.operations.review.finding import Finding, Level, Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mlinfra.operations.review.plan import Plan

VERSIONS: Final = Rule(
    "MLR111",
    Level.HOLD,
    "Versioning is removed from a data resource. Overwritten and deleted data cannot be restored.",
    "Keep versioning enabled. A lifecycle rule reduces the cost of old versions.",
)
ENCRYPTION: Final = Rule(
    "MLR112",
    Level.HOLD,
    "Encryption, or the encryption key, of a data resource is removed or changed.",
    "Keep the encryption settings.",
)
RETENTION: Final = Rule(
    "MLR113",
    Level.HOLD,
    "The retention of data, backups or logs is shortened or removed.",
    "Keep the retention time, or first copy the data that is still needed.",
)
PUBLIC: Final = Rule(
    "MLR114",
    Level.HOLD,
    "Public access protection is removed from a data resource.",
    "Keep public access blocked. Grant access to known principals with a policy.",
)
DELETION: Final = Rule(
    "MLR115",
    Level.HOLD,
    "Deletion protection, or backups, are removed from a data resource.",
    "Keep them. To delete the resource, remove the protection in a separate change, reviewed before the deletion.",
)
EXPIRY: Final = Rule(
    "MLR116",
    Level.HOLD,
    "A rule deletes or archives data automatically, or does so earlier than before.",
    "Check that prefix and days of the rule are intended, and that the deleted data is not needed.",
)
RULES: Final = (VERSIONS, ENCRYPTION, RETENTION, PUBLIC, DELETION, EXPIRY)


@dataclass(frozen=True)
class _Protection:
    """An attribute that protects data."""

    rule: Rule
    path: str
    is_lost: Callable[[Any, Any], bool]
    """True if the protection is lost, given the present and the planned value."""
    name: str


def _no_longer(*good: object) -> Callable[[Any, Any], bool]:
    return lambda before, after: before in good and after not in good


def _lowered(before: object, after: object) -> bool:
    was, is_ = number(before), number(after)
    return was is not None and was > 0 and (after is UNKNOWN or is_ is None or is_ < was)


def _log_days_lowered(before: object, after: object) -> bool:
    # For CloudWatch, 0 means unlimited.
    was, is_ = number(before) or 0, number(after) or 0
    return after is UNKNOWN or (is_ > 0 and (was == 0 or is_ < was))


def _removed(before: object, after: object) -> bool:
    return before not in {None, ""} and after in {None, ""} if _is_plain(before) and _is_plain(after) else False


def _turned_on(before: object, after: object) -> bool:
    return before is not True and (after is True or after is UNKNOWN)


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, str)


def _key_changed(before: object, after: object) -> bool:
    return isinstance(before, str) and bool(before) and not (isinstance(after, str) and after == before)


_ON: Final = _no_longer(*(True, "true", "Enabled", "ENABLED"))
_DELETION_OFF: Final = (_Protection(DELETION, "deletion_protection", _ON, "deletion protection"),)
_DATABASE_CLUSTER: Final = (
    *_DELETION_OFF,
    _Protection(RETENTION, "backup_retention_period", _lowered, "backup retention"),
    _Protection(DELETION, "skip_final_snapshot", _turned_on, "the final snapshot before deletion"),
)
_DATABASE: Final = (
    *_DATABASE_CLUSTER,
    _Protection(PUBLIC, "publicly_accessible", _turned_on, "protection from public access"),
)
_FSX_RETENTION: Final = _Protection(RETENTION, "automatic_backup_retention_days", _lowered, "backup retention")
_FSX: Final = (
    _FSX_RETENTION,
    _Protection(DELETION, "skip_final_backup", _turned_on, "the final backup before deletion"),
)
_PUBLIC_BLOCKS: Final = tuple(
    _Protection(PUBLIC, name, _ON, f"the public access block `{name}`")
    for name in ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
)
_ANYONE: Final = "unauthenticated principals"
_ANY_ACCOUNT: Final = "the principals of any AWS account"
_GRANTEES: Final = {"/AllUsers": _ANYONE, "/AuthenticatedUsers": _ANY_ACCOUNT}
_PUBLIC_ACLS: Final = {
    "public-read": [_ANYONE],
    "public-read-write": [_ANYONE],
    "authenticated-read": [_ANY_ACCOUNT],
}
_LOG_DELIVERY: Final = "c4c1ede66af53448b93c283ce9448c4ba468c9432aa01d700d3878632f77d2d0"
"""AWS's account that delivers the logs of CloudFront (CloudFront Developer Guide, "Standard logging (legacy)")."""
_SSE: Final = "rule.0.apply_server_side_encryption_by_default.0"
PROTECTIONS: Final[Mapping[str, tuple[_Protection, ...]]] = {
    "aws_cloudwatch_log_group": (
        _Protection(RETENTION, "retention_in_days", _log_days_lowered, "log retention"),
        _Protection(ENCRYPTION, "kms_key_id", _removed, "encryption with a KMS key"),
    ),
    "aws_cognito_user_pool": (
        _Protection(DELETION, "deletion_protection", _no_longer("ACTIVE"), "deletion protection"),
    ),
    "aws_db_instance": _DATABASE,
    "aws_docdb_cluster": _DATABASE_CLUSTER,
    "aws_dynamodb_table": (
        _Protection(DELETION, "deletion_protection_enabled", _ON, "deletion protection"),
        _Protection(DELETION, "point_in_time_recovery.0.enabled", _ON, "point-in-time recovery"),
        _Protection(ENCRYPTION, "server_side_encryption.0.enabled", _ON, "encryption with KMS"),
        _Protection(ENCRYPTION, "server_side_encryption.0.kms_key_arn", _removed, "encryption with a KMS key"),
        _Protection(EXPIRY, "ttl.0.enabled", _turned_on, "automatic deletion of items"),
    ),
    "aws_ebs_encryption_by_default": (
        _Protection(ENCRYPTION, "enabled", _ON, "the default encryption of new volumes"),
    ),
    "aws_ebs_snapshot_block_public_access": (
        _Protection(
            PUBLIC,
            "state",
            _no_longer("block-all-sharing", "block-new-sharing"),
            "the public access block of snapshots",
        ),
    ),
    "aws_ecr_repository": (
        _Protection(VERSIONS, "image_tag_mutability", _no_longer("IMMUTABLE"), "tag immutability"),
        _Protection(DELETION, "force_delete", _turned_on, "deletion protection while it contains images"),
    ),
    "aws_efs_backup_policy": (_Protection(DELETION, "backup_policy.0.status", _ON, "daily backup"),),
    "aws_fsx_lustre_file_system": _FSX,
    "aws_fsx_ontap_file_system": (_FSX_RETENTION,),
    "aws_fsx_openzfs_file_system": _FSX,
    "aws_fsx_windows_file_system": _FSX,
    "aws_instance": (_Protection(DELETION, "disable_api_termination", _ON, "termination protection"),),
    "aws_kms_key": (
        _Protection(ENCRYPTION, "enable_key_rotation", _ON, "yearly rotation"),
        _Protection(ENCRYPTION, "is_enabled", _ON, "the ability to decrypt data"),
        _Protection(DELETION, "deletion_window_in_days", _lowered, "the waiting period before deletion"),
    ),
    "aws_neptune_cluster": _DATABASE_CLUSTER,
    "aws_rds_cluster": _DATABASE_CLUSTER,
    "aws_redshift_cluster": (
        _Protection(RETENTION, "automated_snapshot_retention_period", _lowered, "snapshot retention"),
        _Protection(ENCRYPTION, "encrypted", _ON, "encryption"),
        _Protection(PUBLIC, "publicly_accessible", _turned_on, "protection from public access"),
        _Protection(DELETION, "skip_final_snapshot", _turned_on, "the final snapshot before deletion"),
    ),
    "aws_s3_account_public_access_block": _PUBLIC_BLOCKS,
    "aws_s3_bucket": (
        _Protection(VERSIONS, "versioning.0.enabled", _ON, "versioning"),
        _Protection(DELETION, "force_destroy", _turned_on, "deletion protection while it contains objects"),
    ),
    "aws_s3_bucket_object_lock_configuration": (
        _Protection(
            DELETION, "rule.0.default_retention.0.mode", _no_longer("COMPLIANCE"), "the compliance mode of object locks"
        ),
        _Protection(RETENTION, "rule.0.default_retention.0.days", _lowered, "the lock period of new objects"),
        _Protection(RETENTION, "rule.0.default_retention.0.years", _lowered, "the lock period of new objects"),
    ),
    "aws_s3_bucket_ownership_controls": (
        _Protection(
            PUBLIC,
            "rule.0.object_ownership",
            _no_longer("BucketOwnerEnforced"),
            "the exclusion of access control lists, which can make single objects public,",
        ),
    ),
    "aws_s3_bucket_public_access_block": _PUBLIC_BLOCKS,
    "aws_s3_bucket_server_side_encryption_configuration": (
        _Protection(ENCRYPTION, f"{_SSE}.sse_algorithm", _no_longer("aws:kms", "aws:kms:dsse"), "encryption with KMS"),
        _Protection(ENCRYPTION, f"{_SSE}.kms_master_key_id", _key_changed, "the encryption key of new objects"),
    ),
    "aws_s3_bucket_versioning": (
        _Protection(VERSIONS, "versioning_configuration.0.status", _ON, "versioning"),
        _Protection(DELETION, "versioning_configuration.0.mfa_delete", _ON, "MFA delete"),
    ),
    "aws_sqs_queue": (
        _Protection(RETENTION, "message_retention_seconds", _lowered, "message retention"),
        _Protection(ENCRYPTION, "kms_master_key_id", _removed, "encryption with a KMS key"),
    ),
    "aws_secretsmanager_secret": (
        _Protection(DELETION, "recovery_window_in_days", _lowered, "the waiting period before deletion"),
    ),
}
_PROTECTING_RESOURCES: Final[Mapping[str, tuple[Rule, str]]] = {
    "aws_cloudtrail": (RETENTION, "the log of API calls"),
    "aws_ebs_encryption_by_default": (ENCRYPTION, "the default encryption of new volumes"),
    "aws_ebs_snapshot_block_public_access": (PUBLIC, "the public access block of snapshots"),
    "aws_efs_backup_policy": (DELETION, "daily backup"),
    "aws_s3_account_public_access_block": (PUBLIC, "the public access block of all buckets"),
    "aws_s3_bucket_object_lock_configuration": (RETENTION, "the default lock of new objects"),
    "aws_s3_bucket_ownership_controls": (PUBLIC, "the exclusion of access control lists"),
    "aws_s3_bucket_public_access_block": (PUBLIC, "the public access block"),
    "aws_s3_bucket_replication_configuration": (RETENTION, "replication to another bucket"),
    "aws_s3_bucket_server_side_encryption_configuration": (ENCRYPTION, "the encryption setting (S3's default applies)"),
    "aws_s3_bucket_versioning": (VERSIONS, "versioning"),
    "aws_backup_plan": (RETENTION, "the backup"),
    "aws_backup_selection": (RETENTION, "the backup"),
}
"""Types of resources that protect another one, with the rule and the protection."""
_HELD_BY: Final = {"aws_s3_bucket_lifecycle_configuration": "bucket", "aws_ecr_lifecycle_policy": "repository"}
"""The attribute with the owner of a rule."""
_DELETING_RULES: Final = frozenset(
    {"aws_s3_bucket_lifecycle_configuration", "aws_ecr_lifecycle_policy", "aws_dlm_lifecycle_policy"}
)
TYPES: Final = frozenset({*PROTECTIONS, *_PROTECTING_RESOURCES, *_DELETING_RULES, "aws_s3_bucket_acl"})
"""The types that this module checks."""


def check(plan: Plan) -> Iterator[Finding]:
    """Check protections of data that are removed or reduced."""
    for change in plan.changes:
        if change.kind is Kind.UPDATE or change.replaces:
            for protection in PROTECTIONS.get(change.type, ()):
                before, after = change.old(protection.path), change.new(protection.path)
                # A replaced resource has values that AWS computes, and that are known after apply.
                if protection.is_lost(before, after) and not (change.replaces and after is UNKNOWN):
                    yield protection.rule.at(plan.stack, change, _text(change, protection))
        if (
            change.kind in {Kind.DESTROY, Kind.REPLACE}
            and change.type in _PROTECTING_RESOURCES
            and not _is_deleted_with_owner(plan, change)
        ):
            rule, name = _PROTECTING_RESOURCES[change.type]
            until = "" if change.kind is Kind.DESTROY else " until the new one is created"
            yield rule.at(plan.stack, change, f"{_capitalized(name)} is removed from {_name(change)}{until}.")
        if change.type in {"aws_s3_bucket", "aws_s3_bucket_acl"} and (change.creates or change.kind is Kind.UPDATE):
            yield from _public(plan, change)
        if change.type in _DELETING_RULES and (change.creates or change.kind is Kind.UPDATE):
            yield from _expiry(plan, change)


def _text(change: Change, protection: _Protection) -> str:
    name, owner = _capitalized(protection.name), _name(change)
    if protection.rule is EXPIRY:
        fact = f"{name} of {owner} is enabled"
    elif protection.is_lost in {_lowered, _log_days_lowered}:
        fact = f"{name} of {owner} is shortened"
    elif protection.is_lost is _key_changed:
        fact = f"{name} of {owner} is changed"
    else:
        fact = f"{name} is removed from {owner}"
    return f"{fact}: `{protection.path}` changes {change.shown(protection.path)}."


def _capitalized(text: str) -> str:
    return text[0].upper() + text[1:]


def _name(change: Change) -> str:
    return change.name("bucket", "name", "identifier", "cluster_identifier", "repository", "id")


def _is_deleted_with_owner(plan: Plan, change: Change) -> bool:
    """True if the protected resource is deleted too, which another rule reports."""
    owners = map(change.old, ("bucket", "file_system_id"))
    return any(isinstance(owner, str) and owner in plan.destroyed_names for owner in owners)


def _public(plan: Plan, change: Change) -> Iterator[Finding]:
    """Check access control lists for public access, also of new buckets."""
    before, after = _public_grantees(change.old), _public_grantees(change.new)
    more = [each for each in after if change.creates or each not in before]
    if more:
        bucket = plan.name(change, "bucket", "id")
        yield PUBLIC.at(plan.stack, change, f"The access control list of {bucket} grants access to {', '.join(more)}.")


def _public_grantees(value_of: Callable[[str], Any]) -> list[str]:
    """The public groups, and canonical users other than the owner, with access by an access control list."""
    found = _PUBLIC_ACLS.get(value_of("acl"), []) if isinstance(value_of("acl"), str) else []
    grants = [each for each in items(value_of("access_control_policy.0.grant")) if isinstance(each, dict)]
    uris = [str(who.get("uri")) for each in grants for who in items(each.get("grantee")) if isinstance(who, dict)]
    owner = value_of("access_control_policy.0.owner.0.id")
    ids = [
        str(who["id"])
        for each in grants
        for who in items(each.get("grantee"))
        if isinstance(who, dict) and who.get("id")
    ]
    others = [f"the canonical user {quoted(each)}" for each in ids if each not in {owner, _LOG_DELIVERY}]
    groups = (_GRANTEES[name] for name in _GRANTEES for uri in uris if uri.endswith(name))
    return list(dict.fromkeys([*found, *groups, *(others if isinstance(owner, str) else ())]))


def _expiry(plan: Plan, change: Change) -> Iterator[Finding]:
    """Check rules that delete data. Rules of S3 and ECR delete existing data, not only new data."""
    if change.type in _HELD_BY and _is_empty(plan, change, _HELD_BY[change.type]):
        return
    name = plan.name(change, "bucket", "repository", "description", "id")
    if any(change.is_sensitive(path) and change.differs(path) for path in ("rule", "policy", "policy_details")):
        yield EXPIRY.at(plan.stack, change, f"The deleting rules of {name} are sensitive and are not shown.")
        return
    if change.type != "aws_s3_bucket_lifecycle_configuration":
        path = "policy_details" if change.type == "aws_dlm_lifecycle_policy" else "policy"
        if change.new(path) is UNKNOWN:
            yield EXPIRY.at(plan.stack, change, f"The deleting rules of {name} are known after apply.")
        elif change.creates or change.old(path) != change.new(path):
            shown = change.shown(path) if not change.creates else f"to {quoted(change.new(path))}"
            yield EXPIRY.at(plan.stack, change, f"A rule that deletes data of {name} is added or changed {shown}.")
        return
    if change.new("rule") is UNKNOWN:
        yield EXPIRY.at(plan.stack, change, f"The deleting rules of {name} are known after apply.")
        return
    before = [] if change.kind is Kind.CREATE else list(lifecycles.effects(change.old("rule")))
    more = [each for each in lifecycles.effects(change.new("rule")) if not lifecycles.is_covered(each, before)]
    if more:
        text = "; ".join(lifecycles.in_words(each, before) for each in more)
        yield EXPIRY.at(plan.stack, change, f"Data of {name}: {text}.")


def _is_empty(plan: Plan, change: Change, path: str) -> bool:
    """True if the owner of a rule is created by this plan, and therefore is empty."""
    owner = change.new(path)
    if owner is UNKNOWN:
        made = plan.referred_to(change, path)
        return made is not None and made.creates
    return change.creates and isinstance(owner, str) and owner in plan.created_names
