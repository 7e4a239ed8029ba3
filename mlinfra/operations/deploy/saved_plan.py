"""A saved plan: a folder with the plan, its origin, and digests that detect modifications.

plans/dev-data/tfplan       the plan that Terraform applies
plans/dev-data/plan.json    the same plan as JSON: `terraform show -json`
plans/dev-data/about.json   the origin and the digests; written last, so that an incomplete plan is not valid
plans/dev-data/stack/       the synthesized stack, in which Terraform plans and applies
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from dataclasses import asdict, dataclass
from datetime import datetime
from shlex import quote
from typing import TYPE_CHECKING, Any, Literal

from mlinfra.command import own_command, terraform_command
from mlinfra.errors import OperationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PLANS_FOLDER = "plans"
"""The folder of saved plans in a project."""

ERRORED_STATE = "errored.tfstate"
"""The file in which Terraform saves a state that it could not write to its backend, in its working directory."""


@dataclass(frozen=True)
class About:
    """The origin of a plan."""

    stack: str
    environment: str
    commit: str | None
    """The commit that was checked out, in full; None where there was none."""
    dirty: bool
    """True if there were uncommitted changes."""
    created: datetime
    mlinfra: str
    terraform: str
    sha256: Mapping[str, str]
    """The digests by name: `tfplan`, `plan.json`, `cdk.tf.json`, and `stack`, which covers the stack's folder."""
    changes: bool
    """True if applying it would change anything."""
    dependencies: tuple[str, ...] = ()
    """The stacks that must be applied before it."""

    @property
    def component(self) -> str:
        """The component of the stack, such as `training`."""
        return self.stack.removeprefix(f"{self.environment}-")


@dataclass(frozen=True)
class Attempt:
    """An apply of a plan. A plan can be applied once: the apply changes the state that it was made from."""

    begun: datetime
    who: str
    """User and machine."""
    outcome: Literal["unknown", "failed", "applied", "recorded"]
    """`unknown` until it has ended; `applied` when it succeeded and the commit is not recorded yet."""


