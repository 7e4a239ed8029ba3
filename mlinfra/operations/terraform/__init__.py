"""Terraform, cdktf and git: discovery, execution, state and locks."""

from __future__ import annotations

from mlinfra.operations.terraform.cdktf import Cdktf
from mlinfra.operations.terraform.concurrency import stacks_at_once
from mlinfra.operations.terraform.git import Distance, Repository, abbreviated
from mlinfra.operations.terraform.process import OnLine
from mlinfra.operations.terraform.progress import NestedProgress, Progress, Step
from mlinfra.operations.terraform.project import SynthesizedStack, find_project, project_root, synthesize
from mlinfra.operations.terraform.proposals import ProposedStack, proposed_stack
from mlinfra.operations.terraform.provider_mirrors import Wanted
from mlinfra.operations.terraform.providers import ProviderSource, provider_source
from mlinfra.operations.terraform.remote_state import RemoteState, StateLock, StateVersion
from mlinfra.operations.terraform.run_record import Run, append_run, lock_record, read_holder, read_run
from mlinfra.operations.terraform.schema_providers import SchemaProviders
from mlinfra.operations.terraform.stack_settings import StackSettings
from mlinfra.operations.terraform.state import State, parse_state
from mlinfra.operations.terraform.terraform import Terraform, TerraformError
from mlinfra.operations.toolchain import (
    OLDEST_TERRAFORM_WITH_REMOVED_BLOCKS,
    Tool,
    Version,
    find_cdktf,
    find_node,
    find_terraform,
    oldest_terraform,
    require_terraform,
    require_tools,
)

__all__ = [
    "OLDEST_TERRAFORM_WITH_REMOVED_BLOCKS",
    "Cdktf",
    "Distance",
    "NestedProgress",
    "OnLine",
    "Progress",
    "ProposedStack",
    "ProviderSource",
    "RemoteState",
    "Repository",
    "Run",
    "SchemaProviders",
    "StackSettings",
    "State",
    "StateLock",
    "StateVersion",
    "Step",
    "SynthesizedStack",
    "Terraform",
    "TerraformError",
    "Tool",
    "Version",
    "Wanted",
    "abbreviated",
    "append_run",
    "find_cdktf",
    "find_node",
    "find_project",
    "find_terraform",
    "lock_record",
    "oldest_terraform",
    "parse_state",
    "project_root",
    "proposed_stack",
    "provider_source",
    "read_holder",
    "read_run",
    "require_terraform",
    "require_tools",
    "stacks_at_once",
    "synthesize",
]
