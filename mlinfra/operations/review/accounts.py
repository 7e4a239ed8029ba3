"""AWS accounts in a plan: the accounts that it changes, and accounts that its values name."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from mlinfra.operations.review.references import mapping

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mlinfra.operations.review.change import Change

_ARN: Final = re.compile(r"arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:(\d{12}):")
_ROOT: Final = re.compile(r"arn:[a-z-]+:iam::(\d{12}):root")
_ID: Final = re.compile(r"\d{12}")
_KEYS: Final = frozenset({"aws_kms_key", "aws_kms_key_policy", "aws_kms_external_key", "aws_kms_replica_key"})

ELB_LOG_DELIVERY: Final = frozenset(
    {
        *("127311923021", "033677994240", "027434742980", "797873946194", "098369216593", "754344448648"),
        *("589379963580", "718504428378", "383597477331", "600734575887", "114774131450", "783225319266"),
        *("582318560864", "985666609251", "054676820928", "156460612806", "652711504416", "635631232127"),
        *("009996457667", "897822967062", "076674570225", "507241528517", "048591011584", "190560391635"),
    }
)
"""AWS's own accounts that deliver the access logs of load balancers, by region (Elastic Load Balancing, User Guide,
"Enable access logs for your Application Load Balancer")."""


def account_of(text: object) -> str | None:
    """The account that an ARN or an id names. None: it names none."""
    if not isinstance(text, str):
        return None
    if _ID.fullmatch(text):
        return text
    found = _ARN.match(text)
    return found[1] if found else None


def configured(configuration: Mapping[str, Any]) -> frozenset[str]:
    """The accounts that the provider configurations of a plan are limited to, or assume a role in."""
    found: set[str] = set()
    for provider in mapping(configuration.get("provider_config")).values():
        expressions = mapping(mapping(provider).get("expressions"))
        allowed = mapping(expressions.get("allowed_account_ids")).get("constant_value")
        found.update(str(each) for each in (allowed if isinstance(allowed, list) else ()))
        roles = expressions.get("assume_role")
        for role in roles if isinstance(roles, list) else ():
            account = account_of(mapping(mapping(role).get("role_arn")).get("constant_value"))
            found.update({account} if account else ())
    return frozenset(found)


class Known:
    """The accounts in the prior state of a plan."""

    def __init__(self) -> None:
        self.callers: set[str] = set()
        """The accounts of the credentials, from the data source `aws_caller_identity`."""
        self.owners: Counter[str] = Counter()
        """Numbers of resources by the account in their ARN."""

    def read(self, state: object) -> None:
        """Read the `prior_state` of a plan."""
        for resource in _resources(mapping(mapping(state).get("values")).get("root_module")):
            values = mapping(resource.get("values"))
            if resource.get("type") == "aws_caller_identity":
                account = account_of(values.get("account_id"))
                self.callers.update({account} if account else ())
            elif resource.get("mode") != "data":
                account = account_of(values.get("arn"))
                self.owners.update([account] if account else ())


def own(known: Known, configuration: Mapping[str, Any], changes: Iterable[Change]) -> frozenset[str]:
    """The accounts that a plan changes. Empty: unknown.

    The account of the credentials and those of provider configurations; without both, the one that most resources
    have in their ARN.
    """
    stated = known.callers | configured(configuration)
    if stated:
        return frozenset(stated)
    owners, named = Counter(known.owners), Counter[str]()
    for change in changes:
        account = account_of(change.before.get("arn"))
        owners.update([account] if account else ())
        if not owners:
            named.update(_named(change))
    most = (owners or named).most_common(1)
    return frozenset({most[0][0]}) if most else frozenset()


def _named(change: Change) -> Iterator[str]:
    """The accounts that a new resource refers to with its role, key or topic, which usually are in its own account."""
    if change.type in _KEYS:
        # A key is useless without access for the IAM of its own account, which `kms:*` for its root gives.
        policy = change.after.get("policy")
        if isinstance(policy, str) and '"kms:*"' in policy:
            yield from _ROOT.findall(policy)
        return
    for name, value in change.after.items():
        if name.endswith(("role", "role_arn", "kms_key_id", "kms_key_arn", "topic_arn")):
            account = account_of(value)
            if account:
                yield account


def _resources(module: object) -> Iterator[Mapping[str, Any]]:
    resources = mapping(module).get("resources")
    yield from map(mapping, resources if isinstance(resources, list) else ())
    children = mapping(module).get("child_modules")
    for child in children if isinstance(children, list) else ():
        yield from _resources(child)
