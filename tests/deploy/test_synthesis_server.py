"""The server that has loaded cdktf: a synthesis in it is that of `python main.py`."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

MAIN = """
import sys
served = "mlinfra.app" in sys.modules
import json, os
from pathlib import Path
from mlinfra import MlApp, MlStack, load_environments
from mlinfra._cdk.aws import ssm_parameter
from mlinfra.app import problems_without_traceback

print("printed")
Path("served").write_text(json.dumps([served, __name__, sys.argv, os.environ.get("OF_THE_PROGRAM")]))
with problems_without_traceback():
    (environment,) = load_environments(Path.cwd())
    app = MlApp(Path.cwd())
    stack = MlStack(app, environment, "data")
    for number in range(int(Path("count").read_text())):
        ssm_parameter.SsmParameter(stack, f"value{number}", name="NAME", type="String", value=environment.team)
    if Path("fails").exists():
        sys.exit("a problem")
    app.synth()
"""

ENVIRONMENT = """
from mlinfra import Environment
local = Environment(
    name="local", project="recsys", account_id="123456789012", region="us-east-1", team="ml", cost_center="ml-1",
    repository="example.com/ml", monthly_spend_limit_usd=100, emulated=True,
)
"""


class Project:
    def __init__(self, folder: Path, path: Path) -> None:
        self.folder = folder
        self._path = path
        (folder / "environments").mkdir(parents=True)
        (folder / "environments" / "local.py").write_text(ENVIRONMENT)
        (folder / "main.py").write_text(MAIN)
        self.declare(1)

    def declare(self, count: int) -> None:
        (self.folder / "count").write_text(str(count))

    def run(self, **variables: str) -> subprocess.CompletedProcess[str]:
        kept = self.folder.parent / "kept"
        kept.mkdir(exist_ok=True)
        served = {"MLINFRA_TEST_SYNTHESES": str(kept), "MLINFRA_TEST_SYNTHESIS_SERVER": str(self._path)}
        return self._run(self.folder.parent / "served", {**os.environ, **_PATH, **served, **variables})

    def _run(self, out: Path, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "main.py"],
            cwd=self.folder,
            env={**variables, "CDKTF_OUTDIR": str(out)},
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def was_served(self) -> bool:
        served, *others = json.loads((self.folder / "served").read_text())
        assert others[:2] == ["__main__", ["main.py"]]
        return bool(served)

    def assert_equals_a_run_without_server(self) -> None:
        own = self._run(self.folder.parent / "own", dict(os.environ))
        assert own.returncode == 0, own.stderr
        assert not self.was_served
        outs = (self.folder.parent / each for each in ("served", "own"))
        served, alone = ((each / "stacks/local-data/cdk.tf.json").read_text() for each in outs)
        assert served == alone


_PATH = {"PYTHONPATH": str(Path(__file__).with_name("kept_syntheses"))}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("server") / "socket"
    command = [sys.executable, "-m", "synthesis_server", path]
    with subprocess.Popen(command, env={**os.environ, **_PATH}, stdin=subprocess.PIPE) as server:
        while not path.exists():
            assert server.poll() is None
        yield path
        assert server.stdin is not None
        server.stdin.close()
    assert server.returncode == 0


@pytest.fixture
def project(tmp_path: Path, path: Path) -> Project:
    return Project(tmp_path / "project", path)


def test_each_synthesis_equals_one_without_the_server(project: Project) -> None:
    for count in (1, 3, 2):
        project.declare(count)
        ended = project.run()
        assert (ended.returncode, ended.stdout) == (0, "printed\n"), ended.stderr
        assert project.was_served
        project.assert_equals_a_run_without_server()


def test_the_variables_are_those_of_the_program(project: Project) -> None:
    project.run(OF_THE_PROGRAM="one")
    assert json.loads((project.folder / "served").read_text())[3] == "one"
    project.declare(2)
    project.run()
    assert json.loads((project.folder / "served").read_text())[3] is None


def test_a_failure_is_repeated_in_the_program_and_the_server_goes_on(project: Project) -> None:
    (project.folder / "fails").touch()
    ended = project.run()
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "printed\n", "a problem\n")
    assert not project.was_served
    (project.folder / "fails").unlink()
    assert project.run().returncode == 0
    assert project.was_served
    project.assert_equals_a_run_without_server()


@pytest.mark.parametrize("part", [b"", b" {"])
def test_the_server_goes_on_after_a_program_that_was_killed(project: Project, path: Path, part: bytes) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.connect(str(path))
        connection.sendall(part)
    assert project.run().returncode == 0
    assert project.was_served


def test_other_settings_of_node_or_python_are_not_served(project: Project) -> None:
    assert project.run(NODE_OPTIONS="--no-warnings").returncode == 0
    assert not project.was_served
