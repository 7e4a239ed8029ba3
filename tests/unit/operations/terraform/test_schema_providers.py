from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from mlinfra.operations.terraform import schema_providers
from mlinfra.operations.terraform.schema_providers import SchemaProviders

if TYPE_CHECKING:
    from pathlib import Path

AWS = "registry.terraform.io/hashicorp/aws"
RUNS = """\
#!/bin/sh
echo "$$ $1" >>"{started}"
echo 'Provider started. To attach Terraform, set the TF_REATTACH_PROVIDERS environment variable:'
echo "	TF_REATTACH_PROVIDERS='{{\\"registry.terraform.io/hashicorp/aws\\":{{\\"Pid\\":$$}}}}'"
exec sleep 600
"""
"""What a provider writes in the mode for debuggers, and how long it runs."""


@pytest.fixture
def started(tmp_path: Path) -> Path:
    """The file with a line for each start of a provider."""
    path = tmp_path / "started"
    path.touch()
    return path


def a_stack(folder: Path, program: str, *, source: str = AWS) -> Path:
    """The folder of a stack, with a provider of its own."""
    installed = folder / ".terraform" / "providers" / source / "5.100.0" / "linux_amd64"
    installed.mkdir(parents=True)
    provider = installed / f"terraform-provider-{source.rpartition('/')[2]}_v5.100.0_x5"
    provider.write_text(program)
    provider.chmod(0o755)
    return folder


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def has_ended(pid: int) -> bool:
    for _ in range(600):
        if not is_running(pid):
            return True
        time.sleep(0.05)
    return False


def test_a_provider_serves_all_stacks_that_have_it_and_ends_with_the_block(tmp_path: Path, started: Path) -> None:
    stacks = [a_stack(tmp_path / name, RUNS.format(started=started)) for name in ("one", "two")]
    with SchemaProviders() as providers:
        changes = [providers.changes(each) for each in stacks]
        (line,) = started.read_text().splitlines()
        pid, option = line.split()
        assert option == "-debug"
        assert changes == [{"TF_REATTACH_PROVIDERS": json.dumps({AWS: {"Pid": int(pid)}})}] * 2
        assert is_running(int(pid))
    assert has_ended(int(pid))


def test_the_address_is_that_of_the_registry_from_which_the_provider_was_installed(
    tmp_path: Path, started: Path
) -> None:
    stack = a_stack(tmp_path / "one", RUNS.format(started=started), source="registry.opentofu.org/hashicorp/aws")
    with SchemaProviders() as providers:
        (address,) = json.loads(providers.changes(stack)["TF_REATTACH_PROVIDERS"] or "")
    assert address == "registry.opentofu.org/hashicorp/aws"


@pytest.mark.parametrize(
    "program",
    ["#!/bin/sh\nexit 1\n", "#!/bin/sh\necho \"TF_REATTACH_PROVIDERS='no JSON'\"\n", "no program"],
    ids=["ends", "unreadable", "no-program"],
)
def test_terraform_starts_a_provider_that_cannot_be_shared(tmp_path: Path, program: str) -> None:
    with SchemaProviders() as providers:
        assert providers.changes(a_stack(tmp_path / "one", program)) == {}


def test_terraform_starts_a_provider_that_takes_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema_providers, "_START_SECONDS", 0.3)
    program = f"#!/bin/sh\necho $$ >'{tmp_path}/pid'\nexec sleep 600\n"
    with SchemaProviders() as providers:
        assert providers.changes(a_stack(tmp_path / "one", program)) == {}
        assert has_ended(int((tmp_path / "pid").read_text()))


def test_a_stack_without_an_installed_provider_changes_nothing(tmp_path: Path) -> None:
    with SchemaProviders() as providers:
        assert providers.changes(tmp_path) == {}


def test_a_provider_that_is_being_debugged_stays_in_use(
    tmp_path: Path, started: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_REATTACH_PROVIDERS", "{}")
    with SchemaProviders() as providers:
        assert providers.changes(a_stack(tmp_path / "one", RUNS.format(started=started))) == {}
    assert started.read_text() == ""


def test_a_provider_ends_with_a_process_that_is_killed(tmp_path: Path, started: Path) -> None:
    stack = a_stack(tmp_path / "one", RUNS.format(started=started))
    program = (
        "import sys; from pathlib import Path; from mlinfra.operations.terraform import SchemaProviders; "
        f"SchemaProviders().changes(Path({str(stack)!r})); print('started', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        process.send_signal(signal.SIGKILL)
    assert has_ended(int(started.read_text().split()[0]))
