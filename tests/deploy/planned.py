"""A small project in a git repository of its own, whose stacks are planned and applied within seconds."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mlinfra.operations.deploy.applying import AppliedStack, apply
from mlinfra.operations.deploy.plan_content import MAX_AGE
from mlinfra.operations.deploy.planning import Plans, plan
from mlinfra.operations.terraform.progress import Quiet
from tests.conftest import TODAY

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, timedelta
    from pathlib import Path

MAIN = '''
"""The state stack, and two that hold a parameter each; what `slow.sh` does comes after that of `first`."""

import os
from pathlib import Path

from mlinfra import MlStack, load_environments
from mlinfra._cdk.aws import ssm_parameter
from mlinfra.app import MlApp, problems_without_traceback
from mlinfra.stacks.state import StateStack

ROOT = Path(__file__).resolve().parent
VALUES = {"first": "1", "second": "1"}

with problems_without_traceback():
    environments = load_environments(ROOT, only=os.environ.get("MLINFRA_ENV"))
    app = MlApp(ROOT)
    for environment in environments:
        state = StateStack(app, environment)
        state.bucket.node.try_remove_child("lifecycle")
        for name, value in VALUES.items():
            stack = MlStack(app, environment, name)
            stack.add_dependency(state)
            ssm_parameter.SsmParameter(stack, "value", name=f"/test/{name}", type="String", value=value)
            if name == "first":
                # As seen from plans/local-first/stack, so that it is the same in every checkout.
                command = "test ! -f ../../../slow.sh || sh ../../../slow.sh"
                stack.add_override(
                    "resource.terraform_data.slow",
                    {
                        "triggers_replace": value,
                        "depends_on": ["aws_ssm_parameter.value"],
                        "provisioner": [{"local-exec": {"command": command}}],
                    },
                )
    app.synth()
'''


@dataclass(frozen=True)
class Found:
    id: str = "data-destroyed"
    digest: str = "3f9c1a2b4d"
    level: str = "hold"
    stack: str = "local-first"
    address: str = "aws_ssm_parameter.value"
    text: str = "A parameter goes."
    fix: str = "Keep it."
    approved_by: str | None = None


@dataclass(frozen=True)
class Reviewed:
    held: Sequence[Found] = ()
    rejected_approvals: Sequence[Found] = ()

    @property
    def exit_code(self) -> int:
        return 3 if self.held else 0


@dataclass
class Reviewer:
    """Replaces the review of plans, whose rules have tests of their own."""

    held: Sequence[Found] = ()
    seen: list[str] = field(default_factory=list)
    """The reviewed plans, as JSON."""

    def __call__(self, plans: Sequence[Path], *, root: Path, today: date, live: bool = False) -> Reviewed:
        del root, today, live
        self.seen.extend(each.read_text() for each in plans)
        return Reviewed(self.held)


class Project:
    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "main.py").write_text(MAIN)
        (root / ".gitignore").write_text("__pycache__/\n*.sh\n")
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("config", "user.name", "Ana")
        self.git("config", "user.email", "ana@example.com")
        self.commit("Begin")

    def git(self, *arguments: str) -> str:
        ended = subprocess.run(["git", *arguments], cwd=self.root, capture_output=True, text=True, check=True)  # noqa: S607
        return ended.stdout.strip()

    def commit(self, message: str) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def set_value(self, stack: str, value: str) -> None:
        """Change the source, and commit nothing."""
        text = (self.root / "main.py").read_text()
        line = next(each for each in text.splitlines() if each.startswith("VALUES"))
        values = {**eval(line.partition("=")[2]), stack: value}  # noqa: S307  what MAIN says
        (self.root / "main.py").write_text(text.replace(line, f"VALUES = {values!r}"))

    def change(self, stack: str, value: str) -> str:
        """Commit another value. Returns the commit."""
        self.set_value(stack, value)
        return self.commit(f"Set {stack} to {value}")

    def slow(self, script: str) -> None:
        """Set the script that the next apply of `first` runs after it has created the parameter."""
        (self.root / "slow.sh").write_text(script)

    def folder(self, stack: str) -> Path:
        return self.root / "plans" / f"local-{stack}"

    def plan(self, *stacks: str, changed_since: str | None = None, lock: bool = True, store: bool = False) -> Plans:
        patterns = [f"local-{each}" for each in stacks]
        return plan(self.root, Quiet(), patterns=patterns, changed_since=changed_since, lock=lock, store=store)

    def planned(self, stack: str) -> Path:
        """The folder of a fresh plan of `stack`."""
        plans = self.plan(stack)
        assert not plans.failed, plans.failed
        return plans.planned[0].folder

    def apply(
        self,
        *paths: Path,
        held: Sequence[Found] = (),
        allow_dirty: bool = False,
        tag: str | None = None,
        reviewer: Reviewer | None = None,
        max_age: timedelta = MAX_AGE,
    ) -> tuple[AppliedStack, ...]:
        return apply(
            paths,
            self.root,
            Quiet(),
            review=reviewer or Reviewer(held),
            today=TODAY,
            allow_dirty=allow_dirty,
            tag=tag,
            max_age=max_age,
        )
