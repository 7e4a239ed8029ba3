"""Pipelines of GitLab in a project of this machine, run by gitlab-ci-local."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PINNED = f"registry.example.com/ml/ci@sha256:{'0' * 64}"
# Replaces rsync as gitlab-ci-local calls it: for the files of the commit, which each job gets in a folder of its own,
# and for artifacts.
RSYNC = """\
#!/bin/sh
set -e
for last; do :; done
mkdir -p "$last"
for list; do
  case "$list" in --files-from=*) break ;; esac
done
case "$*" in
  *" ./ "*)
    cp -a .git "$last"
    git ls-files -z | xargs -0 cp -a --parents --target-directory "$last"
    ;;
  *--files-from=*) while read -r each; do cp -a --parents "$each" "$last"; done < "${list#*=}" ;;
  *) tar -C "$2" -cf - . | tar -C "$last" -xf - ;;  # at the same time as others
esac
"""


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=ana", "-c", "user.email=ana@example.com", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


def run_pipeline(
    folder: Path, variables: Mapping[str, str], *options: str, seconds: float
) -> subprocess.CompletedProcess[str]:
    """Run the pipeline of the project in `folder`, whose folder `tools` comes first on the PATH.

    Args:
        folder: the project.
        variables: the variables of the pipeline. Those that begin with CI_ replace the ones of gitlab-ci-local.
        options: further options.
        seconds: the longest time.
    """
    command = [
        ROOT / "node_modules" / ".bin" / "gitlab-ci-local",
        "--force-shell-executor",
        "--shell-isolation",
        "--no-artifacts-to-source",
        "--no-json-schema-validation",
        *(each for name, value in variables.items() for each in ("--variable", f"{name}={value}")),
        *options,
    ]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("CI_", "AWS_"))}
    environment |= {
        "PATH": f"{folder / 'tools'}:{os.environ['PATH']}",
        "HOME": str(folder / "tools"),
        "GCL_IGNORE_PREDEFINED_VARS": ",".join(name for name in variables if name.startswith("CI_")),
    }
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=seconds
    )
