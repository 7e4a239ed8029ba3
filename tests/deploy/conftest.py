"""Projects of deploy tests."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

_ONLY_STATE = '''
"""The state stack alone, without the lifecycle rules that the AWS provider waits a minute for."""

import os
from pathlib import Path

from mlinfra import load_environments
from mlinfra.app import MlApp
from mlinfra.stacks.state import StateStack

root = Path(__file__).resolve().parent
app = MlApp(root)
for environment in load_environments(root, only=os.environ.get("MLINFRA_ENV")):
    stack = StateStack(app, environment)
    stack.bucket.node.try_remove_child("lifecycle")
app.synth()
'''


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this project, whose declarations can be changed."""
    root = tmp_path_factory.mktemp("project")
    for name in ("main.py", "cdktf.json", ".terraform.lock.hcl"):
        shutil.copyfile(ROOT / name, root / name)
    shutil.copytree(ROOT / "environments", root / "environments")
    return root


@pytest.fixture(scope="module")
def state_project(project: Path) -> Path:
    """A project of state stacks alone, which are bootstrapped within seconds. Locked in both ways."""
    (project / "main.py").write_text(_ONLY_STATE)
    declaration = project / "environments" / "local.py"
    declaration.write_text(declaration.read_text().replace("emulated=True", "emulated=True, native_state_lock=True"))
    return project
