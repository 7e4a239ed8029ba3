"""Proposals for all resources of an existing configuration."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from mlinfra.operations.adopt import BY_TYPE
from mlinfra.operations.migration.account_rules import ACCOUNT_RULES, is_network, network
from mlinfra.operations.migration.compute_rules import COMPUTE_RULES
from mlinfra.operations.migration.context import Context
from mlinfra.operations.migration.data_rules import DATA_RULES
from mlinfra.operations.migration.proposal import Confidence, Outcome, Proposal, Verdict, keep_hcl
from mlinfra.operations.migration.references import References
from mlinfra.operations.migration.relations import PARTS, subjects_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlinfra.declarations import Environment
    from mlinfra.operations.migration.reading import Existing
    from mlinfra.operations.migration.resource import Resource

_RULES: Final = {**ACCOUNT_RULES, **COMPUTE_RULES, **DATA_RULES}
TITLES: Final = {
    Outcome.CONSTRUCT: "Owned by a construct",
    Outcome.ADOPTED: "Adopted unchanged",
    Outcome.HCL: "Stays HCL",
}


@dataclass(frozen=True)
class Migration:
    """The proposal for an existing configuration."""

    source: str
    """Its folder or file."""
    proposals: tuple[Proposal, ...]
    """In the order of the state."""
    remarks: tuple[str, ...] = ()
    """Facts that concern all of them, such as another account."""

    @property
    def headline(self) -> str:
        """The numbers, in one line."""
        counts = {outcome: len(self.of(outcome)) for outcome in Outcome}
        total = len(self.proposals)
        return (
            f"{total} resource{'' if total == 1 else 's'}: {counts[Outcome.CONSTRUCT]} to constructs, "
            f"{counts[Outcome.ADOPTED]} to adopt, {counts[Outcome.HCL]} to stay HCL"
        )

    def of(self, outcome: Outcome) -> tuple[Proposal, ...]:
        """The proposals with an outcome."""
        return tuple(each for each in self.proposals if each.verdict.outcome is outcome)

    def by_outcome(self) -> Iterator[tuple[str, tuple[Proposal, ...]]]:
        """The proposals by outcome, with a title, without those that follow another resource."""
        for outcome, title in TITLES.items():
            if found := tuple(each for each in self.of(outcome) if not each.part_of):
                yield title, found


def propose(existing: Existing, environment: Environment) -> Migration:
    """Propose an owner for each resource of a configuration.

    Args:
        existing: the configuration.
        environment: the environment that would take it over.
    """
    context = Context(existing, References(existing.resources), environment)
    resolving = _Resolving(context)
    proposals = tuple(resolving.proposal(each) for each in existing.resources)
    return Migration(existing.source, proposals, tuple(_remarks(existing, environment)))


def _remarks(existing: Existing, environment: Environment) -> Iterator[str]:
    if existing.account_id and existing.account_id != environment.account_id:
        yield (
            f"Most resources are in the account {existing.account_id}, and {environment.name} declares "
            f"{environment.account_id}: only an environment of their own account can take them over."
        )
    if existing.region and existing.region != environment.region:
        yield (
            f"Most resources are in {existing.region}, and {environment.name} declares {environment.region}: "
            "constructs create resources in the region of their environment."
        )


class _Resolving:
    """Proposals, of which each may depend on those of related resources."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._references = context.references
        self._known: dict[str, tuple[Verdict, str]] = {}
        self._open: set[str] = set()

    def proposal(self, resource: Resource) -> Proposal:
        """The proposal for a resource."""
        verdict, part_of = self._resolved(resource)
        if not resource.exists and verdict.outcome is Outcome.ADOPTED:
            verdict = keep_hcl(
                "it is planned, and not created yet, so that there is nothing to adopt", Confidence.MEDIUM
            )
        command = self._command(resource) if verdict.outcome is Outcome.ADOPTED else ""
        return Proposal(resource.address, resource.type, resource.id, verdict, part_of, command)

    def _resolved(self, resource: Resource) -> tuple[Verdict, str]:
        """The verdict, and the address of the resource that determines it."""
        if resource.address not in self._known:
            self._open.add(resource.address)
            self._known[resource.address] = self._verdict(resource)
            self._open.discard(resource.address)
        return self._known[resource.address]

    def _verdict(self, resource: Resource) -> tuple[Verdict, str]:
        if not resource.is_of_aws:
            return keep_hcl(f"mlinfra manages AWS only, and the provider of {resource.type} is another one"), ""
        rule = _RULES.get(resource.type)
        if rule is not None and (verdict := rule(resource, self._context)) is not None:
            return verdict, ""
        if is_network(resource.type):
            return network(resource, self._context), ""
        if kinds := subjects_of(resource.type):
            return self._setting(resource, kinds)
        if resource.type in PARTS:
            return self._part(resource)
        return keep_hcl(f"mlinfra has no construct for {resource.type}"), ""

    def _setting(self, resource: Resource, kinds: tuple[str, ...]) -> tuple[Verdict, str]:
        """A setting follows its subject; those of an adopted resource are not adopted with it."""
        subject = next((each for each in self._references.of(resource) if each.type in kinds), None)
        if subject is None or subject.address in self._open:
            return keep_hcl("the resource that it configures is not in this state", Confidence.MEDIUM), ""
        verdict, origin = self._resolved(subject)
        origin = origin or subject.address
        if verdict.outcome is Outcome.ADOPTED:
            reason = (
                f"it configures {subject.address}: an adoption does not include settings that are resources of their "
                "own"
            )
            return keep_hcl(reason), origin
        if verdict.outcome is Outcome.HCL:
            return keep_hcl(f"it configures {subject.address}, which stays HCL", verdict.confidence), origin
        return _following(verdict, f"it configures {subject.address}"), origin

    def _part(self, resource: Resource) -> tuple[Verdict, str]:
        """A part is replaced with its users, if all of them are."""
        users = [
            each
            for each in self._references.to(resource)
            if each.address not in self._open and resource.type not in subjects_of(each.type)
        ]
        resolved = [(each, *self._resolved(each)) for each in users]
        replaced = [one for one in resolved if one[1].outcome is Outcome.CONSTRUCT and not one[1].in_place]
        others = [each.address for each, *_ in resolved if each.address not in {one[0].address for one in replaced}]
        if replaced and not others:
            user, verdict, origin = replaced[0]
            return _following(
                verdict, f"{user.address} uses it, and its construct creates its own"
            ), origin or user.address
        if replaced:
            return keep_hcl(f"{others[0]} uses it too, which is not replaced", Confidence.MEDIUM), ""
        if resource.type in BY_TYPE and not users:
            return keep_hcl("no resource in this state uses it. It could be adopted", Confidence.LOW), ""
        reason = f"{others[0]} uses it, and is not replaced" if others else "no resource in this state uses it"
        return keep_hcl(reason, Confidence.MEDIUM), ""

    def _command(self, resource: Resource) -> str:
        kind = BY_TYPE[resource.type]
        environment = self._context.environment
        owner = environment.experiments[0].owner if environment.experiments else "EMAIL"
        where = resource.region or str(resource.values.get("region") or "")
        region = f" --region {where}" if where and where != environment.region else ""
        return f"mlinfra adopt {environment.name} {resource.id} --type {kind.word} --owner {owner}{region}"


def _following(verdict: Verdict, reason: str) -> Verdict:
    return replace(verdict, reason=reason, way="", differences=())
