"""Data that stays and loses what protects it: versions, encryption, retention, or being private."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mlinfra.operations.review.change import UNKNOWN, Change, Kind, items, number
from mlinfra.operations.review.finding import Finding, Level, Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mlinfra.operations.review.plan import Plan

VERSIONS: Final = Rule(
    "MLR111",
    Level.HOLD,
    "Data loses its versions: what is overwritten or deleted from then on is gone.",
    "Leave versioning on; old versions are made cheap by a lifecycle rule.",
)
ENCRYPTION: Final = Rule(
    "MLR112",
    Level.HOLD,
    "Data loses encryption, or the key that it is encrypted with.",
    "Leave the encryption as it is.",
)
RETENTION: Final = Rule(
    "MLR113",
    Level.HOLD,
    "Data, backups or logs are kept for a shorter time, or can be taken back for a shorter time.",
    "Leave the time as it is, or copy first what is still needed.",
)
PUBLIC: Final = Rule(
    "MLR114",
    Level.HOLD,
    "Data loses what keeps the public away from it.",
    "Leave public access blocked; let known principals in by a policy.",
)
DELETION: Final = Rule(
    "MLR115",
    Level.HOLD,
    "Data loses its protection from being deleted, or its backups.",
    "Leave it on. Taking it off is a change of its own, reviewed before that which deletes.",
)
EXPIRY: Final = Rule(
    "MLR116",
    Level.HOLD,
    "A rule that deletes data after some time is new or changed.",
    "See in the plan that the rule's prefix and days are meant, and that nobody needs what it deletes.",
)
RULES: Final = (VERSIONS, ENCRYPTION, RETENTION, PUBLIC, DELETION, EXPIRY)


@dataclass(frozen=True)
class _Guard:
    """An attribute that protects data."""

    rule: Rule
    path: str
    is_lost: Callable[[Any, Any], bool]
    """Whether the protection is lost, by the attribute's value before and afterwards."""
    words: str


def _no_longer(*good: object) -> Callable[[Any, Any], bool]:
    return lambda before, after: before in good and after not in good


def _lowered(before: object, after: object) -> bool:
    was, is_ = number(before), number(after)
    return was is not None and was > 0 and (after is UNKNOWN or is_ is None or is_ < was)


