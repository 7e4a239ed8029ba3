"""CDK for Terraform and the AWS provider bindings.

All other packages import them from here:

    from mlinfra._cdk import Construct, TerraformStack
    from mlinfra._cdk.aws import s3_bucket

Each of the 2,212 modules of the bindings is loaded at its first use: a small app takes 1 second instead of 10.
`docs/adr/0002-load-cdktf-the-fast-way.md` describes the method and its reasons. `MLINFRA_STOCK_LOADING=1` disables it.

cdktf was archived in December 2025. Its community fork, cdktn, has the same API under other package names.
`mlinfra.cdk_family` chooses between them; `docs/cdktn.md` describes the move. mypy reads the types of cdktf.
"""
# ruff: noqa: E402  the loader must be installed before cdktf is imported

import importlib
from typing import TYPE_CHECKING

from mlinfra._cdk import loading

FAMILY = loading.install()

if TYPE_CHECKING:
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
else:
    _library = importlib.import_module(FAMILY.name)

    def __getattr__(name: str) -> object:
        if name in __all__:
            return getattr(_library, name)
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message, name=name)


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
