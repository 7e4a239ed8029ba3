"""A node: the folder and the processes of an EC2 instance, on this machine."""

from __future__ import annotations

import logging
import os
import secrets
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from mlinfra.local_aws.nodes.agent import Agent, control
from mlinfra.local_aws.nodes.folder import KERNEL_LOG, install_commands, make_folder, search_path
from mlinfra.local_aws.nodes.metadata import MetadataService
from mlinfra.local_aws.nodes.programs.answers import Answer, Call
from mlinfra.local_aws.nodes.programs.nvidia_smi import CUDA, pci_address
from mlinfra.local_aws.nodes.programs.table import AGENT_CONTROL, programs_of
from mlinfra.local_aws.nodes.rewriting import rewritten, rewritten_argument
from mlinfra.local_aws.nodes.supervision import Supervisor
from mlinfra.local_aws.nodes.units import Units
from mlinfra.local_aws.nodes.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from mlinfra.local_aws.nodes.instance import NodeInstance
    from mlinfra.local_aws.nodes.processes import Entry
    from mlinfra.local_aws.nodes.supervision import Running

log = logging.getLogger("mlinfra.local_aws.nodes")

_SHUTDOWN_SECONDS: Final = 2.0
"""The time between SIGTERM and SIGKILL when the instance is terminated. EC2 allows some minutes."""
_USER_DATA: Final = "var/lib/cloud/instance/scripts/part-001"
_PASSED_ON: Final = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
_PASSED_ON_PREFIXES: Final = ("PIP_", "UV_")
"""Variables of this machine without which its nodes could not download Python packages."""


