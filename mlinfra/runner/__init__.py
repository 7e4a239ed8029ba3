"""Execution of a run on the nodes of a cluster, or in the containers of a queue.

A run is one command on one or more nodes, started with `mlinfra run`. Its specification is a JSON object in the data
lake; its state is in the environment's table of records. docs/adr/0013 describes how nodes agree on ranks and retries.

Imports the standard library, boto3, `mlinfra.job` and `mlinfra.functions.contract`, since it is sent to the nodes.
"""

from __future__ import annotations

from mlinfra.runner.contract import Member, RunAttribute, RunKey, RunMarker, RunStatus, run_index
from mlinfra.runner.specification import Code, Provenance, RunSpecification, Virtualenv
from mlinfra.runner.state import whole_number

__all__ = [
    "Code",
    "Member",
    "Provenance",
    "RunAttribute",
    "RunKey",
    "RunMarker",
    "RunSpecification",
    "RunStatus",
    "Virtualenv",
    "run_index",
    "whole_number",
]
