"""A plan in its folder: what Terraform is to do, what it was made from, and whether it is still what was written.

plans/dev-data/tfplan       what Terraform applies
plans/dev-data/plan.json    the same to read: `terraform show -json`
plans/dev-data/about.json   what it was made from; written last, so that half a plan is none
plans/dev-data/stack/       the synthesized stack, where it was made and is applied
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from mlinfra.command import own_command
from mlinfra.errors import OperationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PLANS_FOLDER = "plans"
"""Where plans lie in a project."""

ERRORED_STATE = "errored.tfstate"
"""Where Terraform leaves a state that it could not write to its backend, in the folder that it runs in."""


@dataclass(frozen=True)
class About:
    """What a plan was made from."""

    stack: str
    environment: str
    commit: str | None
    """The commit that was checked out, in full; None where there was none."""
    dirty: bool
    """Whether there were uncommitted changes."""
    created: datetime
    mlinfra: str
    terraform: str
    sha256: Mapping[str, str]
    """By what: `tfplan`, `plan.json`, `cdk.tf.json`, and `stack`, which is everything in the stack's folder."""
    changes: bool
    """Whether applying it would change anything."""
    dependencies: tuple[str, ...] = ()
    """The stacks that have to be applied before it."""

    @property
    def component(self) -> str:
        """What the stack holds, such as `training`."""
        return self.stack.removeprefix(f"{self.environment}-")


@dataclass(frozen=True)
class Attempt:
    """An apply of a plan. A plan is applied once: what it says is of a state that is no longer."""

    begun: datetime
    who: str
    """User and machine."""
    outcome: Literal["unknown", "failed", "applied", "recorded"]
    """`unknown` until it has ended; `applied` where it has, and the commit is not recorded yet."""


@dataclass(frozen=True)
class SavedPlan:
    """The folder of one plan."""

    folder: Path

    @classmethod
    def at(cls, path: Path) -> SavedPlan:
        """The plan that `path` is the folder of, or a file in.

        Raises:
            OperationError: where there is no whole plan.
        """
        found = cls((path if path.is_dir() else path.parent).resolve())
        if not path.exists() or not found._about.is_file():
            message = (
                f"There is no plan in {path}. Expected: a folder that `mlinfra plan` has made, such as plans/dev-data. "
                f"Without about.json a plan did not come to its end."
            )
            raise OperationError(message)
        return found

    @property
    def tfplan(self) -> Path:
        """What Terraform applies."""
        return self.folder / "tfplan"

    @property
    def document(self) -> Path:
        """The plan as Terraform's documented JSON."""
        return self.folder / "plan.json"

    @property
    def stack(self) -> Path:
        """The synthesized stack."""
        return self.folder / "stack"

    @property
    def errored_state(self) -> Path:
        """A state that could not be written to the backend."""
        return self.stack / ERRORED_STATE

    @property
    def _attempt(self) -> Path:
        return self.folder / "attempt.json"

    @property
    def _about(self) -> Path:
        return self.folder / "about.json"

    def begin(self, synthesized: Path) -> None:
        """Take the place of an earlier plan, and take over the stack in the folder `synthesized`.

        Raises:
            OperationError: where the earlier one was applied and its state is still here.
        """
        if self.errored_state.exists():
            raise OperationError(unsaved_state(self))
        shutil.rmtree(self.folder, ignore_errors=True)
        # Plans hold values that Terraform knows to be secret.
        self.folder.mkdir(mode=0o700, parents=True)
        ignore = self.folder.parent / ".gitignore"
        if not ignore.exists():
            ignore.write_text("# Plans hold secrets.\n*\n")
        shutil.copytree(synthesized, self.stack)

    def forget_providers(self) -> None:
        """Remove what `terraform init` has fetched: hundreds of megabytes, which the apply fetches anew."""
        shutil.rmtree(self.stack / ".terraform", ignore_errors=True)

    def summary(self) -> str:
        """How many resources would be made, changed and destroyed."""
        changes = json.loads(self.document.read_text()).get("resource_changes", [])
        actions = [action for each in changes for action in each["change"]["actions"]]
        made, changed, destroyed = (actions.count(action) for action in ("create", "update", "delete"))
        return f"{made} to add, {changed} to change, {destroyed} to destroy"

    def finish(self, **facts: Any) -> About:  # noqa: ANN401  the fields of About
        """Write down what the plan was made from."""
        about = About(sha256=self._digests(), **facts)
        private_text(self._about, json.dumps({**asdict(about), "created": about.created.isoformat()}, indent=2))
        return about

    @property
    def log(self) -> Path:
        """What Terraform wrote while it applied."""
        return self.folder / "apply.log"

    def attempt(self) -> Attempt | None:
        """The apply of this plan that was begun, if one was."""
        if not self._attempt.is_file():
            return None
        facts = json.loads(self._attempt.read_text())
        return Attempt(**{**facts, "begun": datetime.fromisoformat(facts["begun"])})

    def note(self, attempt: Attempt | None) -> None:
        """Write down that this plan is being applied, or how far that came; None where it came to nothing."""
        if attempt is None:
            self._attempt.unlink(missing_ok=True)
        else:
            private_text(self._attempt, json.dumps({**asdict(attempt), "begun": attempt.begun.isoformat()}))

    def read(self) -> About:
        """What the plan was made from, once its files turn out to be those that were written.

        Raises:
            OperationError: where they are not.
        """
        try:
            facts = json.loads(self._about.read_text())
            facts["created"] = datetime.fromisoformat(facts["created"])
            facts["dependencies"] = tuple(facts.get("dependencies", ()))
            about = About(**facts)
            wanted = dict(about.sha256)
        except (ValueError, TypeError, KeyError) as error:
            message = f"{self._about} is not what `mlinfra plan` writes ({error}). Plan anew."
            raise OperationError(message) from None
        found = self._digests()
        changed = [name for name in found if found[name] != wanted.get(name)]
        if changed:
            message = (
                f"The plan of {about.stack} is not the one that was made: {', '.join(changed)} in {self.folder} "
                f"changed since. Nothing was applied. Plan anew: {own_command()} plan {about.stack}"
            )
            raise OperationError(message)
        return about

    def _digests(self) -> dict[str, str]:
        return {
            "tfplan": _digest(self.tfplan),
            "plan.json": _digest(self.document),
            "cdk.tf.json": _digest(self.stack / "cdk.tf.json"),
            "stack": _digest_of_all(self.stack),
        }


def unsaved_state(plan: SavedPlan) -> str:
    """What to do where Terraform could not write its state, in words."""
    return (
        f"An apply changed AWS and could not write the state to its bucket: it lies in {plan.errored_state}. Until it "
        f"is in the bucket, Terraform does not know of what was made. Once the bucket can be written again: "
        f"cd {plan.stack} && terraform init && terraform state push {ERRORED_STATE} && rm {ERRORED_STATE}; then plan "
        f"anew: {own_command()} plan {plan.folder.name}"
    )


def private_text(path: Path, text: str) -> None:
    """Write `text` to `path`, for the user's eyes only."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "missing"


def _digest_of_all(folder: Path) -> str:
    """One digest over the names and contents of all files, but for what Terraform itself writes there.

    A plan names the files that a stack uploads, and does not hold them.
    """
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not name.startswith((".terraform", ERRORED_STATE)):
            total.update(f"{name}\0{_digest(path)}\n".encode())
    return total.hexdigest()
