"""A complete audit of an account: all regions, joined with states, code, prices, metrics and CloudTrail."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final

from mlinfra.errors import OperationError
from mlinfra.functions.counting import counted
from mlinfra.operations.audit.assembling import Context, cost_of_unit, item_of, lookup_id, units_of
from mlinfra.operations.audit.declared import Declared, declared_by
from mlinfra.operations.audit.item import Audit
from mlinfra.operations.audit.launchers import Lookup, find_launchers
from mlinfra.operations.audit.ownership import People
from mlinfra.operations.audit.scan import RegionalClients, Regions, Scan, merged, regions_of, scan
from mlinfra.operations.audit.states import States, read_states
from mlinfra.operations.audit.usage import read_usage
from mlinfra.operations.aws import AwsAccount, aws_errors_explained, endpoint_is_on_this_machine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mlinfra.declarations import Environment
    from mlinfra.operations.audit.assembling import Unit
    from mlinfra.operations.audit.costing import Cost
    from mlinfra.operations.audit.launchers import Launcher
    from mlinfra.operations.terraform import Progress

_DEFAULT_REGION: Final = "us-east-1"
_LOOKED_UP_USD: Final = 1.0
"""Resources that cost less in a month, in USD, are not looked up in CloudTrail."""


@dataclass(frozen=True)
class AuditOptions:
    """The scope of an audit."""

    regions: Sequence[str] = ()
    """Regions to read. Default: all that are enabled for the account."""
    launchers: bool = True
    """False to look up no principals in CloudTrail, which takes up to 20 seconds. Default: True."""
    now: datetime | None = None
    """The time of the audit. Default: the present."""


def audit_account(
    environments: Sequence[Environment], root: Path | None, progress: Progress, *, options: AuditOptions | None = None
) -> Audit:
    """Read all resources of the account in use. Nothing is changed.

    A request that fails is part of the result, and does not affect the others.

    Args:
        environments: the environments of the project. Those of other accounts are ignored.
        root: the project, whose code is compared with the states. None: there is no project.
        progress: shows the steps.
        options: the scope. Default: everything.

    Raises:
        OperationError: if there are no credentials, AWS refuses the list of regions, or a region is not enabled.
    """
    options = options or AuditOptions()
    now = options.now or datetime.now(timezone.utc)
    with progress.step("Check the account") as step, aws_errors_explained():
        account, own = account_in_use(environments)
        clients = RegionalClients(account)
        home = str(account.session.region_name)
        regions = _chosen(regions_of(clients, home), options.regions)
        step.conclude(f"{account.account_id}, {counted(len(regions.enabled), 'region')}")
    # The code is synthesized by another process while AWS is read.
    with ThreadPoolExecutor(1) as other:
        declaring = other.submit(declared_by, own, root)
        with progress.step(f"Read {counted(len(regions.enabled), 'region')}") as step:
            read = scan(clients, regions.enabled, step, home=home)
            step.conclude(counted(len(read.found), "resource") + (", with failures" if read.failed else ""))
        with progress.step("Read Terraform states and code") as step:
            states = read_states(clients, _state_buckets(own, read), [each.names.state_bucket for each in own])
            declared = declaring.result()
            step.conclude(counted(states.count, "state"))
    with progress.step("Read utilization") as step:
        usage, failed = read_usage(clients, read.found, now)
    units = units_of(read.found, states, declared)
    priced = sorted(((unit, cost_of_unit(unit, usage, now)) for unit in units), key=lambda each: -each[1].rank_usd)
    launchers: Mapping[tuple[str, str], Launcher] = {}
    if options.launchers:
        with progress.step("Look up launchers in CloudTrail") as step:
            launchers, unread = find_launchers(clients, _lookups(priced), now)
            failed += unread
            step.conclude(f"{len(launchers)} found")
    context = Context(
        usage,
        launchers,
        People.of(own),
        {(each.region, each.id): each.open_ports for each in read.found if each.kind == "security-group"},
        now,
    )
    return Audit(
        items=tuple(item_of(unit, cost, context) for unit, cost in priced),
        failed_regions=(*read.failed, *merged(states.failed), *merged(failed)),
        as_of=now,
        account_id=account.account_id,
        regions=regions.enabled,
        disabled_regions=regions.disabled,
        remarks=tuple(_remarks(own, declared, states, read)),
    )


def account_in_use(environments: Sequence[Environment]) -> tuple[AwsAccount, tuple[Environment, ...]]:
    """The account of the credentials, and the environments of the project in it.

    Args:
        environments: the environments of the project.

    Raises:
        OperationError: if there are no credentials, or they have expired.
    """
    import boto3  # commands that do not use AWS start without it

    with aws_errors_explained():
        region = os.environ.get("AWS_REGION") or boto3.session.Session().region_name or _DEFAULT_REGION
        session = boto3.session.Session(region_name=region)
        identity = session.client("sts").get_caller_identity()
    is_local = endpoint_is_on_this_machine()
    own = tuple(each for each in environments if each.account_id == identity["Account"] and each.emulated == is_local)
    return AwsAccount(session, identity["Account"], identity["Arn"]), own


def _chosen(regions: Regions, names: Sequence[str]) -> Regions:
    for name in names:
        if name not in regions.enabled:
            reason = "is not enabled for the account" if name in regions.disabled else "is not a region of AWS"
            message = f"The region {name!r} {reason}. Enabled: {', '.join(regions.enabled)}."
            raise OperationError(message)
    return Regions(tuple(dict.fromkeys(names)), regions.disabled) if names else regions


def _state_buckets(environments: Sequence[Environment], read: Scan) -> dict[str, str]:
    """The regions of the buckets with states: those of the environments, and others by their names."""
    buckets = {each.id: each.region for each in read.found if each.kind == "bucket"}
    found = {name: region for name, region in buckets.items() if "tfstate" in name or "terraform" in name}
    could_list = not any("bucket" in each.kinds for each in read.failed)
    for each in environments:
        if each.names.state_bucket in buckets or not could_list:
            found[each.names.state_bucket] = each.region
    return found


def _lookups(priced: Sequence[tuple[Unit, Cost]]) -> list[Lookup]:
    """The dearest resources that no declared stack manages."""
    return [
        Lookup(unit.head.region, lookup_id(unit), launched)
        for unit, cost in priced
        # A group is older than its instances.
        if (launched := unit.head.launched)
        and cost.rank_usd >= _LOOKED_UP_USD
        and unit.verdict.classification != "managed"
    ]


def _remarks(own: Sequence[Environment], declared: Declared, states: States, read: Scan) -> list[str]:
    remarks = list(declared.remarks)
    if not own:
        remarks.append(
            "No environment of a project in this folder is in this account: no resource is classified as managed."
        )
    if states.failed:
        remarks.append("Not all Terraform states could be read. Their resources may be listed as unmanaged.")
    if states.unreadable:
        remarks.append(
            f"The Terraform states in {', '.join(states.unreadable)} are not readable for these credentials. Their "
            f"resources may be listed as unmanaged."
        )
    remarks += [
        f"{each.service} has no endpoint in {each.region}, and was not read there: {each.reason}"
        for each in read.not_offered
    ]
    return remarks
