"""Account-level infrastructure: network, pipeline roles, console lockdown, adopted resources."""

from __future__ import annotations

from mlinfra.constructs.account.adopted_resource import AdoptedResource
from mlinfra.constructs.account.ci_roles import CiRoles
from mlinfra.constructs.account.console_lockdown import ConsoleLockdown
from mlinfra.constructs.account.network import Network
from mlinfra.constructs.account.permissions_boundary import PermissionsBoundary

__all__ = ["AdoptedResource", "CiRoles", "ConsoleLockdown", "Network", "PermissionsBoundary"]
