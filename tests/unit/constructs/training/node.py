"""A node to run scripts on: a folder that stands for its root, and commands that stand for what it has.

Nothing of the machine that tests run on is touched: paths are moved below the folder, and only commands that
cannot change a system are on the path.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

_HARMLESS = (
    *(
        "awk",
        "basename",
        "bash",
        "cat",
        "chmod",
        "cut",
        "date",
        "dirname",
        "env",
        "find",
        "grep",
        "head",
        "install",
        "ln",
    ),
    *("mkdir", "mv", "paste", "rm", "sed", "sort", "tail", "tee", "timeout", "touch", "tr", "uname", "wc"),
)
_MOVED = re.compile(r"(?<![\w/.}])/(etc|lustre|opt|run|scratch|tmp|usr|var)\b")

AWS: Final = '''
"""The aws command as nodes use it: any call with plain arguments, on boto3."""

import json, sys
import boto3, jmespath
from botocore import xform_name

service, operation, *words = sys.argv[1:]
client = boto3.client(service)
name = client.meta.method_to_api_mapping[operation.replace("-", "_")]
members = client.meta.service_model.operation_model(name).input_shape.members
members = {xform_name(each).replace("_", "-"): (each, shape.type_name) for each, shape in members.items()}
request, query, output = {}, None, "text"
while words:
    option, values = words.pop(0).removeprefix("--"), []
    while words and not words[0].startswith("--"):
        values.append(words.pop(0))
    if option in {"query", "output"}:
        query, output = (values[0], output) if option == "query" else (query, values[0])
    elif option.startswith("no-"):
        request[members[option.removeprefix("no-")][0]] = False
    else:
        member, kind = members[option]
        value = {"boolean": lambda: True, "list": lambda: values}.get(kind, lambda: values[0])()
        request[member] = json.loads(values[0]) if values and values[0].startswith(("[{", "{")) else value
answer = getattr(client, operation.replace("-", "_"))(**request)
found = jmespath.search(query, answer) if query else ""
if output == "json":
    found = json.dumps(found)
print(*(found if isinstance(found, list) else [found]), sep="\\t")
'''


class Node:
    """A folder that stands for the root of a node."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._commands = root / "commands"
        for folder in ("commands", "etc", "run", "tmp", "var/log"):
            (root / folder).mkdir(parents=True)
        for name in _HARMLESS:
            (self._commands / name).symlink_to(str(shutil.which(name)))
        # The Python of /commands and /usr/local/bin has only its standard library, as on a node.
        home = Path(sys.base_prefix) / "bin"
        for folder in ("", "/usr/local"):
            self.write(f"{folder}/pyvenv.cfg", f"home = {home}\ninclude-system-site-packages = false\n")
        (self._commands / "python3").symlink_to(sys.executable)
        self.command("sleep", "exit 0")

    def command(self, name: str, script: str) -> None:
        """Have a command that notes how it is called and then does what `script` says, in bash."""
        self.write(f"/commands/{name}", f'#!/bin/bash\necho "{name} $*" >>{self.root}/calls\n{script}\n', mode=0o755)

    def aws_command(self) -> None:
        """Have the aws command, talking to the local AWS."""
        self.write("/commands/aws-on-boto3", f"#!{sys.executable}\n{AWS}", mode=0o755)
        self.command("aws", 'exec aws-on-boto3 "$@"')

    def write(self, path: str, text: str, *, mode: int = 0o644) -> None:
        """Have a file."""
        target = self.root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        target.chmod(mode)

    def read(self, path: str) -> str:
        """The content of a file."""
        return (self.root / path.lstrip("/")).read_text()

    def has(self, path: str) -> bool:
        """True if a file exists."""
        return (self.root / path.lstrip("/")).exists()

    def moved(self, text: str) -> str:
        """A script with the paths that it uses below the folder."""
        return _MOVED.sub(rf"{self.root}/\1", text)

    def run(self, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a script of the node, whose paths are moved."""
        self.write("/script", self.moved(script), mode=0o755)
        return subprocess.run(
            ["/bin/bash", str(self.root / "script"), *arguments],
            env={**os.environ, "PATH": str(self._commands), "MLINFRA_NODE_ROOT": str(self.root)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    @property
    def calls(self) -> list[str]:
        """The calls of commands, with their arguments."""
        return self.read("/calls").splitlines() if self.has("/calls") else []