def _log_days_lowered(before: object, after: object) -> bool:
    # 0 is CloudWatch's word for ever.
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
_DELETION_OFF: Final = (_Guard(DELETION, "deletion_protection", _ON, "its protection from deletion"),)
_DATABASE: Final = (
    *_DELETION_OFF,
    _Guard(RETENTION, "backup_retention_period", _lowered, "the days that its backups are kept"),
    _Guard(DELETION, "skip_final_snapshot", _turned_on, "the final snapshot when it is destroyed"),
    _Guard(PUBLIC, "publicly_accessible", _turned_on, "being unreachable from the internet"),
)
_FSX: Final = (
    _Guard(RETENTION, "automatic_backup_retention_days", _lowered, "the days that its backups are kept"),
    _Guard(DELETION, "skip_final_backup", _turned_on, "the final backup when it is destroyed"),
)
_PUBLIC_BLOCKS: Final = tuple(
    _Guard(PUBLIC, name, _ON, f"its `{name}`")
    for name in ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
)
_GRANTEES: Final = {"/AllUsers": "everybody", "/AuthenticatedUsers": "whoever has an account of AWS"}
_PUBLIC_ACLS: Final = {
    "public-read": ["everybody"],
    "public-read-write": ["everybody"],
    "authenticated-read": ["whoever has an account of AWS"],
}
_SSE: Final = "rule.0.apply_server_side_encryption_by_default.0"
_GUARDS: Final[Mapping[str, tuple[_Guard, ...]]] = {
    "aws_cloudwatch_log_group": (
        _Guard(RETENTION, "retention_in_days", _log_days_lowered, "the days that its logs are kept"),
        _Guard(ENCRYPTION, "kms_key_id", _removed, "the key that its logs are encrypted with"),
    ),
    "aws_cognito_user_pool": (_Guard(DELETION, "deletion_protection", _no_longer("ACTIVE"), "deletion protection"),),
    "aws_db_instance": _DATABASE,
    "aws_docdb_cluster": _DATABASE,
    "aws_dynamodb_table": (
        _Guard(DELETION, "deletion_protection_enabled", _ON, "its protection from deletion"),
        _Guard(DELETION, "point_in_time_recovery.0.enabled", _ON, "point-in-time recovery"),
        _Guard(ENCRYPTION, "server_side_encryption.0.enabled", _ON, "encryption with a key of KMS"),
        _Guard(ENCRYPTION, "server_side_encryption.0.kms_key_arn", _removed, "the key that it is encrypted with"),
        _Guard(EXPIRY, "ttl.0.enabled", _turned_on, "items that outlive the time in an attribute"),
    ),
    "aws_ebs_encryption_by_default": (_Guard(ENCRYPTION, "enabled", _ON, "the encryption of new volumes by default"),),
    "aws_ebs_snapshot_block_public_access": (
        _Guard(PUBLIC, "state", _no_longer("block-all-sharing", "block-new-sharing"), "the block of public snapshots"),
    ),
    "aws_ecr_repository": (
        _Guard(VERSIONS, "image_tag_mutability", _no_longer("IMMUTABLE"), "tags that always name the same image"),
        _Guard(DELETION, "force_delete", _turned_on, "being kept while it has images"),
    ),
    "aws_efs_backup_policy": (_Guard(DELETION, "backup_policy.0.status", _ON, "its daily backups"),),
    "aws_fsx_lustre_file_system": _FSX,
    "aws_fsx_ontap_file_system": _FSX,
    "aws_fsx_openzfs_file_system": _FSX,
    "aws_fsx_windows_file_system": _FSX,
    "aws_instance": (_Guard(DELETION, "disable_api_termination", _ON, "its protection from termination"),),
    "aws_kms_key": (
        _Guard(ENCRYPTION, "enable_key_rotation", _ON, "the yearly rotation of the key"),
        _Guard(ENCRYPTION, "is_enabled", _ON, "being usable: what it encrypted cannot be read while it is disabled"),
        _Guard(DELETION, "deletion_window_in_days", _lowered, "the days in which its deletion can be taken back"),
    ),
    "aws_neptune_cluster": _DATABASE,
    "aws_rds_cluster": _DATABASE,
    "aws_redshift_cluster": (
        _Guard(RETENTION, "automated_snapshot_retention_period", _lowered, "the days that its snapshots are kept"),
        _Guard(ENCRYPTION, "encrypted", _ON, "its encryption"),
        _Guard(PUBLIC, "publicly_accessible", _turned_on, "being unreachable from the internet"),
        _Guard(DELETION, "skip_final_snapshot", _turned_on, "the final snapshot when it is destroyed"),
    ),
    "aws_s3_account_public_access_block": _PUBLIC_BLOCKS,
    "aws_s3_bucket": (
        _Guard(VERSIONS, "versioning.0.enabled", _ON, "versioning"),
        _Guard(DELETION, "force_destroy", _turned_on, "being kept while it holds objects"),
    ),
    "aws_s3_bucket_object_lock_configuration": (
        _Guard(DELETION, "rule.0.default_retention.0.mode", _no_longer("COMPLIANCE"), "a lock that nobody can lift"),
        _Guard(RETENTION, "rule.0.default_retention.0.days", _lowered, "the days that new objects are locked"),
        _Guard(RETENTION, "rule.0.default_retention.0.years", _lowered, "the years that new objects are locked"),
    ),
    "aws_s3_bucket_ownership_controls": (
        _Guard(
            PUBLIC,
            "rule.0.object_ownership",
            _no_longer("BucketOwnerEnforced"),
            "having no access control lists: with them, an object can be made public by itself",
        ),
    ),
    "aws_s3_bucket_public_access_block": _PUBLIC_BLOCKS,
    "aws_s3_bucket_server_side_encryption_configuration": (
        _Guard(ENCRYPTION, f"{_SSE}.sse_algorithm", _no_longer("aws:kms", "aws:kms:dsse"), "encryption with KMS"),
        _Guard(ENCRYPTION, f"{_SSE}.kms_master_key_id", _key_changed, "the key that new objects are encrypted with"),
    ),
    "aws_s3_bucket_versioning": (
        _Guard(VERSIONS, "versioning_configuration.0.status", _ON, "versioning"),
        _Guard(DELETION, "versioning_configuration.0.mfa_delete", _ON, "deletion with MFA only"),
    ),
    "aws_sqs_queue": (
        _Guard(RETENTION, "message_retention_seconds", _lowered, "the seconds that its messages are kept"),
        _Guard(ENCRYPTION, "kms_master_key_id", _removed, "the key that it is encrypted with"),
    ),
    "aws_secretsmanager_secret": (
        _Guard(DELETION, "recovery_window_in_days", _lowered, "the days in which its deletion can be taken back"),
    ),
}
_GONE: Final[Mapping[str, tuple[Rule, str]]] = {
    "aws_cloudtrail": (RETENTION, "its record of who does what in the account"),
    "aws_ebs_encryption_by_default": (ENCRYPTION, "the encryption of new volumes by default"),
    "aws_ebs_snapshot_block_public_access": (PUBLIC, "the block of public snapshots"),
    "aws_efs_backup_policy": (DELETION, "its daily backups"),
    "aws_s3_account_public_access_block": (PUBLIC, "the block of public access to all buckets of the account"),
    "aws_s3_bucket_object_lock_configuration": (RETENTION, "the lock that new objects get by default"),
    "aws_s3_bucket_ownership_controls": (PUBLIC, "having no access control lists of its objects' owners"),
    "aws_s3_bucket_public_access_block": (PUBLIC, "the block of public access"),
    "aws_s3_bucket_replication_configuration": (RETENTION, "its copy in another bucket"),
    "aws_s3_bucket_server_side_encryption_configuration": (ENCRYPTION, "its own encryption: S3's default is left"),
    "aws_s3_bucket_versioning": (VERSIONS, "versioning"),
    "aws_backup_plan": (RETENTION, "its backups"),
    "aws_backup_selection": (RETENTION, "its backups"),
}
"""Resources that protect another one, and what that loses with them."""
_HELD_BY: Final = {"aws_s3_bucket_lifecycle_configuration": "bucket", "aws_ecr_lifecycle_policy": "repository"}
"""The attribute that says what a rule is of."""
_DELETING_RULES: Final = frozenset(
    {"aws_s3_bucket_lifecycle_configuration", "aws_ecr_lifecycle_policy", "aws_dlm_lifecycle_policy"}
)


