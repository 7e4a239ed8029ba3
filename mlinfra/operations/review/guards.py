"""Tables of dangerous settings, and the check that reads them.

A table has rows by type of resource: an attribute, the direction of a dangerous change, the rule and its words. Rows
apply to creations too: a resource that is created public is as dangerous as one that becomes public.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mlinfra.operations.review.change import UNKNOWN, Change, Kind, items
from mlinfra.operations.review.comparisons import compact, numbers
from mlinfra.operations.review.escaping import quoted
from mlinfra.operations.review.networks import is_large_and_public

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from mlinfra.operations.review.finding import Finding, Rule
    from mlinfra.operations.review.plan import Plan

    Test = Callable[[Plan, list[Any], list[Any]], bool]
    """Judges a change, given the plan, the present and the planned values. A created resource has no present values."""


@dataclass(frozen=True)
class Guard:
    """A row of a table: a dangerous change of one attribute."""

    rule: Rule
    path: str
    """The attribute, such as `rule.*.status`: `*` is any element of a list. Empty: the whole resource."""
    is_dangerous: Test
    """True if the change is dangerous, given the present and the planned values at the path."""
    words: str
    """The fact, with `{name}` for the quoted name of the resource."""


def becomes(*bad: object) -> Test:
    """The value becomes, or is created as, one of `bad`. None: not set. UNKNOWN: left to AWS."""
    return lambda _, before, after: any(_in(each, bad) for each in after) and not any(_in(each, bad) for each in before)


def born(*bad: object) -> Test:
    """The resource is created with one of `bad`. None: not set."""
    return lambda _, before, after: not before and any(_in(each, bad) for each in after)


def ceases(*good: object) -> Test:
    """An existing value stops being one of `good`."""
    return lambda _, before, after: (
        any(_in(each, good) for each in before) and not any(_in(each, good) or each is UNKNOWN for each in after)
    )


def turned_on() -> Test:
    """The value becomes, or is created as, true."""
    return becomes(*TRUE)


def is_off() -> Test:
    """The value becomes, or is created as, false."""
    return becomes(*FALSE)


def turned_off() -> Test:
    """An existing value stops being true."""
    return ceases(*TRUE)


def born_on() -> Test:
    """The resource is created with true."""
    return born(*TRUE)


def born_off() -> Test:
    """The resource is created with false, or without the attribute."""
    return born(*FALSE, None)


TRUE: Final = (True, "true")
FALSE: Final = (False, "false")
NOT_TRUE: Final = (*FALSE, None, UNKNOWN)
"""False, not set, or left to AWS."""


def changed() -> Test:
    """An existing value changes, or is removed."""
    return lambda _, before, after: any(map(_is_set, before)) and not _same(before, after) and UNKNOWN not in after


def replaced() -> Test:
    """An existing value changes, possibly to one that is known after apply."""
    return lambda _, before, after: any(map(_is_set, before)) and not _same(before, after)


def removed() -> Test:
    """An existing value, or an element of a list, is removed or exchanged."""

    def check(_: Plan, before: list[Any], after: list[Any]) -> bool:
        kept = _elements(after)
        return UNKNOWN not in after and any(each not in kept for each in _elements(before))

    return check


def fewer() -> Test:
    """An existing element of a list is removed or exchanged; elements that are known after apply count as the same."""
    return lambda plan, before, after: len(after) < len(before) or removed()(plan, before, after)


def emptied() -> Test:
    """An existing value is removed, or a list becomes empty."""
    return lambda _, before, after: any(map(_is_set, before)) and not any(map(_is_set, after))


def added() -> Test:
    """A value, or an element of a list, is added."""

    def check(_: Plan, before: list[Any], after: list[Any]) -> bool:
        had = _elements(before)
        # Values that AWS computes are known after apply, and are not an addition.
        return any(each not in had and each is not UNKNOWN for each in _elements(after))

    return check


def extended() -> Test:
    """A value, or an element of a list, is added to an existing resource."""
    return lambda plan, before, after: bool(before) and added()(plan, before, after)


def lowered() -> Test:
    """An existing number gets lower, or is removed."""

    def check(_: Plan, before: list[Any], after: list[Any]) -> bool:
        was, is_ = numbers(before), numbers(after)
        if not was or UNKNOWN in after:
            return False
        return not is_ or min(is_) < min(was)

    return check


def raised() -> Test:
    """An existing number gets higher, or is removed."""

    def check(_: Plan, before: list[Any], after: list[Any]) -> bool:
        was, is_ = numbers(before), numbers(after)
        if not was or UNKNOWN in after:
            return False
        return not is_ or max(is_) > max(was)

    return check


def names(*parts: str) -> Test:
    """A text begins to contain one of `parts`. White space and case are ignored."""
    wanted = [compact(each) for each in parts]

    def contains(given: list[Any]) -> set[str]:
        texts = [compact(each) for each in given]
        return {part for part in wanted if any(part in text for text in texts)}

    return lambda _, before, after: bool(contains(after) - contains(before))


def foreign() -> Test:
    """An account, or an ARN of an account, is added that is not that of the plan, or a text for all accounts."""

    def check(plan: Plan, before: list[Any], after: list[Any]) -> bool:
        had = _elements(before)
        return any(
            each not in had and (each in {"*", "all", "All"} or _is_foreign(plan, each))
            for each in _elements(after)
            if isinstance(each, str)
        )

    return check


def _is_foreign(plan: Plan, value: str) -> bool:
    """True for another account. Principals of unknown accounts count as foreign, other resources do not."""
    is_principal = value.isdecimal() or ":iam:" in value
    return plan.may_be_foreign(value) if is_principal else plan.is_foreign(value)


def large_network() -> Test:
    """An address range is added that is the internet, or a large part of it."""

    def check(_: Plan, before: list[Any], after: list[Any]) -> bool:
        had = _elements(before)
        return any(each not in had and is_large_and_public(each) for each in _elements(after))

    return check


def gone() -> Test:
    """The resource is destroyed, also to be replaced before the new one exists. For rows without a path."""
    return lambda _, before, after: bool(before) and not after


def new() -> Test:
    """The resource is created, and did not exist before. For rows without a path."""
    return lambda _, before, after: bool(after) and not before


def for_types(types: Iterable[str], *guards: Guard) -> dict[str, tuple[Guard, ...]]:
    """The same rows for several types. `aws_` is added to each."""
    return {f"aws_{each}": guards for each in types}


def merged(*tables: Mapping[str, tuple[Guard, ...]]) -> dict[str, tuple[Guard, ...]]:
    """One table with the rows of several. Rows of attributes are before those of whole resources."""
    result: dict[str, tuple[Guard, ...]] = {}
    for table in tables:
        for kind, guards in table.items():
            result[kind] = (*result.get(kind, ()), *guards)
    return {kind: tuple(sorted(guards, key=lambda each: not each.path)) for kind, guards in result.items()}


_UNCHECKED: Final = frozenset({Kind.FORGET, Kind.READ, Kind.UNKNOWN})


def check(plan: Plan, table: Mapping[str, tuple[Guard, ...]]) -> Iterator[Finding]:
    """Check all changes of a plan with a table."""
    for kind, changes in plan.by_type.items():
        guards = table.get(kind, ())
        for change in changes if guards else ():
            if change.kind not in _UNCHECKED:
                yield from _of_change(plan, change, guards)


def _of_change(plan: Plan, change: Change, guards: Sequence[Guard]) -> Iterator[Finding]:
    reported: set[str] = set()
    facts: dict[Rule, list[str]] = {}
    is_over = change.kind is Kind.DESTROY
    for guard in guards:
        if not guard.path:
            before: list[Any] = [] if change.kind is Kind.CREATE else [True]
            after: list[Any] = [] if change.kind in {Kind.DESTROY, Kind.REPLACE} else [True]
            if change.kind is Kind.NOTHING or reported or (is_over and is_deleted_with_owner(plan, change)):
                continue
        elif is_over:
            continue
        else:
            before = [] if change.kind is Kind.CREATE else values(change.old, guard.path)
            after = values(change.new, guard.path)
            if change.replaces and UNKNOWN in after:
                # Values that AWS computes for the new object.
                continue
        # The first row of an attribute counts, and rows of the whole resource only without others.
        key = guard.path.partition(".")[0] if guard.path else ""
        if key not in reported and guard.is_dangerous(plan, before, after):
            reported.add(key)
            facts.setdefault(guard.rule, []).append(_text(plan, change, guard))
    for rule, texts in facts.items():
        yield rule.at(plan.stack, change, " ".join(texts))


_NAMES: Final = (
    *("name", "bucket", "identifier", "cluster_identifier", "function_name", "domain_name", "repository_name"),
    *("group", "role", "queue_url", "topic_arn", "url", "resource_arn", "resource_id", "arn"),
    "id",
)
_OWNED_BY: Final = (
    *("bucket", "file_system_id", "role", "user", "group", "repository", "repository_name", "function_name"),
    *("security_group_id", "topic_arn", "load_balancer_arn", "vpc_id", "domain_id", "cluster_name", "rule", "name"),
)


def is_deleted_with_owner(plan: Plan, change: Change) -> bool:
    """True if a resource is destroyed together with the one that it belongs to."""
    owners = map(change.old, _OWNED_BY)
    return any(isinstance(owner, str) and owner in plan.destroyed_names for owner in owners)


def _text(plan: Plan, change: Change, guard: Guard) -> str:
    name = plan.name(change, *_NAMES)
    fact = guard.words.replace("{name}", name)
    if not guard.path:
        return f"{fact}."
    top = guard.path.partition(".*")[0]
    if change.is_sensitive(top):
        return f"{fact}: `{guard.path}` is sensitive."
    if "*" in guard.path:
        before, after = (_listed(values(side, guard.path)) for side in (change.old, change.new))
    else:
        before, after = (_listed([side(guard.path)]) for side in (change.old, change.new))
    if change.kind is Kind.CREATE:
        return f"{fact}: `{guard.path}` is {after}."
    return f"{fact}: `{guard.path}` changes from {before} to {after}."


def _listed(found: list[Any]) -> str:
    given = [each for each in found if _is_set(each)]
    if not given:
        return "(not set)"
    if given == [UNKNOWN]:
        return UNKNOWN.value
    # Values that are known after apply, in the midst of others.
    plain = json.loads(json.dumps(given, default=lambda mark: getattr(mark, "value", str(mark))))
    return quoted(plain[0] if len(plain) == 1 else plain)


def values(value_of: Callable[[str], Any], path: str) -> list[Any]:
    """The values at a path; with a wildcard, those of all elements."""
    if "*" not in path:
        return [value_of(path)]
    first, _, rest = path.partition(".*")
    value = value_of(first)
    if value is UNKNOWN:
        return [UNKNOWN]
    rest = rest.removeprefix(".")
    count = len(items(value))
    if not rest:
        return [value_of(f"{first}.{place}") for place in range(count)]
    return [each for place in range(count) for each in values(value_of, f"{first}.{place}.{rest}")]


def _in(value: object, wanted: tuple[object, ...]) -> bool:
    # True equals 1, but is another value here.
    return any(value is each or (type(value) is type(each) and value == each) for each in wanted)


def _is_set(value: object) -> bool:
    """False for what is not set. The provider writes some removed blocks as blocks whose attributes are not set."""
    if value is None or value == "":
        return False
    if isinstance(value, list):
        return any(map(_is_set, value))
    return not isinstance(value, dict) or any(map(_is_set, value.values()))


def _same(before: list[Any], after: list[Any]) -> bool:
    return [each for each in before if _is_set(each)] == [each for each in after if _is_set(each)]


def _elements(given: list[Any]) -> list[Any]:
    """Single values, and the elements of lists, without empty ones."""
    return [inner for each in given for inner in (each if isinstance(each, list) else [each]) if _is_set(inner)]
