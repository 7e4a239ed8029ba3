"""Nodes of the local AWS: an instance of an auto scaling group is a folder and processes of this machine.

`serving(nodes=True)` starts a server with nodes. docs/local-aws.md states what they execute, and what they cannot.
"""

from __future__ import annotations

from mlinfra.local_aws.nodes.faults import LocalNode, LocalNodes

__all__ = ["LocalNode", "LocalNodes"]
