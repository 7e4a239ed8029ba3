"""The only place that knows how CDK for Terraform and the AWS provider bindings are loaded.

Everything else in mlinfra imports cdktf's names from here and the bindings from `mlinfra._cdk.aws`:

    from mlinfra._cdk import Construct, TerraformStack
    from mlinfra._cdk.aws import s3_bucket

Importing this module makes the bindings load module by module instead of all 2,212 at once: 1 second instead of 10
for a small app. `docs/adr/0002-load-cdktf-the-fast-way.md` says how and why; `MLINFRA_STOCK_LOADING=1` turns it off.

cdktf was archived in December 2025. Its community fork, cdktn, has the same API under other package names, so moving
to it is a change to this folder alone.
"""
# ruff: noqa: E402  the loader must be in place before anything of cdktf is imported

from mlinfra._cdk import loading

loading.install()

from cdktf import (
    Annotations,
    App,
    Aspects,
    AssetType,
    Fn,
    IAspect,
    IResolvable,
    ITerraformDependable,
    LocalBackend,
    Postcondition,
    Precondition,
    S3Backend,
    TerraformAsset,
    TerraformDataSource,
    TerraformElement,
    TerraformOutput,
    TerraformProvider,
    TerraformResource,
    TerraformResourceLifecycle,
    TerraformStack,
    TerraformVariable,
    Token,
)
from constructs import Construct, IConstruct, IValidation, Node
from jsii import implements

__all__ = [
    "Annotations",
    "App",
    "Aspects",
    "AssetType",
    "Construct",
    "Fn",
    "IAspect",
    "IConstruct",
    "IResolvable",
    "ITerraformDependable",
    "IValidation",
    "LocalBackend",
    "Node",
    "Postcondition",
    "Precondition",
    "S3Backend",
    "TerraformAsset",
    "TerraformDataSource",
    "TerraformElement",
    "TerraformOutput",
    "TerraformProvider",
    "TerraformResource",
    "TerraformResourceLifecycle",
    "TerraformStack",
    "TerraformVariable",
    "Token",
    "implements",
]
