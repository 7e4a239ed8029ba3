"""The page that describes a proposed migration, in Markdown."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from mlinfra.operations.migration.proposal import Outcome
from mlinfra.operations.migration.proposing import TITLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlinfra.declarations import Environment
    from mlinfra.operations.migration.proposal import Proposal
    from mlinfra.operations.migration.proposing import Migration

_INTRODUCTION = """\
`mlinfra init --from-hcl` wrote this proposal from the state or plan. Nothing was changed. Delete this file in the end.

Confidence: **high**, the type and the attributes determine it; **medium**, a name, a tag or a relation suggests it:
confirm it; **low**, a guess: decide it yourself.
"""
# Terraform documentation, "Remove a resource from state": no instance keys in `from`, read 2026-11-30.
_FORGET = (
    "For each resource that is **kept or adopted**: the old state must forget it without destroying it, or two states "
    "would manage it. Replace its block in the old configuration by the block below, and apply (Terraform 1.7 or "
    "newer). For one of several instances, or an older Terraform: `terraform state rm ADDRESS`, and delete the block. "
    "`moved` blocks only work within one state; between two, the new one imports."
)
_REMOVED = """\
```hcl
removed {
  from = aws_instance.example
  lifecycle {
    destroy = false
  }
}
```
"""
_IMPORT = (
    "For each **bucket that is kept**: declare it in `bucket_names`, and import it before the first apply of "
    "`{stack}`, which fails otherwise because the bucket exists. `mlinfra synth {stack} --out synthesized` writes "
    "the stack; in its folder, `terraform init`, then `terraform import ADDRESS NAME`, where ADDRESS is the "
    "`aws_s3_bucket` with this name in `cdk.tf.json`. Read the plan of `{stack}` before you apply it: it must not "
    "replace the bucket."
)
_BUCKET = "aws_s3_bucket"


def migration_page(migration: Migration, environment: Environment) -> str:
    """The page about a migration.

    Args:
        migration: the proposal.
        environment: the environment that would take the resources over.
    """
    lines = [f"# Migration of {migration.source}", "", _INTRODUCTION, f"{migration.headline}.", ""]
    lines += [f"**Note.** {each}\n" for each in migration.remarks]
    lines += _steps(migration, environment)
    for outcome, write in (
        (Outcome.CONSTRUCT, _constructs),
        (Outcome.ADOPTED, _adopted),
        (Outcome.HCL, _hcl),
    ):
        if found := migration.of(outcome):
            lines += [f"## {TITLES[outcome]}", "", *write(found), ""]
    return "\n".join(lines).rstrip() + "\n"


def _steps(migration: Migration, environment: Environment) -> Iterator[str]:
    name = environment.name
    kept = [each for each in migration.of(Outcome.CONSTRUCT) if each.verdict.in_place]
    adopted = migration.of(Outcome.ADOPTED)
    steps = [f"`mlinfra bootstrap {name}` creates the state of the new project."]
    if kept or adopted:
        steps.append(_FORGET)
    if any(each.type == _BUCKET for each in kept):
        steps.append(_IMPORT.format(name=name, stack=environment.names.stack_id("data")))
    steps.append(f"`mlinfra up {name}` deploys the new project.")
    if len(kept) < len(migration.of(Outcome.CONSTRUCT)):
        steps.append(
            "For each resource that a construct **replaces**: declare it, deploy it, move the work, and remove the "
            "old one from the old configuration, whose apply destroys it."
        )
    if adopted:
        steps.append(
            "For each **adopted** resource, run its command below. It verifies with a plan that the import changes "
            f"nothing; the next `mlinfra up {name}` imports it. A resource with the tag `ManagedBy=terraform` is "
            "refused: change the tag before the old state forgets it."
        )
    yield "## Order"
    yield ""
    yield from (f"{number}. {step}" for number, step in enumerate(steps, start=1))
    yield ""
    if kept or adopted:
        yield _REMOVED


def _constructs(proposals: Sequence[Proposal]) -> Iterator[str]:
    yield from _table(
        ["resource", "id", "construct", "the construct", "confidence", "reason"],
        (
            [
                f"`{each.address}`",
                f"`{each.id}`" if each.id else "",
                f"`{each.verdict.construct}`",
                "keeps it" if each.verdict.in_place else "replaces it",
                each.verdict.confidence.value,
                each.verdict.reason,
            ]
            for each in proposals
        ),
    )
    for each in proposals:
        if each.verdict.way:
            yield ""
            yield f"**`{each.address}`** {each.verdict.way}"
            if each.verdict.differences:
                yield f"Differences: {'; '.join(each.verdict.differences)}."


def _adopted(proposals: Sequence[Proposal]) -> Iterator[str]:
    yield from _table(
        ["resource", "confidence", "reason", "command"],
        (
            [
                f"`{each.address}`",
                each.verdict.confidence.value,
                f"{each.verdict.reason}. {each.verdict.way}".rstrip(". ") + ".",
                f"`{each.command}`",
            ]
            for each in proposals
        ),
    )


def _hcl(proposals: Sequence[Proposal]) -> Iterator[str]:
    grouped: dict[tuple[str, str], list[str]] = defaultdict(list)
    for each in proposals:
        grouped[each.verdict.reason, each.verdict.confidence.value].append(f"`{each.address}`")
    yield from _table(
        ["reason", "confidence", "resources"],
        ([reason, confidence, ", ".join(addresses)] for (reason, confidence), addresses in grouped.items()),
    )


def _table(header: Sequence[str], rows: Iterator[list[str]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '&#124;').replace(chr(10), ' ') for cell in row)} |"
