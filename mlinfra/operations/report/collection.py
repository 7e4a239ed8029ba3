"""Collection of everything that the report shows. A source that fails does not prevent the others."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from mlinfra.command import own_command
from mlinfra.declarations import load_environments, present_day
from mlinfra.errors import DeclarationError, OperationError
from mlinfra.functions import clock
from mlinfra.functions.counting import counted
from mlinfra.operations.audit import audit_account
from mlinfra.operations.aws import outside, reachable
from mlinfra.operations.clusters import daily_spend, list_clusters
from mlinfra.operations.cost import estimate_stacks, together
from mlinfra.operations.deploy import usable_plans
from mlinfra.operations.report.architecture import architecture_of
from mlinfra.operations.report.files import read_result
from mlinfra.operations.report.section import Section
from mlinfra.operations.review import approvals_in, review, to_json
from mlinfra.operations.terraform import Repository, find_node, require_tools, synthesize

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlinfra.declarations import Environment
    from mlinfra.operations.clusters import Cluster, DailySpend
    from mlinfra.operations.cost import Estimate
    from mlinfra.operations.terraform import Progress, Step, SynthesizedStack

FORMAT = 1
"""The version of the data."""
_HISTORY_DAYS = 30
_LONGEST = 800
"""Characters of an error of main.py."""
_LINE: Final = frozenset(
    (
        *("address", "type", "item", "service", "stack", "environment", "region", "experiment", "team", "owner"),
        *("cost_center", "usd_per_hour_low", "usd_per_hour_high", "usd_per_month_low", "usd_per_month_high"),
        *("formula", "source", "as_of", "assumption"),
    )
)
"""The members of a line of an estimate that the page shows."""
_ITEM: Final = frozenset(
    (
        *("id", "arn", "name", "kind", "service", "region", "state", "launched", "launched_by", "usd_per_month"),
        *("usd_so_far", "nodes", "accelerators", "instance_types", "gpu_utilization", "owner", "owner_evidence"),
        *("owner_is_certain", "classification", "manager", "problems", "conditions"),
    )
)
"""The members of an item of an audit that the page shows."""


@dataclass(frozen=True)
class Sources:
    """The sources of a report."""

    environments: tuple[str, ...] = ()
    """The names of the environments. Default: all that are not emulated; without such, all."""
    aws: bool = True
    """False: AWS is not called, and sections that need it are not available. Default: True."""
    live_audit: bool = True
    """False: the account is not audited, which takes a minute. Default: True, unless `audit` is given."""
    audit: tuple[Path, ...] = ()
    """Files that `mlinfra audit --out FILE.json` wrote, one for each account. Default: the account is audited."""
    drift: tuple[Path, ...] = ()
    """Files that `mlinfra drift --out FILE.json` wrote, one for each environment. Default: none."""
    review: tuple[Path, ...] = ()
    """Files that `mlinfra review --json` wrote. Default: the plans in `plans/` are reviewed."""


def collect(root: Path, progress: Progress, sources: Sources) -> dict[str, Any]:
    """Collect the data of a report.

    Args:
        root: the project.
        progress: receives the steps.
        sources: what to read.

    Returns:
        JSON values for `page`.

    Raises:
        OperationError: if an environment is not declared, or a given file cannot be read.
        DeclarationError: if an environment is invalid.
    """
    declared = load_environments(root, judged=False)
    environments = _selected(declared, sources.environments)
    drift = [read_result(path, "drift") for path in sources.drift]
    audits = [read_result(path, "audit") for path in sources.audit]
    reviews = [read_result(path, "review") for path in sources.review]
    architecture, cost = _declared(root, environments, progress)
    sections = {
        "architecture": architecture,
        "cost": cost,
        "clusters": _clusters(declared, environments, progress, sources),
        "audit": _audit(root, declared, progress, sources, audits),
        "drift": _drift(drift, environments),
        "approvals": _approvals(root, reviews, {each.name for each in environments}, progress),
    }
    return {
        "format": FORMAT,
        "project": ", ".join(dict.fromkeys(each.project for each in environments)),
        "created": clock.written(clock.now()),
        "version": version("mlinfra-cdktf"),
        "commit": Repository(root).head(),
        "refresh": False,
        "environments": [_environment(each) for each in environments],
        "sections": {name: section.as_json() for name, section in sections.items()},
    }


def _selected(declared: Sequence[Environment], names: Sequence[str]) -> tuple[Environment, ...]:
    unknown = sorted(set(names) - {each.name for each in declared})
    if unknown:
        message = f"There is no environment {', '.join(unknown)}. Declared: {', '.join(e.name for e in declared)}."
        raise OperationError(message)
    if names:
        return tuple(each for each in declared if each.name in names)
    # An emulated environment incurs no charges.
    return tuple(each for each in declared if not each.emulated) or tuple(declared)


def _environment(each: Environment) -> dict[str, Any]:
    names = ("name", "account_id", "region", "team", "cost_center", "monthly_spend_limit_usd", "emulated")
    return {
        **{name: getattr(each, name) for name in names},
        "limits": {"owner": dict(each.spend_limits.owners), "team": dict(each.spend_limits.teams)},
        "experiments": [
            {"name": experiment.name, "owner": experiment.owner, "expires": str(experiment.expires)}
            for experiment in each.experiments
        ],
    }


def _declared(root: Path, environments: Sequence[Environment], progress: Progress) -> tuple[Section, Section]:
    """The architecture, and the estimate of its cost."""
    stacks: list[tuple[str, SynthesizedStack]] = []
    estimates: list[Estimate] = []
    remarks: list[str] = []
    today = present_day()
    command = f"{own_command()} synth"
    with TemporaryDirectory(prefix="mlinfra-report-") as folder:
        with _reported(progress, "Synthesize the stacks", remarks) as step:
            require_tools(find_node)
            for each in environments:
                step.say(each.name)
                out = Path(folder) / each.name
                try:
                    stacks += [(each.name, stack) for stack in synthesize(root, out, environment=each.name)]
                except OperationError as error:
                    remarks.append(f"{error.message}: {_shortened(error.details)}")
                    continue
                estimates.append(estimate_stacks(out, environments, today=today))
            failed = f", {counted(len(remarks), 'environment')} failed" if remarks else ""
            step.conclude(counted(len(stacks), "stack") + failed)
        if not stacks:
            missing = Section(reason=" ".join(remarks), command=command)
            return missing, missing
        architecture = architecture_of(stacks)
    found = together(estimates).as_json()
    lines = [{name: each[name] for name in each.keys() & _LINE} for each in found["lines"]]
    known = {environment for environment, _ in stacks}
    cost = {
        "lines": lines,
        "unpriced": found["unpriced"],
        "free": found["free"],
        "unknown": [each.name for each in environments if each.name not in known],
        "old": found["old"],
    }
    return Section(architecture, remarks=remarks), Section(cost, remarks=remarks)


def _shortened(text: str) -> str:
    """A text in one line, with its beginning and end if it is long."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST // 2]} … {line[-_LONGEST // 2 :]}"


