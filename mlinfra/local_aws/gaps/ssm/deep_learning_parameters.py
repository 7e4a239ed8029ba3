"""Gap: public SSM parameters with the ids of Amazon's Deep Learning AMIs.

moto has the parameters of Amazon Linux and ECS, and loads them when a name below their path is first
requested; this gap loads its parameters in the same way. Source: AWS Deep Learning AMIs developer guide,
"Finding the ID of a DLAMI"; AWS Neuron documentation, "Neuron DLAMI User Guide"; Systems Manager user guide,
"Discovering public parameters"; read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.core.utils import utcnow
from moto.ssm.models import Parameter, ParameterDict

from mlinfra.local_aws.mechanisms.extending import wrap
from mlinfra.local_aws.seed import deep_learning_parameters

if TYPE_CHECKING:
    from collections.abc import Callable

_PREFIXES = ("/aws/service/deeplearning", "/aws/service/neuron")


def is_open() -> bool:
    """True if moto has no parameters of the Deep Learning AMIs."""
    return next(iter(deep_learning_parameters("us-east-1"))) not in ParameterDict("123456789012", "us-east-1")


def close() -> None:
    """Close the gap: load the parameters when a name below their path is first requested."""
    wrap(ParameterDict, "_check_loading_status", _check_loading_status)


def _check_loading_status(original: Callable[..., None], parameters: ParameterDict, key: str) -> None:
    original(parameters, key)
    if not str(key or "").startswith(_PREFIXES):
        return
    for name, image_id in deep_learning_parameters(parameters.region_name).items():
        # `setdefault` and `in` of moto's dictionary would start the loading again.
        if dict.__contains__(parameters, name):
            continue
        parameter = Parameter(  # type: ignore[abstract]  # as moto does
            account_id=parameters.account_id,
            name=name,
            value=image_id,
            parameter_type="String",
            description=None,
            allowed_pattern=None,
            keyid=None,
            last_modified_date=utcnow(),
            version=1,
            data_type="aws:ec2:image",
        )
        dict.__setitem__(parameters, name, [parameter])
