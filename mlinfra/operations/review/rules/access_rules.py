"""Rules about permissions, of the modules `access` and `granted_permissions`."""

from __future__ import annotations

from typing import Final

from mlinfra.operations.review.finding import Level, Rule

MORE: Final = Rule(
    "MLR201",
    Level.HOLD,
    "An existing principal gets additional permissions.",
    "Check that each action and resource is needed. Name them instead of using wildcards.",
)
NEW: Final = Rule(
    "MLR202",
    Level.NOTE,
    "A new role, user, group or resource has permissions.",
    "Check that each action and resource is needed.",
)
SWEEPING: Final = Rule(
    "MLR203",
    Level.HOLD,
    "A policy allows all actions, all actions of a service on all resources, or privilege escalation on all resources.",
    "Name the actions and resources that are needed.",
)
LESS: Final = Rule(
    "MLR204",
    Level.NOTE,
    "Permissions are removed.",
    "Check that no running workload needs them.",
)
TRUST: Final = Rule(
    "MLR205",
    Level.HOLD,
    "An additional principal may assume a role.",
    "Check that the principal and its conditions are intended.",
)
OPEN: Final = Rule(
    "MLR206",
    Level.HOLD,
    "A policy allows access to any principal, without a condition that restricts the caller.",
    "Name the principals, or add a condition such as aws:PrincipalOrgID.",
)
DENY_REMOVED: Final = Rule(
    "MLR207",
    Level.HOLD,
    "A statement that denies actions is removed or narrowed.",
    "Keep the statement, or check that no other control depends on it.",
)
UNREADABLE: Final = Rule(
    "MLR208",
    Level.HOLD,
    "An existing policy changes, and the new one cannot be read from the plan.",
    "Check the code of the policy. If it refers to resources of the same plan, apply those first.",
)
UNREADABLE_NEW: Final = Rule(
    "MLR209",
    Level.WARNING,
    "A new policy cannot be read from the plan.",
    "Check the code of the policy.",
)
BOUNDARY: Final = Rule(
    "MLR210",
    Level.HOLD,
    "The permissions boundary of a role or user is removed or changed.",
    "Keep the boundary, or check that the new one is at least as narrow.",
)
CREDENTIALS: Final = Rule(
    "MLR211",
    Level.HOLD,
    "A long-lived password or access key is created.",
    "Use a role instead: OIDC for pipelines, IAM Identity Center for people.",
)
EXPOSING: Final = Rule(
    "MLR212",
    Level.HOLD,
    "A policy allows to read, share or destroy data, secrets or audit records, on all resources.",
    "Name the resources that are needed.",
)
EXTERNAL: Final = Rule(
    "MLR213",
    Level.HOLD,
    "A principal outside the AWS account of the plan gets access.",
    "Check that the account is known and the access is intended. Grant it to a role, not to the whole account.",
)
ADMITTED: Final = Rule(
    "MLR214",
    Level.WARNING,
    "A new role or resource admits principals of the same account, an organization or an identity provider.",
    "Check that the principal and its conditions are intended.",
)
KEY_ROOT: Final = Rule(
    "MLR215",
    Level.HOLD,
    "The policy of a key no longer gives access to the IAM of its account. The key can become unmanageable.",
    "Keep the statement that allows `kms:*` to the root of the account.",
)
ENDPOINT: Final = Rule(
    "MLR216",
    Level.HOLD,
    "The policy of a VPC endpoint is widened to all principals, actions or resources. Data can leave through it.",
    "Name the buckets or resources, or add a condition such as aws:ResourceAccount.",
)
RULES: Final = (
    MORE,
    NEW,
    SWEEPING,
    LESS,
    TRUST,
    OPEN,
    DENY_REMOVED,
    UNREADABLE,
    UNREADABLE_NEW,
    BOUNDARY,
    CREDENTIALS,
    EXPOSING,
    EXTERNAL,
    ADMITTED,
    KEY_ROOT,
    ENDPOINT,
)