def _clusters(
    declared: Sequence[Environment], environments: Sequence[Environment], progress: Progress, sources: Sources
) -> Section:
    command = f"{own_command()} clusters"
    if not sources.aws:
        return Section(reason="AWS was not called, because of --no-aws.", command=command)
    problems: list[str] = []
    found: list[dict[str, Any]] = []
    history: list[DailySpend] = []
    last = clock.now().date()
    with _reported(progress, "List the clusters", problems) as step:
        here = environments if sources.environments else [e for e in reachable(declared) if e in environments]
        for each in here:
            step.say(each.name)
            with _problems_of(each.name, problems):
                found += map(_cluster, list_clusters(each))
                history += daily_spend(each, last - timedelta(days=_HISTORY_DAYS - 1), last)
        if len(problems) < len(here):
            if elsewhere := [each.name for each in environments if each not in here]:
                problems.append(f"Not listed: {outside(elsewhere)}.")
            step.conclude(counted(len(found), "cluster"))
            days = [{"day": str(e.day), "cluster": e.cluster, "owner": e.owner, "usd": e.usd} for e in history]
            return Section({"clusters": found, "history": days}, remarks=problems)
        step.conclude("not available")
    return Section(reason=" ".join(problems), command=command)


def _cluster(each: Cluster) -> dict[str, Any]:
    last_day = each.expires and (each.expires - timedelta(days=1)).date().isoformat()
    return asdict(each) | {
        "work": each.work.value,
        "since": each.since and clock.written(each.since),
        "expires": last_day,
        "forced_end": each.forced_end and clock.written(each.forced_end),
    }


