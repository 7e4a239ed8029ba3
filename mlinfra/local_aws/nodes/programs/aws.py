"""The command `aws`: any operation of botocore's models, and `aws s3 cp`, with the credentials of the node."""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Any, Final

import boto3
import jmespath
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, UnknownServiceError

from mlinfra.local_aws.nodes.programs.answers import Answer, refused
from mlinfra.local_aws.nodes.programs.aws_arguments import UsageError, global_options, parameters
from mlinfra.local_aws.nodes.programs.aws_output import as_json, as_text

if TYPE_CHECKING:
    from mlinfra.local_aws.nodes.node import Node
    from mlinfra.local_aws.nodes.programs.answers import Call

_SERVICE_ERROR: Final = 254
_USAGE: Final = 252
_CONFIGURATION: Final = 253
_OTHER: Final = 255
"""Exit statuses. Source: AWS CLI user guide, "Command line return codes in the AWS CLI", read 2026-11-29."""
_S3_ERROR: Final = 1
"""Of `aws s3`: a transfer failed."""
_NAMES: Final = {"s3api": "s3", "deploy": "codedeploy", "configservice": "config"}
"""Services that the AWS CLI names in another way than boto3."""
_LOCK: Final = threading.Lock()


class NoCredentialsError(Exception):
    """A node without a role."""


def run(node: Node, call: Call) -> Answer:
    """Execute a command line of the AWS CLI."""
    try:
        return _execute(node, call)
    except UsageError as error:
        return refused("aws", f"[ERROR]: {error}", _USAGE)
    except NoCredentialsError:
        return Answer(errors="Unable to locate credentials.\n", status=_CONFIGURATION)
    except ClientError as error:
        return Answer(errors=f"\n{error}\n", status=_S3_ERROR if call.arguments[:1] == ("s3",) else _SERVICE_ERROR)
    except (BotoCoreError, OSError) as error:
        return Answer(errors=f"\n{error}\n", status=_OTHER)


def _execute(node: Node, call: Call) -> Answer:
    options, words = global_options(call.arguments)
    if words == ["--version"]:
        return Answer("aws-cli/2 (local AWS)\n")
    if len(words) < 2:  # noqa: PLR2004  a service and an operation
        message = "the following arguments are required: command, operation"
        raise UsageError(message)
    region = options.get("region") or call.variables.get("AWS_REGION") or call.variables.get("AWS_DEFAULT_REGION")
    if not region:
        return Answer(errors="You must specify a region.\n", status=_CONFIGURATION)
    if words[0] == "s3":
        return _s3(node, call, words[1:], region)
    return _operation(node, call, words, options, region)


def _operation(node: Node, call: Call, words: list[str], options: dict[str, str], region: str) -> Answer:
    service, command, *arguments = words
    client = client_of(node, _NAMES.get(service, service), region)
    method = command.replace("-", "_")
    name = client.meta.method_to_api_mapping.get(method)
    if name is None:
        raise UsageError(f"argument operation: Invalid choice: {command}")  # noqa: EM102, TRY003
    model = client.meta.service_model.operation_model(name)
    # The content of an answer, such as that of an object, goes to a file.
    file = call.path(arguments.pop()) if model.has_streaming_output and arguments else None
    asked = parameters(model, arguments, call.path)
    if client.can_paginate(method) and "no-paginate" not in options:
        answer = client.get_paginator(method).paginate(**asked).build_full_result()
    else:
        answer = getattr(client, method)(**asked)
        answer.pop("ResponseMetadata", None)
    if model.has_streaming_output:
        content = answer.pop(model.output_shape.serialization["payload"])
        (file or call.path("outfile")).write_bytes(content.read())
    if "query" in options:
        answer = jmespath.search(options["query"], answer)
    return Answer(as_text(answer) if options.get("output") == "text" else as_json(answer))


def client_of(node: Node, service: str, region: str) -> Any:  # noqa: ANN401  boto3 has no types
    """A client with the credentials of a node.

    Args:
        node: the node.
        service: the name of the service.
        region: the region.

    Raises:
        NoCredentialsError: if the node has no role.
        UsageError: if the service is unknown.
    """
    credentials = node.instance.credentials()
    if credentials is None:
        raise NoCredentialsError
    key = (credentials.access_key, credentials.secret_key, credentials.token)
    # A session of boto3 is not safe to be used by several threads.
    with _LOCK:
        try:
            return _client(service, region, node.endpoint, key)
        except UnknownServiceError:
            raise UsageError(f"argument command: Invalid choice: {service}") from None  # noqa: EM102, TRY003


@functools.lru_cache(maxsize=200)
def _client(service: str, region: str, endpoint: str, key: tuple[str, str, str]) -> Any:  # noqa: ANN401
    access, secret, token = key
    return _session().client(
        service,
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id=access,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(s3={"addressing_style": "path"}, retries={"mode": "standard"}, proxies={}),
    )


@functools.cache
def _session() -> Any:  # noqa: ANN401
    return boto3.session.Session()


def _s3(node: Node, call: Call, words: list[str], region: str) -> Answer:
    """`aws s3 cp` of one object or file. Other commands are refused."""
    command, *others = words
    paths = [each for each in others if not each.startswith("--")]
    options = [each for each in others if each.startswith("--")]
    known = {"--quiet", "--only-show-errors", "--no-progress"}
    if command != "cp" or len(paths) != 2 or not set(options) <= known:  # noqa: PLR2004
        return refused("aws", f"the local AWS has no 's3 {' '.join(words)}'. Expected: s3 cp FILE S3-URI", _USAGE)
    client = client_of(node, "s3", region)
    source, target = paths
    if source.startswith("s3://"):
        bucket, _, key = source.removeprefix("s3://").partition("/")
        content = client.get_object(Bucket=bucket, Key=key)["Body"].read()
        if target == "-":
            return Answer(content)
        file = call.path(target)
        (file / key.rpartition("/")[2] if file.is_dir() else file).write_bytes(content)
    elif target.startswith("s3://"):
        bucket, _, key = target.removeprefix("s3://").partition("/")
        if not key or key.endswith("/"):
            key += source.rpartition("/")[2]
        client.put_object(Bucket=bucket, Key=key, Body=call.path(source).read_bytes())
    else:
        return refused("aws", "Invalid argument type: one of both paths must be an S3 URI", _USAGE)
    quiet = {"--quiet", "--only-show-errors"} & set(options)
    kind = "download" if source.startswith("s3://") else "upload"
    return Answer("" if quiet else f"{kind}: {source} to {target}\n")