def look(plan: Plan) -> Iterator[Finding]:
    """Findings about data that stays, and is less safe."""
    for change in plan.changes:
        if change.kind is Kind.UPDATE or change.replaces:
            for guard in _GUARDS.get(change.type, ()):
                before, after = change.old(guard.path), change.new(guard.path)
                # What is made anew has values that AWS gives it, and that are not known yet.
                if guard.is_lost(before, after) and not (change.replaces and after is UNKNOWN):
                    yield guard.rule.at(plan.stack, change, _text(change, guard))
        if change.kind in {Kind.DESTROY, Kind.REPLACE} and change.type in _GONE and not _goes_too(plan, change):
            rule, words = _GONE[change.type]
            until = "" if change.kind is Kind.DESTROY else " until the new one is there"
            yield rule.at(plan.stack, change, f"{_of(change)} loses {words}{until}.")
        if change.type in {"aws_s3_bucket", "aws_s3_bucket_acl"} and (change.creates or change.kind is Kind.UPDATE):
            yield from _public(plan, change)
        if change.type in _DELETING_RULES and (change.creates or change.kind is Kind.UPDATE):
            yield from _expiry(plan, change)


def _text(change: Change, guard: _Guard) -> str:
    verb = "from then on deletes" if guard.rule is EXPIRY else "loses" if guard.rule is not RETENTION else "shortens"
    return f"{_of(change)} {verb} {guard.words}: `{guard.path}` goes {change.shown(guard.path)}."


