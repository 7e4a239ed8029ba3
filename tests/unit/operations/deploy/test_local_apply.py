from __future__ import annotations

import subprocess
import sys

import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.deploy.local_apply import killed_local_apply, local_apply, require_no_local_apply

pytestmark = pytest.mark.usefixtures("own_folders")


def fail() -> None:
    """Start an apply that ends with an error."""
    with local_apply("dev-data", "bucket/key") as held:
        held.begin()
        raise ZeroDivisionError


class TestLocalApply:
    def test_a_second_apply_of_the_stack_is_refused(self) -> None:
        with local_apply("dev-data", "bucket/key") as held:
            held.begin()
            refused = pytest.raises(OperationError, match=r"Another apply of dev-data.*is still running")
            with refused, local_apply("dev-data", "bucket/key"):
                pass
            with local_apply("dev-data", "another/key"):
                pass

    def test_a_completed_apply_leaves_no_record(self) -> None:
        with local_apply("dev-data", "bucket/key") as held:
            held.begin()
        assert killed_local_apply("dev-data", "bucket/key") is None

    def test_a_failed_apply_leaves_no_record(self) -> None:
        with pytest.raises(ZeroDivisionError):
            fail()
        assert killed_local_apply("dev-data", "bucket/key") is None

    def test_a_killed_apply_stays_on_record_until_another_completes(self) -> None:
        program = (
            "import os\nfrom mlinfra.operations.deploy.local_apply import local_apply\n"
            "with local_apply('dev-data', 'bucket/key') as held:\n    held.begin()\n    os.kill(os.getpid(), 9)\n"
        )
        child = subprocess.Popen([sys.executable, "-c", program])
        assert child.wait() == -9
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                fail()
            found = killed_local_apply("dev-data", "bucket/key")
            assert found
            assert found.pid == child.pid
        with local_apply("dev-data", "bucket/key"):
            pass
        assert killed_local_apply("dev-data", "bucket/key") is None

    def test_a_process_that_outlives_the_apply_keeps_the_stack_reserved(self) -> None:
        program = (
            "import os, subprocess, sys\nfrom mlinfra.operations.deploy.local_apply import local_apply\n"
            "with local_apply('dev-data', 'bucket/key') as held:\n    held.begin()\n"
            "    subprocess.Popen([sys.executable, '-c', 'import sys; sys.stdin.read()'], pass_fds=held.inherited)\n"
            "    os.kill(os.getpid(), 9)\n"
        )
        with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE) as child:
            assert child.wait() == -9
            assert killed_local_apply("dev-data", "bucket/key") is None
            says = rf"process {child.pid}, since .*releases the lock"
            with pytest.raises(OperationError, match=says), local_apply("dev-data", "bucket/key"):
                pass
            with pytest.raises(OperationError, match=says):
                require_no_local_apply("dev-data", "bucket/key")

    def test_the_holder_is_named_before_terraform_is_started(self) -> None:
        program = (
            "import sys\nfrom mlinfra.operations.deploy.local_apply import local_apply\n"
            "with local_apply('dev-data', 'bucket/key'):\n    print(flush=True)\n    sys.stdin.read()\n"
        )
        with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
            assert child.stdout
            child.stdout.readline()
            with (
                pytest.raises(OperationError, match=rf"is still running on this machine \(process {child.pid}, since"),
                local_apply("dev-data", "bucket/key"),
            ):
                pass