@dataclass(frozen=True)
class SavedPlan:
    """The folder of one plan."""

    folder: Path

    @classmethod
    def at(cls, path: Path) -> SavedPlan:
        """The plan in the folder `path`, or in the folder of the file `path`.

        Raises:
            OperationError: if there is no complete plan.
        """
        found = cls((path if path.is_dir() else path.parent).resolve())
        if not path.exists() or not found._about.is_file():
            message = (
                f"{path} contains no complete plan. Expected: a folder that `mlinfra plan` saved, such as "
                f"plans/dev-data. A plan without about.json was interrupted: plan again."
            )
            raise OperationError(message)
        return found

    @property
    def tfplan(self) -> Path:
        """The plan that Terraform applies."""
        return self.folder / "tfplan"

    @property
    def document(self) -> Path:
        """The plan as JSON, in Terraform's documented format."""
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
    def is_complete(self) -> bool:
        """True if the plan was made completely."""
        return self._about.is_file()

    @property
    def _attempt(self) -> Path:
        return self.folder / "attempt.json"

    @property
    def _about(self) -> Path:
        return self.folder / "about.json"

    def begin(self, synthesized: Path) -> None:
        """Replace an earlier plan, and copy the stack from the folder `synthesized`.

        Raises:
            OperationError: if the earlier plan was applied and its state could not be written to the bucket.
        """
        if self.errored_state.exists():
            raise OperationError(unsaved_state_message(self))
        earlier = self._logs_of_killed_applies()
        shutil.rmtree(self.folder, ignore_errors=True)
        # Plans contain the values of sensitive attributes.
        self.folder.mkdir(mode=0o700, parents=True)
        if earlier:
            private_text(self._earlier_log, earlier)
        ignore = self.folder.parent / ".gitignore"
        if not ignore.exists():
            ignore.write_text("# Plans contain secrets.\n*\n")
        shutil.copytree(synthesized, self.stack)

    def remove_providers(self) -> None:
        """Remove the providers, hundreds of megabytes. The apply installs them again."""
        shutil.rmtree(self.stack / ".terraform", ignore_errors=True)

    def summary(self) -> str:
        """The numbers of resources to add, change and destroy."""
        return plan_summary(json.loads(self.document.read_text()))

    def finish(self, **facts: Any) -> About:  # noqa: ANN401  the fields of About
        """Record the origin of the plan, which completes it."""
        about = About(sha256=self._digests(), **facts)
        private_text(self._about, json.dumps({**asdict(about), "created": about.created.isoformat()}, indent=2))
        return about

    @property
    def log(self) -> Path:
        """The output of Terraform during the apply."""
        return self.folder / "apply.log"

    @property
    def _earlier_log(self) -> Path:
        """The output of applies that were killed, kept for `mlinfra recover` until an apply succeeds."""
        return self.folder / "earlier-apply.log"

    def logs(self) -> tuple[str, ...]:
        """The output of the apply, and of earlier ones that were killed."""
        found = (path for path in (self._earlier_log, self.log) if path.is_file())
        return tuple(path.read_text(encoding="utf-8", errors="replace") for path in found)

    def _logs_of_killed_applies(self) -> str:
        attempt = self.attempt()
        return "".join(self.logs()) if attempt is None or attempt.outcome == "unknown" else ""

    def attempt(self) -> Attempt | None:
        """The apply of this plan; None if none was started."""
        if not self._attempt.is_file():
            return None
        facts = json.loads(self._attempt.read_text())
        return Attempt(**{**facts, "begun": datetime.fromisoformat(facts["begun"])})

    def note(self, attempt: Attempt | None) -> None:
        """Record the progress of the apply; None removes the record of an apply that changed nothing."""
        if attempt is None:
            self._attempt.unlink(missing_ok=True)
        else:
            private_text(self._attempt, json.dumps({**asdict(attempt), "begun": attempt.begun.isoformat()}))

    def read(self) -> About:
        """The origin of the plan, after a check that its files were not modified.

        Raises:
            OperationError: if a file was modified.
        """
        try:
            facts = json.loads(self._about.read_text())
            facts["created"] = datetime.fromisoformat(facts["created"])
            facts["dependencies"] = tuple(facts.get("dependencies", ()))
            about = About(**facts)
            wanted = dict(about.sha256)
        except (ValueError, TypeError, KeyError) as error:
            message = f"{self._about} is not a file that `mlinfra plan` wrote ({error}). Plan again."
            raise OperationError(message) from None
        found = self._digests()
        changed = [name for name in found if found[name] != wanted.get(name)]
        if changed:
            message = (
                f"The plan of {about.stack} was modified after it was saved: {', '.join(changed)} in {self.folder}. "
                f"Nothing was applied. Plan again: {own_command()} plan {about.stack}"
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


def plan_summary(plan: Mapping[str, Any]) -> str:
    """The numbers of resources that a plan adds, changes and destroys.

    Args:
        plan: the output of `terraform show -json`.
    """
    actions = [action for each in plan.get("resource_changes", ()) for action in each["change"]["actions"]]
    made, changed, destroyed = (actions.count(action) for action in ("create", "update", "delete"))
    return f"{made} to add, {changed} to change, {destroyed} to destroy"


def ids_in_log(text: str) -> dict[str, str]:
    """The ids of resources that an apply created completely, by address, from Terraform's output."""
    return dict(re.findall(r"^(\S.*): Creation complete after .*?\[id=(.*)\]$", text, flags=re.MULTILINE))


def require_plans_folder(folder: Path) -> None:
    """Check that plans can be saved in `folder`, which is created with the first plan.

    Raises:
        OperationError: if a file is in its place, or it cannot be written to.
    """
    for each in (folder, *folder.parents):
        if each.is_dir():
            if os.access(each, os.W_OK):
                return
            message = f"Plans cannot be saved in {folder}: {each} is not writable. Choose another folder with --out."
            raise OperationError(message)
        if each.exists():
            message = (
                f"Plans cannot be saved in {folder}: {each} is a file. Move it away, or choose another folder with "
                f"--out."
            )
            raise OperationError(message)


def unsaved_state_message(plan: SavedPlan) -> str:
    """The sentence for a state that Terraform could not write to its bucket, with the commands that write it."""
    terraform = quote(terraform_command())
    return (
        f"An apply changed AWS and could not write the state to its bucket: the state is in {plan.errored_state}. "
        f"Until it is in the bucket, Terraform does not know the resources that were created. As soon as the bucket is "
        f"writable: cd {plan.stack} && {terraform} init && {terraform} state push {ERRORED_STATE} && "
        f"rm {ERRORED_STATE}; then plan again: {own_command()} plan {plan.folder.name}"
    )


def unrecorded_resources_advice(plan: SavedPlan) -> str:
    """The remedy after Terraform was killed: resources that it created may be missing in the state."""
    return (
        f"Resources that it created may be missing in the state; applying a new plan then fails with 'already exists'. "
        f"Add them to the state: {own_command()} recover {plan.folder.name}. The log {plan.log} shows what was created."
    )


def created_resources(plan: SavedPlan) -> str:
    """One line per resource that the log of the apply shows as created or being created; empty if there is none."""
    text = plan.log.read_text(errors="replace") if plan.log.is_file() else ""
    ids = ids_in_log(text)
    begun = re.findall(r"^(\S.*): Creating\.\.\.$", text, flags=re.MULTILINE)
    lines = [
        f"{address}  id {ids[address]}" if address in ids else f"{address}  id unknown: its creation was not completed"
        for address in dict.fromkeys(begun)
    ]
    return "\n".join(["Resources in the log of the apply:", *lines]) if lines else ""


def private_text(path: Path, text: str) -> None:
    """Write `text` to `path`, readable by the user only."""
    private_bytes(path, text.encode())


def private_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path`, readable by the user only."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "missing"


def _digest_of_all(folder: Path) -> str:
    """One digest of the names and contents of all files, except those that Terraform writes.

    It covers the files that a stack uploads, which a plan references by name only.
    """
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not name.startswith((".terraform", ERRORED_STATE)):
            total.update(f"{name}\0{_digest(path)}\n".encode())
    return total.hexdigest()
