"""Gap: execution of Python functions, each in a process of its own on this machine.

moto runs functions in Docker only. The local AWS runs a function with its own interpreter, whatever the
runtime version, with boto3 as in AWS's runtime, the function's environment variables, and the local AWS as
its endpoint. Memory limits and layers are not supported. Source: Lambda developer guide, "Define Lambda
function handler in Python" and "Using Lambda environment variables", read 2026-11-24.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import threading
import zipfile
from typing import TYPE_CHECKING, Any

from moto.awslambda.models import LambdaFunction

from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable

    Answer = tuple[str, bool, str]
    """The result of a function, True if it is an error, and the output of the function."""

_RUNNER = """
import importlib.machinery, importlib.util, json, sys, traceback, types
sys.path.insert(0, sys.argv[1])
module, _, name = sys.argv[2].rpartition(".")
# An installed package takes precedence over a deployed folder of the same name without __init__.py: reverse that.
top = module.replace("/", ".").partition(".")[0]
deployed = importlib.machinery.PathFinder.find_spec(top, [sys.argv[1]])
if deployed and deployed.loader is None:
    sys.modules[top] = importlib.util.module_from_spec(deployed)
context = types.SimpleNamespace(function_name=sys.argv[3], aws_request_id=sys.argv[4])
answer = sys.stdout
sys.stdout = sys.stderr
try:
    result = getattr(importlib.import_module(module.replace("/", ".")), name)(json.load(sys.stdin), context)
except Exception as error:
    traceback.print_exc()
    json.dump({"errorMessage": str(error), "errorType": type(error).__name__}, answer)
    sys.exit(1)
json.dump(result, answer)
"""


def is_open() -> bool:
    """True if moto requires Docker."""
    return any("docker" in name for name in LambdaFunction._invoke_lambda.__code__.co_names)  # noqa: SLF001


def close() -> None:
    """Close the gap: run functions on this machine."""
    wrap(LambdaFunction, "_invoke_lambda", _run)
    wrap(LambdaFunction, "invoke", _invoke)


def _invoke(
    original: Callable[..., str | bytes],
    function: LambdaFunction,
    body: str,
    request_headers: dict[str, str],
    response_headers: dict[str, str],
) -> str | bytes:
    """Answer at once for asynchronous invocations. Callers inside moto, such as a rule, send no headers."""
    headers = {name.lower(): value for name, value in dict(request_headers or {}).items()}
    kind = headers.get("x-amz-invocation-type", "RequestResponse" if headers else "Event")
    if kind == "DryRun":
        return ""
    if kind == "RequestResponse":
        return original(function, body, request_headers, response_headers)
    threading.Thread(target=original, args=(function, body, {}, {}), daemon=True).start()
    return ""


def _run(original: Callable[..., Answer], function: Any, event: object = None) -> Answer:  # noqa: ANN401  moto's
    if not str(function.run_time).startswith("python"):
        return original(function, event)
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(io.BytesIO(function.code_bytes)) as package:
            package.extractall(folder)
        answer, failed, written = _in_a_process(function, folder, event)
    function.logs_backend.ensure_log_group(function.logs_group_name)
    function.save_logs(written)
    return answer, failed, written


def _in_a_process(function: Any, folder: str, event: object) -> Answer:  # noqa: ANN401
    command = [sys.executable, "-c", _RUNNER, folder, function.handler, function.function_name, "local"]
    try:
        ended = subprocess.run(  # noqa: S603    runs the deployed function
            command,
            input=json.dumps(event or {}),
            env=_variables(function),
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=int(function.timeout),
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        message = f"Task timed out after {error.timeout:.0f} seconds"
        return json.dumps({"errorMessage": message}), True, message
    return ended.stdout, ended.returncode != 0, ended.stderr


def _variables(function: Any) -> dict[str, str]:  # noqa: ANN401
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{os.environ['MOTO_PORT']}",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
        "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
        **function.environment_vars,
    }