def _audit(
    root: Path,
    declared: Sequence[Environment],
    progress: Progress,
    sources: Sources,
    given: Sequence[dict[str, Any]],
) -> Section:
    found, problems = list(given), list[str]()
    if not found and (not sources.aws or not sources.live_audit):
        problems.append("The account was not audited for this report.")
    elif not found:
        with _problems_of("", problems):
            found.append(audit_account(declared, root, progress).as_json())
    if not found:
        mlinfra = own_command()
        command = f"{mlinfra} audit --out audit.json; {mlinfra} report --audit audit.json"
        return Section(reason=" ".join(problems), command=command)
    # Environments that share an account have audits of the same resources.
    items = {
        (audit.get("account_id", ""), each.get("key")): {name: each[name] for name in each.keys() & _ITEM}
        | {"account": audit.get("account_id", "")}
        for audit in found
        for each in audit["items"]
    }
    failed = {json.dumps(each, sort_keys=True): each for audit in found for each in audit["failed_regions"]}
    remarks = dict.fromkeys(remark for audit in found for remark in audit.get("remarks", ()))
    return Section({"items": list(items.values()), "failed_regions": list(failed.values())}, remarks=tuple(remarks))


def _drift(found: Sequence[dict[str, Any]], environments: Sequence[Environment]) -> Section:
    names = [each.name for each in environments]
    reports = [each for each in found if each["environment"] in names]
    if not reports:
        mlinfra, name = own_command(), names[0]
        return Section(
            reason="Drift was not checked for this report.",
            command=f"{mlinfra} drift --env {name} --out drift.json; {mlinfra} report --drift drift.json",
        )
    missing = [name for name in names if name not in {each["environment"] for each in reports}]
    remarks = [f"Not checked: {', '.join(missing)}."] if missing else []
    return Section({"reports": reports}, remarks=remarks)


def _approvals(root: Path, reviews: Sequence[dict[str, Any]], names: set[str], progress: Progress) -> Section:
    today = present_day()
    mlinfra = own_command()
    remarks: list[str] = []
    recorded: list[dict[str, Any]] = []
    documents = list(reviews)
    with _reported(progress, "Read the approvals and plans", remarks) as step:
        recorded = [asdict(each) | {"until": str(each.until)} for each in approvals_in(root, today)]
        plans, _ = usable_plans(sorted(path.parent for path in root.glob("plans/*/plan.json")))
        if plans and not documents:
            documents = [json.loads(to_json(review(plans, root=root, today=today)))]
        planned = sum(len(each["stacks"]) for each in documents)
        step.conclude(f"{counted(len(recorded), 'approval')}, {counted(planned, 'plan')}")
    findings = [
        {**each, "approve": f"{mlinfra} approve {each['digest']} --reason TEXT"}
        for document in documents
        for each in document["findings"]
        if _is_of(each["stack"], names)
    ]
    stacks = [each["stack"] for document in documents for each in document["stacks"] if _is_of(each["stack"], names)]
    data = {
        "findings": findings,
        "approvals": [each for each in recorded if _is_of(each["stack"], names)],
        "reviewed": stacks,
        "command": f"{mlinfra} plan; {mlinfra} review plans/*",
    }
    return Section(data, remarks=remarks)


def _is_of(stack: str, names: set[str]) -> bool:
    return any(stack.startswith(f"{name}-") for name in names)


@contextmanager
def _problems_of(subject: str, problems: list[str]) -> Iterator[None]:
    """Add an error that the user can correct to `problems`, with its subject if given, and continue."""
    try:
        yield
    except OperationError as error:
        problems.append(f"{subject}: {error.message}" if subject else error.message)


@contextmanager
def _reported(progress: Progress, title: str, problems: list[str]) -> Iterator[Step]:
    """A step of `progress`. An error that the user can correct ends the block, and is added to `problems`."""
    with progress.step(title) as step:
        try:
            yield step
        except (OperationError, DeclarationError) as error:
            problems.append(error.message if isinstance(error, OperationError) else str(error))
            step.conclude("not available")
