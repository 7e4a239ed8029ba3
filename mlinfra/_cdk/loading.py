"""Load the AWS provider bindings module by module, or the stock way where that is not possible."""

import importlib
import os
import re
import warnings
from collections.abc import MutableMapping

import jsii
from jsii import _reference_map

from mlinfra._cdk import node_package, node_process, python_package, type_hints
from mlinfra._cdk.errors import NotLazyError

OFF_SWITCH = "MLINFRA_STOCK_LOADING"
"""Environment variable: `1` loads everything the stock way."""

PROVIDER = "cdktf_cdktf_provider_aws"
"""The Python package of the bindings; its assembly, in jsii's words, is `@cdktf/provider-aws`."""


def install() -> None:
    """Make the bindings load module by module, from now on and for every importer in this process.

    Warns once where they cannot. What cannot load lazily then loads the stock way: slowly, and with the same result.

    Raises:
        RuntimeError: There is no node.
    """
    node_process.start()
    if os.environ.get(OFF_SWITCH) == "1":
        return
    type_hints.install()
    try:
        _install_lazily()
    except NotLazyError as error:
        warnings.warn(
            f"mlinfra loads the AWS provider bindings slowly: {error}. "
            f"Set {OFF_SWITCH}=1 to accept this and silence the warning.",
            RuntimeWarning,
            stacklevel=3,
        )


def _install_lazily() -> None:
    modules_of_types = _modules_of_types()
    package = python_package.install(PROVIDER)
    if package is None:
        return
    modules_of_types.update(
        {f"@cdktf/provider-aws.{_camel_case(name)}": f"{PROVIDER}.{name}" for name in package.__all__}
    )
    node_package.install()
    importlib.import_module(f"{PROVIDER}._jsii")  # loads the JavaScript, not one module of the bindings
    node_package.check()


def _modules_of_types() -> MutableMapping[str, str]:
    """Find jsii's table of the module to import for a type that it meets before Python has imported it.

    Another package's JavaScript may create an AWS resource and hand it to Python. Bindings generated today bring their
    part of the table along; those of cdktf 0.21 rely on everything having been imported.

    Raises:
        NotLazyError: jsii is too old to import on demand.
    """
    modules: MutableMapping[str, str] | None = getattr(_reference_map, "_submodule_fqn_map", None)
    if modules is None:
        message = f"jsii {jsii.__version__} cannot import the module of a type on demand, as jsii 1.142 can"
        raise NotLazyError(message)
    return modules


def _camel_case(name: str) -> str:
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), name)
