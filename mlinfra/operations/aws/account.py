"""Access to the AWS account of an environment, after a check of the credentials, and AWS errors as messages."""

from __future__ import annotations

import ipaddress
import os
import re
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)

from mlinfra.command import own_command
from mlinfra.errors import OperationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import boto3

    from mlinfra.declarations import Environment

_DENIAL = re.compile("Denied|Unauthorized|NotAuthorized|Authorization|Forbidden|^403$")
"""The codes of missing permissions, such as AccessDeniedException and UnauthorizedOperation: services differ."""
_NO_LONGER_VALID = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)


@dataclass(frozen=True)
class AwsAccount:
    """The account of an environment, with credentials for it."""

    session: boto3.session.Session
    account_id: str
    caller: str
    """The ARN of the principal."""

    def in_region(self, region: str) -> AwsAccount:
        """The same account and credentials, for requests to another region."""
        import boto3  # commands that do not use AWS start without it

        return replace(self, session=boto3.session.Session(region_name=region))

    def client(self, service: str) -> Any:  # noqa: ANN401  boto3 makes its clients at run time
        """The boto3 client of `service` in the environment's region, or that of `in_region`."""
        return self.session.client(service)


def account_of(environment: Environment) -> AwsAccount:
    """The account of an environment, after a check that the credentials belong to it.

    Raises:
        OperationError: if there are no credentials, they have expired, or they belong to another account.
    """
    if environment.emulated and not os.environ.get("AWS_ENDPOINT_URL"):
        mlinfra = own_command()
        message = (
            f"The environment {environment.name!r} is emulated, and AWS_ENDPOINT_URL does not contain the address of a "
            f'local AWS. Start one and connect this shell: {mlinfra} local up && eval "$({mlinfra} local env)"'
        )
        raise OperationError(message)
    import boto3  # commands that do not use AWS start without it

    with aws_errors_explained():
        session = boto3.session.Session(region_name=environment.region)
        identity = session.client("sts").get_caller_identity()
    if identity["Account"] != environment.account_id:
        message = (
            f"Your AWS credentials belong to account {identity['Account']} ({identity['Arn']}), and the environment "
            f"{environment.name!r} is in account {environment.account_id}. Nothing was changed. Use credentials of "
            f"{environment.account_id}, such as another AWS_PROFILE, or correct account_id in "
            f"environments/{environment.name}.py."
        )
        raise OperationError(message)
    return AwsAccount(session, identity["Account"], identity["Arn"])


def reachable(environments: Sequence[Environment]) -> tuple[Environment, ...]:
    """The environments in the account of the current credentials.

    Raises:
        OperationError: if there are no credentials, or they belong to no environment's account.
    """
    import boto3

    with aws_errors_explained():
        identity = boto3.session.Session(region_name=environments[0].region).client("sts").get_caller_identity()
    is_local = endpoint_is_on_this_machine()
    found = tuple(each for each in environments if each.account_id == identity["Account"] and each.emulated == is_local)
    if not found:
        known = ", ".join(f"{each.name} ({each.account_id})" for each in environments)
        message = (
            f"Your AWS credentials belong to account {identity['Account']} ({identity['Arn']}), which is not the "
            f"account of a declared environment: {known}. Use credentials of one of them, such as another AWS_PROFILE."
        )
        raise OperationError(message)
    return found


def outside(names: Iterable[str]) -> str:
    """The environments that a command leaves out because `reachable` does not contain them, with that reason.

    Args:
        names: the names of the environments.
    """
    where = "not on the local AWS in use" if endpoint_is_on_this_machine() else "not in the AWS account in use"
    return f"{', '.join(names)}, {where}"


def endpoint_is_on_this_machine() -> bool:
    """True if AWS_ENDPOINT_URL is an address of this machine, as for a local AWS."""
    host = urlsplit(os.environ.get("AWS_ENDPOINT_URL", "")).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


@contextmanager
def aws_errors_explained() -> Iterator[None]:
    """Convert errors of boto3 inside the block into an OperationError with the remedy.

    Raises:
        OperationError: if AWS denies a request, cannot be reached, or there are no credentials.
    """
    try:
        yield
    except (NoCredentialsError, PartialCredentialsError) as error:
        message = f"There are no AWS credentials ({error}). Log in, such as with `aws sso login`, or set AWS_PROFILE."
        raise OperationError(message) from error
    except ProfileNotFound as error:
        message = f"{error}. Set AWS_PROFILE to a profile that `aws configure list-profiles` prints."
        raise OperationError(message) from error
    except (SSOError, TokenRetrievalError) as error:
        message = f"Your AWS login has expired ({error}). Log in again: aws sso login"
        raise OperationError(message) from error
    except (EndpointConnectionError, ConnectTimeoutError) as error:
        message = f"AWS cannot be reached ({error}). Check the network connection and the region."
        raise OperationError(message) from error
    except ClientError as error:
        raise OperationError(_rejection(error)) from error
    except BotoCoreError as error:
        message = f"The request to AWS failed: {error}"
        raise OperationError(message) from error


def _rejection(error: ClientError) -> str:
    code = error.response["Error"].get("Code", "")
    text = error.response["Error"].get("Message", "")
    if code in _NO_LONGER_VALID:
        return f"Your AWS credentials are invalid or have expired ({code}: {text}). Log in again."
    refused = f"AWS refused {error.operation_name} ({code}: {text})."
    return f"{refused} The credentials require permission for it." if _DENIAL.search(code) else refused
