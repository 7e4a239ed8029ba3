"""The node that executes a run."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mlinfra.functions.contract import Variable
from mlinfra.job.node import instance_metadata
from mlinfra.node_guard.settings import read_settings
from mlinfra.runner.paths import root as node_root

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SETTINGS: Final = "etc/mlinfra/node"
"""The settings of the node, which its boot script writes in the form of a shell."""


@dataclass(frozen=True)
class ThisNode:
    """The EC2 instance of this process. Empty text: unknown."""

    instance_id: str
    address: str
    """Its private IPv4 address."""
    cluster: str
    """The name of its auto scaling group."""
    table: str
    """The environment's table of records."""
    region: str
    root: Path
    instance_type: str = ""
    zone: str = ""
    image_id: str = ""

    @classmethod
    def read(cls, root: Path | None = None) -> ThisNode:
        """The node, from its settings in /etc/mlinfra/node and its metadata service (IMDSv2).

        Args:
            root: the root folder of the node. Default: `/`, or `MLINFRA_NODE_ROOT`.

        Raises:
            OSError: if it has no settings and no metadata service, so that its id is unknown.
        """
        root = root or node_root()
        settings = node_settings(root)
        return cls(
            instance_id=_known(settings, "INSTANCE_ID", Variable.INSTANCE) or _metadata("instance-id"),
            address=_known(settings, "ADDRESS", "") or _metadata("local-ipv4"),
            cluster=_known(settings, "CLUSTER", Variable.CLUSTER),
            table=_known(settings, "TABLE", Variable.TABLE),
            region=_known(settings, "REGION", "AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION", ""),
            root=root,
            instance_type=_described("instance-type"),
            zone=_described("placement/availability-zone"),
            image_id=_described("ami-id"),
        )


def node_settings(root: Path) -> dict[str, str]:
    """The assignments in /etc/mlinfra/node. Empty: the file does not exist.

    Args:
        root: the root folder of the node.
    """
    try:
        return read_settings(root / SETTINGS)
    except FileNotFoundError:
        return {}


def _known(settings: Mapping[str, str], name: str, variable: str) -> str:
    return settings.get(name) or os.environ.get(variable, "")


def _metadata(item: str) -> str:
    found = instance_metadata(item)
    if found is None:
        message = f"the {item} of this node is unknown: it has neither /{SETTINGS} nor a metadata service"
        raise OSError(message)
    return found


def _described(item: str) -> str:
    """A property that is recorded only: a run does not fail without it."""
    with suppress(OSError):
        return instance_metadata(item) or ""
    return ""