class Node:
    """One node, from its launch until its end."""

    def __init__(self, instance: NodeInstance, folder: Path, address: str, endpoint: str) -> None:
        """Start the node. Its user data runs in the background.

        Args:
            instance: its instance.
            folder: the folder of the nodes of the server.
            address: its loopback address.
            endpoint: the endpoint of the local AWS.
        """
        self.instance: NodeInstance = instance
        self.address = address
        self.endpoint = endpoint
        self.root = folder / instance.instance_id
        self.xids: list[tuple[int, int]] = []
        """The GPU and the number of each Xid error that it reports."""
        self._agent: Agent | None = None
        kind = instance.type
        make_folder(self.root, gpus=instance.nvidia_gpus, has_local_disk=bool(kind and kind.local_nvme_gb is not None))
        self._programs = programs_of(gpus=instance.nvidia_gpus, adapters=int(kind.efa_count) if kind else 0)
        self.metadata = MetadataService(address, lambda path: instance.metadata(path, address), self._command)
        install_commands(self.root, self._programs, host=address, port=self.metadata.port)
        if instance.nvidia_gpus:
            (self.root / f"usr/local/cuda-{instance.image_version('EXPECTED_CUDA', CUDA)}").mkdir()
        self.usage = Usage(self.root)
        self.units = Units(self)
        self._supervisor = Supervisor(self.root, os.environ)
        threading.Thread(target=self._boot, daemon=True).start()

    @property
    def is_alive(self) -> bool:
        """True until it has ended."""
        return self._supervisor.is_alive

    @property
    def pid(self) -> int:
        """The process id of its init."""
        return self._supervisor.pid

    def variables(self) -> dict[str, str]:
        """The environment of its processes."""
        passed = {
            name: value
            for name, value in os.environ.items()
            if name.upper() in _PASSED_ON or name.startswith(_PASSED_ON_PREFIXES)
        }
        return {
            **passed,
            "PATH": search_path(self.root),
            "HOME": str(self.root / "root"),
            "TMPDIR": str(self.root / "tmp"),
            "LANG": "C.UTF-8",
            "MLINFRA_NODE_ROOT": str(self.root),
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.metadata.url,
            # The settings and keys of the user of this machine must not be found.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            **dict.fromkeys(("NO_PROXY", "no_proxy"), f"localhost,127.0.0.1,{self.address}"),
        }

    def execute(
        self,
        argv: Sequence[str],
        *,
        output: Path,
        errors: Path | None = None,
        variables: Mapping[str, str] | None = None,
        directory: str | None = None,
        on_end: Callable[[int], None] | None = None,
    ) -> Running:
        """Start a process of the node.

        Args:
            argv: the command, with paths of this machine.
            output: the file for its standard output.
            errors: the file for its standard error. Default: `output`.
            variables: the environment variables in addition to those of the node. Default: none.
            directory: its working directory. Default: the home folder of root.
            on_end: receives the exit code. Default: nothing happens.
        """
        return self._supervisor.start(
            argv,
            variables={**self.variables(), **(variables or {})},
            directory=self.root / (directory or "root"),
            output=output,
            errors=errors,
            on_end=on_end,
        )

    def script(self, text: str, name: str) -> Path:
        """Write a script of the node into its folder, rewritten for it.

        Args:
            text: the script.
            name: the path of the file below the root folder.
        """
        file = self.root / name
        self._supervisor.make_folder(file.parent)
        file.write_text(rewritten(text, self.root, self.metadata.url), encoding="utf-8")
        file.chmod(0o700)
        return file

    def execute_script(self, text: str, *, directory: str | None, output: Path, errors: Path) -> Running:
        """Start a shell script, as the agent of Systems Manager does.

        Args:
            text: the script.
            directory: its working directory on the node. Default: the home folder of root.
            output: the file for its standard output.
            errors: the file for its standard error.
        """
        name = f"var/lib/amazon/ssm/{secrets.token_hex(8)}/_script.sh"
        script = self.script(text, name)
        return self.execute(
            ["/bin/sh", str(script)],
            output=output,
            errors=errors,
            directory=rewritten_argument(directory, self.root) if directory else None,
        )

    def start_agent(self, settings: Mapping[str, Any]) -> None:
        """Start the CloudWatch agent, or start it again with other settings."""
        if self._agent:
            self._agent.stop()
        self._agent = Agent(self, settings)

    def sample(self, processes: Mapping[int, Entry]) -> None:
        """Measure the use of the node."""
        self.usage.sample(self.pid, self.units.transient(), processes)

    def report_xid(self, number: int, gpu: int = 0) -> None:
        """Let a GPU report an error of the driver.

        Args:
            number: the Xid error.
            gpu: the index of the GPU. Default: 0.
        """
        self.xids.append((gpu, number))
        with (self.root / KERNEL_LOG).open("a", encoding="utf-8") as file:
            file.write(
                f"[ 1000.000000] NVRM: Xid (PCI:{pci_address(gpu)}): {number}, pid='<unknown>', name=<unknown>\n"
            )

    def end(self, *, at_once: bool = False) -> None:
        """End all its processes, and remove its folder.

        Args:
            at_once: True to end them without SIGTERM, as a failure of the hardware does. Default: False.
        """
        if self._agent and not at_once:
            with suppress(Exception):
                self._agent.ship_logs()
        if self._agent:
            self._agent.stop()
        self._supervisor.end(0.0 if at_once else _SHUTDOWN_SECONDS)
        self.metadata.close()

    def _boot(self) -> None:
        """Execute the user data, as cloud-init does at the first boot."""
        try:
            text = self.instance.user_data
            output = self.root / "var/log/cloud-init-output.log"
            if not text.startswith("#!"):
                output.write_text("there is no user data that is a script\n", encoding="utf-8")
                return
            interpreter = text.partition("\n")[0][2:].split()
            script = self.script(text, _USER_DATA)
            self.execute([*interpreter, str(script)], output=output)
        except OSError:
            # It was terminated before.
            log.exception("the user data of %s was not executed", self.instance.instance_id)

    def _command(self, name: str, request: Mapping[str, Any]) -> Mapping[str, object]:
        program = control if name == AGENT_CONTROL else self._programs.get(name)
        if program is None:
            return Answer(errors=f"{name}: command not found\n", status=127).as_json()
        try:
            return program(self, Call.of(request)).as_json()
        except Exception as error:  # a fault of the local AWS, which the caller has to see
            log.exception("%s of %s failed", name, self.instance.instance_id)
            return Answer(errors=f"{name}: the local AWS failed: {error!r}\n", status=1).as_json()
