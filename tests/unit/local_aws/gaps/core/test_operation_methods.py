"""Methods of operations: the same names as moto's."""

from __future__ import annotations

import pytest
from moto.core.utils import method_names_from_class
from moto.ec2.responses import EC2Response
from moto.iam.responses import IamResponse
from moto.s3.responses import S3Response

from mlinfra.local_aws.gaps.core.operation_methods import MethodNames


@pytest.mark.parametrize("owner", [EC2Response, IamResponse, S3Response])
def test_the_names_are_those_of_moto(owner: type) -> None:
    names = MethodNames(owner)
    assert {name for name in dir(owner) if name in names} == set(method_names_from_class(owner))


def test_other_attributes_and_unknown_names_are_not_operations() -> None:
    names = MethodNames(EC2Response)
    assert "run_instances" in names
    assert [name for name in ("aws_service_spec", "ec2_backend", "mro", "run_nothing") if name in names] == []
