"""Boot script of the nodes of a queue: local NVMe disks at /scratch."""

from __future__ import annotations

import base64

from mlinfra.constructs.training.node_user_data import script

_BOUNDARY = "mlinfra-user-data"

# Without the disks, jobs run with /scratch on the root volume: Batch does not replace a node for its user data.
_REPORT = """\
log() { logger -t mlinfra "$*"; }
die() { log "/scratch is on the root volume: $*"; exit 0; }"""


def scratch_user_data() -> str:
    """User data that mounts the disks before the ECS agent starts, in Base64.

    Batch merges it with its own: it must be a MIME multi-part archive. Source: Batch user guide, "Amazon EC2 user data
    in launch templates", read 2026-11-29. The ECS agent starts after the user data has run (cloud-final.service).
    """
    lines = ["#!/bin/bash", _REPORT, script("scratch.sh"), "mount_scratch", ""]
    part = ["Content-Type: text/x-shellscript; charset=us-ascii", "", *lines]
    head = ["MIME-Version: 1.0", f'Content-Type: multipart/mixed; boundary="{_BOUNDARY}"', ""]
    text = "\n".join([*head, f"--{_BOUNDARY}", *part, f"--{_BOUNDARY}--", ""])
    return base64.b64encode(text.encode()).decode()