def _of(change: Change) -> str:
    return change.name("bucket", "name", "identifier", "cluster_identifier", "repository", "id")


def _goes_too(plan: Plan, change: Change) -> bool:
    """Whether what is protected is destroyed itself, which another rule tells."""
    owners = map(change.old, ("bucket", "file_system_id"))
    return any(isinstance(owner, str) and owner in plan.destroyed_names for owner in owners)


def _public(plan: Plan, change: Change) -> Iterator[Finding]:
    """A list that lets others in, on a new bucket too: nothing but a bucket's own data is ever in it."""
    before, after = _let_in(change.old), _let_in(change.new)
    more = [each for each in after if change.creates or each not in before]
    if more:
        bucket = plan.name(change, "bucket", "id")
        yield PUBLIC.at(plan.stack, change, f"The access control list of {bucket} lets in {', '.join(more)}.")


def _let_in(value_of: Callable[[str], Any]) -> list[str]:
    """Those without a name that an access control list lets in."""
    found = _PUBLIC_ACLS.get(value_of("acl"), []) if isinstance(value_of("acl"), str) else []
    grants = [each for each in items(value_of("access_control_policy.0.grant")) if isinstance(each, dict)]
    uris = [str(who.get("uri")) for each in grants for who in items(each.get("grantee")) if isinstance(who, dict)]
    return list(dict.fromkeys([*found, *(_GRANTEES[name] for name in _GRANTEES for uri in uris if uri.endswith(name))]))


def _expiry(plan: Plan, change: Change) -> Iterator[Finding]:
    """S3's and ECR's rules delete what is there already, not only what comes."""
    if change.type in _HELD_BY and _is_empty(plan, change, _HELD_BY[change.type]):
        return
    path = "policy" if change.type == "aws_ecr_lifecycle_policy" else "rule"
    if change.type == "aws_dlm_lifecycle_policy":
        path = "policy_details"
    before = [] if change.kind is Kind.CREATE else _deleting(change.type, change.old(path))
    after = _deleting(change.type, change.new(path))
    if after is None:
        yield EXPIRY.at(plan.stack, change, f"What the rules of {_of(change)} delete is known only when it is applied.")
    elif any(each not in (before or []) for each in after):
        yield EXPIRY.at(plan.stack, change, f"{_of(change)} gets a new or changed rule that deletes what it holds.")


def _is_empty(plan: Plan, change: Change, path: str) -> bool:
    """Whether a rule is of something that this plan makes, which holds nothing yet."""
    owner = change.new(path)
    if owner is UNKNOWN:
        made = plan.referred_to(change, path)
        return made is not None and made.creates
    return change.creates and isinstance(owner, str) and owner in plan.created_names


def _deleting(kind: str, rules: Any) -> list[Any] | None:  # noqa: ANN401
    """The parts of lifecycle rules that delete; None: that is not known."""
    if rules is UNKNOWN:
        return None
    if kind != "aws_s3_bucket_lifecycle_configuration":
        return [rules] if rules else []
    parts = ("expiration", "noncurrent_version_expiration")
    return [
        [rule.get("filter"), rule.get("prefix"), *(rule.get(part) for part in parts)]
        for rule in items(rules)
        if isinstance(rule, dict) and rule.get("status") != "Disabled" and any(rule.get(part) for part in parts)
    ]
