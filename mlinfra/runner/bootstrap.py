"""Start of the runner in a container of AWS Batch: downloads it and becomes it.

Its source is the command of job definitions (`python3 -c`), so that images need Python 3.9 and nothing else: it imports
the standard library only. It must not contain the name of a parameter of AWS Batch, which is replaced in commands.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import io
import json
import os
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_CONTAINER_SERVICE = "http://169.254.170.2"  # ECS developer guide, "Task IAM role", read 2026-11-29
_TRIES = 5


def credentials() -> list[str]:
    """The access key, secret key and token of the task, or of the environment."""
    path = os.environ.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
    full = os.environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI")
    if not path and not full:
        return [os.environ.get(f"AWS_{each}", "") for each in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN")]
    token = os.environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN")
    address = full or f"{_CONTAINER_SERVICE}{path}"
    request = urllib.request.Request(address, headers={"Authorization": token} if token else {})  # noqa: S310
    with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
        values = json.load(answer)
    return [values["AccessKeyId"], values["SecretAccessKey"], values.get("Token", "")]


def signed_request(bucket: str, key: str, region: str, keys: list[str], now: dt.datetime) -> urllib.request.Request:
    """A GET for an object, signed with Signature Version 4.

    Source: S3 API reference, "Authenticating Requests: Using the Authorization Header", read 2026-11-29.
    """
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    path = "/" + urllib.parse.quote(key, safe="/-_.~")
    if endpoint:
        address, path = endpoint.rstrip("/"), f"/{bucket}{path}"
    else:
        address = f"https://{bucket}.s3.{region}.amazonaws.com"
    empty = hashlib.sha256(b"").hexdigest()
    moment = now.strftime("%Y%m%dT%H%M%SZ")
    headers = {"host": urllib.parse.urlsplit(address).netloc, "x-amz-content-sha256": empty, "x-amz-date": moment}
    if keys[2]:
        headers["x-amz-security-token"] = keys[2]
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    scope = f"{moment[:8]}/{region}/s3/aws4_request"
    digest = hashlib.sha256(f"GET\n{path}\n\n{lines}\n{names}\n{empty}".encode()).hexdigest()
    signing = ("AWS4" + keys[1]).encode()
    for part in (moment[:8], region, "s3", "aws4_request"):
        signing = hmac.new(signing, part.encode(), hashlib.sha256).digest()
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{digest}"
    signature = hmac.new(signing, text.encode(), hashlib.sha256).hexdigest()
    signed = f"Credential={keys[0]}/{scope}, SignedHeaders={names}, Signature={signature}"
    headers["Authorization"] = f"AWS4-HMAC-SHA256 {signed}"
    return urllib.request.Request(address + path, headers=headers)  # noqa: S310


def fetch(bucket: str, key: str, region: str, sha256: str, sleep: Callable[[float], None] = time.sleep) -> bytes:
    """The verified content of an object."""
    for attempt in range(1, _TRIES + 1):
        try:
            now = dt.datetime.now(dt.timezone.utc)
            request = signed_request(bucket, key, region, credentials(), now)
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                data = bytes(answer.read())
        except (OSError, ValueError) as error:
            refused = isinstance(error, urllib.error.HTTPError) and error.code < 500  # noqa: PLR2004
            if attempt == _TRIES or refused:
                why = error.read(300).decode("utf-8", "replace") if isinstance(error, urllib.error.HTTPError) else ""
                sys.exit(f"mlinfra: the runner {bucket}/{key} cannot be downloaded: {error} {why}")
            sleep(2**attempt)
            continue
        if hashlib.sha256(data).hexdigest() == sha256:
            return data
        sys.exit(f"mlinfra: the runner {bucket}/{key} is not the submitted one")
    raise AssertionError


def main() -> None:
    """Download the runner and become it."""
    if sys.version_info < (3, 9):  # noqa: UP036  the Python of the image
        sys.exit(f"mlinfra: the image has Python {sys.version.split()[0]}, and 3.9 or later is required")
    given = os.environ
    data = fetch(
        given["MLINFRA_BUCKET"], given["MLINFRA_RUNNER_KEY"], given["MLINFRA_REGION"], given["MLINFRA_RUNNER_SHA256"]
    )
    folder = tempfile.mkdtemp(prefix="mlinfra-runner-")
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        archive.extractall(folder)  # noqa: S202  its digest is that of the submitted archive
    # The path of the image stays last: a library of the image must not replace one of the runner.
    path = os.pathsep.join(each for each in (folder, given.get("PYTHONPATH")) if each)
    os.execve(  # noqa: S606
        sys.executable,
        [sys.executable, "-m", "mlinfra.runner.batch"],
        {**given, "PYTHONPATH": path, "MLINFRA_OWN_PYTHONPATH": given.get("PYTHONPATH", "")},
    )


if __name__ == "__main__":
    main()
