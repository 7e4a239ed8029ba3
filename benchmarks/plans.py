"""Time of plans and of drift detection of many stacks on a local AWS: `python -m benchmarks.plans`.

The alternative is a loop over the stacks with `terraform init` and `terraform plan`, after a synth with stock loading.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rich.console import Console

from benchmarks.measure import REPOSITORY, CommandFailedError
from benchmarks.page import print_table, write_table
from mlinfra.local_aws.client_variables import client_variables
from mlinfra.local_aws.server import serving
from mlinfra.operations.terraform import find_terraform, provider_source
from mlinfra.variables import changed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_RESOURCES = 10
"""Resources of a stack."""

_MAIN = """
import os
from pathlib import Path

from mlinfra import MlStack, load_environments
from mlinfra._cdk.aws import ssm_parameter
from mlinfra.app import MlApp
from mlinfra.stacks.state import StateStack

app = MlApp(Path(__file__).resolve().parent)
(environment,) = load_environments(Path(__file__).resolve().parent, only=os.environ.get("MLINFRA_ENV"))
state = StateStack(app, environment)
state.bucket.node.try_remove_child("lifecycle")  # the AWS provider waits a minute for it
for number in range({stacks}):
    stack = MlStack(app, environment, f"part{{number:02}}")
    stack.add_dependency(state)
    for value in range({resources}):
        name = f"/part{{number}}/{{value}}"
        ssm_parameter.SsmParameter(stack, f"value{{value}}", name=name, type="String", value="one")
app.synth()
"""

_ENVIRONMENT = """
from mlinfra import Environment

local = Environment(
    name="local", project="bench", account_id="123456789012", region="us-east-1", team="ml", cost_center="ml-1",
    repository="example.com/ml", monthly_spend_limit_usd=100, emulated=True,
)
"""


class _Time(NamedTuple):
    wall: float
    cpu: float


class _Project:
    """A project with an applied stack for each number."""

    def __init__(self, folder: Path, stacks: int, variables: Mapping[str, str]) -> None:
        self.folder = folder
        self.stacks = [f"local-part{number:02}" for number in range(stacks)]
        self._variables = dict(variables)
        self._terraform = str(find_terraform().path)
        (folder / "environments").mkdir()
        (folder / "environments" / "local.py").write_text(_ENVIRONMENT)
        (folder / "main.py").write_text(_MAIN.format(stacks=stacks, resources=_RESOURCES))
        (folder / ".gitignore").write_text("__pycache__/\nplans/\ncdktf.out/\n")
        for name in ("cdktf.json", ".terraform.lock.hcl"):
            shutil.copyfile(REPOSITORY / name, folder / name)
        author = ("-c", "user.name=Bench", "-c", "user.email=bench@example.com")
        for arguments in (["init", "--quiet"], ["add", "--all"], [*author, "commit", "--quiet", "--message", "Begin"]):
            self._run(["git", *arguments])

    def mlinfra(self, *arguments: str) -> _Time:
        return self._run([sys.executable, "-m", "mlinfra", *arguments])

    def terraform_in_turn(self, *arguments: str) -> _Time:
        """A stock synth, and `terraform init` and another command in each stack."""
        out = self.folder / "cdktf.out"
        synth = {"MLINFRA_STOCK_LOADING": "1", "MLINFRA_ENV": "local", "CDKTF_OUTDIR": str(out)}
        times = [self._run([sys.executable, "main.py"], changes=synth)]
        for name in self.stacks:
            folder = out / "stacks" / name
            times.append(self._run([self._terraform, "init", "-input=false"], folder))
            times.append(self._run([self._terraform, *arguments, "-input=false"], folder))
        shutil.rmtree(out)
        return _Time(sum(each.wall for each in times), sum(each.cpu for each in times))

    def _run(
        self, command: Sequence[str], folder: Path | None = None, *, changes: Mapping[str, str] | None = None
    ) -> _Time:
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        ended = subprocess.run(  # noqa: S603  the arguments are this package's own
            command,
            cwd=folder or self.folder,
            env=self._variables | dict(changes or {}),
            capture_output=True,
            text=True,
            check=False,
        )
        wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
        if ended.returncode:
            message = f"{' '.join(command)} exited with {ended.returncode}:\n{(ended.stdout + ended.stderr)[-2000:]}"
            raise CommandFailedError(message)
        return _Time(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def main() -> None:
    """Apply the stacks, measure both ways in turn, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stacks", type=int, default=24)
    parser.add_argument("--write", action="store_true", help="write the table into docs/speed.md")
    chosen = parser.parse_args()
    console = Console()
    with tempfile.TemporaryDirectory(prefix="mlinfra-bench-") as name, serving() as server:
        folder = Path(name)
        homes = {f"XDG_{kind}_HOME": str(folder / kind.lower()) for kind in ("STATE", "CACHE", "DATA", "CONFIG")}
        variables = changed({**client_variables(server, present=os.environ), **provider_source(REPOSITORY).changes})
        (folder / "project").mkdir()
        project = _Project(folder / "project", chosen.stacks, {**variables, **homes, "CHECKPOINT_DISABLE": "1"})
        with console.status(f"Applying {chosen.stacks} stacks"):
            project.mlinfra("bootstrap", "local")
            project.mlinfra("up", "local", "--yes")
        with console.status("Measuring"):
            times = {
                "plan": (project.terraform_in_turn("plan", "-out=plan"), project.mlinfra("plan", "local-part*")),
                "drift": (project.terraform_in_turn("plan", "-refresh-only"), project.mlinfra("drift", "local-part*")),
            }
    header = ("", "Terraform in turn, wall", "mlinfra, wall", "Terraform in turn, processor", "mlinfra, processor")
    rows = [
        (what, *(f"{each:.1f} s" for each in (stock.wall, own.wall, stock.cpu, own.cpu)))
        for what, (stock, own) in times.items()
    ]
    print_table(f"{chosen.stacks} stacks of {_RESOURCES} resources", header=header, rows=rows)
    if chosen.write:
        write_table("plans", "benchmarks.plans", header=header, rows=rows)


if __name__ == "__main__":
    try:
        main()
    except CommandFailedError as error:
        sys.exit(f"Benchmark failed: {error}")
