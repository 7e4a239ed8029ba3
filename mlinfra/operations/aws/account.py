"""Talking to the AWS account of an environment, and being sure that it is that account."""

from __future__ import annotations

import ipaddress
import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
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
    from collections.abc import Iterator, Sequence

    from mlinfra.declarations import Environment

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
    """The account of an environment, reached with credentials that belong to it."""

    session: boto3.session.Session
    account_id: str
    caller: str
    """Whose credentials these are, as an ARN."""

    def client(self, service: str) -> Any:  # noqa: ANN401  boto3 makes its clients at run time
        """The boto3 client of `service` in the environment's region."""
        return self.session.client(service)


def account_of(environment: Environment) -> AwsAccount:
    """The environment's account, once the credentials at hand turn out to be of that account.

    Raises:
        OperationError: where there are no credentials, they are no longer valid, or they belong to
            another account.
    """
    if environment.emulated and not os.environ.get("AWS_ENDPOINT_URL"):
        mlinfra = own_command()
        message = (
            f"The environment {environment.name!r} lives in a local AWS, and AWS_ENDPOINT_URL does not say where that "
            f'is. Start one and point this shell at it: {mlinfra} local up && eval "$({mlinfra} local env)"'
        )
        raise OperationError(message)
    with in_users_terms():
        session = boto3.session.Session(region_name=environment.region)
        identity = session.client("sts").get_caller_identity()
    if identity["Account"] != environment.account_id:
        message = (
            f"Your AWS credentials are of account {identity['Account']} ({identity['Arn']}), and the environment "
            f"{environment.name!r} is account {environment.account_id}. Nothing was touched. Use credentials of "
            f"{environment.account_id}, such as another AWS_PROFILE."
        )
        raise OperationError(message)
    return AwsAccount(session, identity["Account"], identity["Arn"])


def reachable(environments: Sequence[Environment]) -> tuple[Environment, ...]:
    """Those of `environments` that the credentials at hand belong to.

    Raises:
        OperationError: where there are no credentials, or they belong to none of them.
    """
    with in_users_terms():
        identity = boto3.session.Session(region_name=environments[0].region).client("sts").get_caller_identity()
    is_local = endpoint_is_on_this_machine()
    found = tuple(each for each in environments if each.account_id == identity["Account"] and each.emulated == is_local)
    if not found:
        known = ", ".join(f"{each.name} ({each.account_id})" for each in environments)
        message = (
            f"Your AWS credentials are of account {identity['Account']} ({identity['Arn']}), which is that of no "
            f"environment: {known}. Use credentials of one of them, such as another AWS_PROFILE."
        )
        raise OperationError(message)
    return found


def endpoint_is_on_this_machine() -> bool:
    """Whether AWS is asked at an address of this machine, as a local AWS is."""
    host = urlsplit(os.environ.get("AWS_ENDPOINT_URL", "")).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


@contextmanager
def in_users_terms() -> Iterator[None]:
    """Raise what boto3 raises inside as an OperationError that says what to do.

    Raises:
        OperationError: where AWS refuses, cannot be reached, or there are no credentials.
    """
    try:
        yield
    except (NoCredentialsError, PartialCredentialsError) as error:
        message = f"There are no AWS credentials ({error}). Log in, such as with `aws sso login`, or set AWS_PROFILE."
        raise OperationError(message) from error
    except ProfileNotFound as error:
        message = f"{error}. Set AWS_PROFILE to one of those that `aws configure list-profiles` prints."
        raise OperationError(message) from error
    except (SSOError, TokenRetrievalError) as error:
        message = f"Your AWS login has ended ({error}). Log in again: aws sso login"
        raise OperationError(message) from error
    except (EndpointConnectionError, ConnectTimeoutError) as error:
        message = f"AWS cannot be reached: {error}"
        raise OperationError(message) from error
    except ClientError as error:
        raise OperationError(_refusal(error)) from error
    except BotoCoreError as error:
        message = f"AWS cannot be asked: {error}"
        raise OperationError(message) from error


def _refusal(error: ClientError) -> str:
    code = error.response["Error"].get("Code", "")
    text = error.response["Error"].get("Message", "")
    if code in _NO_LONGER_VALID:
        return f"AWS does not accept your credentials ({code}: {text}). Log in again."
    return f"AWS refused {error.operation_name} ({code}: {text}). The credentials need to be allowed to do it."
