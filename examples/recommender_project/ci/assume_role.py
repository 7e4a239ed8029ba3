"""Exchange the token of a pipeline's job for credentials of a role.

    python3 -I -c "$(git cat-file blob <default branch>:ci/assume_role.py)" <role ARN> <seconds>

Writes shell lines for `eval`. Runs on the system's Python and imports only the standard library: a job that can obtain
a token for AWS runs no installed package before the exchange. Pipelines read this file from the default branch,
which a merge request cannot change.
"""

import json
import os
import re
import shlex
import sys
import urllib.error
import urllib.parse
import urllib.request
from xml.etree import ElementTree as ET

# The pattern of a role's ARN, whose partition determines the address of STS.
_ROLE = r"arn:(aws|aws-cn|aws-us-gov):iam::[0-9]{12}:role/[\w+=,.@/-]+"
_DOMAINS = {"aws-cn": "amazonaws.com.cn"}
_TIMEOUT_S = 30
_VERSION = "2011-06-15"  # of the STS API: botocore, sts/2011-06-15/service-2.json
_VARIABLES = {
    "AccessKeyId": "AWS_ACCESS_KEY_ID",
    "SecretAccessKey": "AWS_SECRET_ACCESS_KEY",
    "SessionToken": "AWS_SESSION_TOKEN",
}
_TOKENS = ("MLINFRA_ID_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL")


def main(role_arn: str, seconds: str) -> str:
    """Return shell lines that set the credentials of the role and unset the token.

    Args:
        role_arn: the ARN of the role.
        seconds: the duration of the session, at most the role's maximum.
    """
    matched = re.fullmatch(_ROLE, role_arn)
    if not matched:
        sys.exit(
            f"{role_arn!r} is not the ARN of a role, so this job gets no credentials. Set the variables DEV_PLAN_ROLE, "
            f"DEV_DRIFT_ROLE, DEV_APPLY_ROLE and those of the other environments: docs/pipelines.md."
        )
    region = os.environ.get("AWS_REGION")
    if not region:
        sys.exit("AWS_REGION is not set, so STS has no address. Set the variable: docs/pipelines.md.")
    domain = _DOMAINS.get(matched.group(1), "amazonaws.com")
    address = os.environ.get("AWS_ENDPOINT_URL_STS") or f"https://sts.{region}.{domain}"
    parameters = {
        "Action": "AssumeRoleWithWebIdentity",
        "Version": _VERSION,
        "RoleArn": role_arn,
        "RoleSessionName": _session_name(),
        "WebIdentityToken": _token(),
        "DurationSeconds": seconds,
    }
    try:
        answer = ET.fromstring(_read(address, data=urllib.parse.urlencode(parameters).encode()))  # noqa: S314  AWS's answer
    except urllib.error.HTTPError as error:
        sys.exit(
            f"STS refused the token of this job for {role_arn}: {_reason(error.read())} The role trusts the declared "
            f"project and, except for plans, the declared branch: docs/pipelines.md."
        )
    values = {variable: answer.findtext(f".//{{*}}{name}") or "" for name, variable in _VARIABLES.items()}
    if os.environ.get("GITHUB_ACTIONS"):
        for value in values.values():
            print(f"::add-mask::{value}", file=sys.stderr)  # noqa: T201  a command to the runner
    lines = [f"export {variable}={shlex.quote(value)}" for variable, value in values.items()]
    return "\n".join([*lines, *(f"unset {name}" for name in _TOKENS)])


def _token() -> str:
    """The token of this job: a variable in GitLab, the answer to a request in GitHub."""
    given = os.environ.get("MLINFRA_ID_TOKEN")
    if given:
        return given
    url = os.environ.get("ACTIONS_ID_TOKEN_REQUEST_URL")
    if not url:
        sys.exit(
            "This job has no token, so it gets no credentials. Expected: id_tokens with MLINFRA_ID_TOKEN in GitLab, or "
            "the permission id-token: write in GitHub."
        )
    authorization = {"Authorization": f"Bearer {os.environ['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"}
    return str(json.loads(_read(f"{url}&audience=sts.amazonaws.com", headers=authorization))["value"])


def _session_name() -> str:
    """A name of the session that CloudTrail records: the pipeline and the job."""
    environment = os.environ
    if "CI_PIPELINE_ID" in environment:
        return f"gitlab-{environment['CI_PIPELINE_ID']}-{environment.get('CI_JOB_ID', '0')}"
    return f"github-{environment.get('GITHUB_RUN_ID', '0')}-{environment.get('GITHUB_RUN_ATTEMPT', '1')}"


def _read(url: str, *, data: "bytes | None" = None, headers: "dict[str, str] | None" = None) -> bytes:
    request = urllib.request.Request(url, data=data, headers=headers or {})  # noqa: S310  addresses of AWS and GitHub
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
        content: bytes = answer.read()
    return content


def _reason(body: bytes) -> str:
    """The message of an error of STS, or its beginning if it has none."""
    text = body.decode(errors="replace")
    found = re.search(r"<Message>(.*?)</Message>", text, re.DOTALL)
    return found.group(1).strip() if found else text[:200]


if __name__ == "__main__":
    if len(sys.argv) != 3:  # noqa: PLR2004  the role and the duration
        sys.exit("Expected: the ARN of a role and a duration in seconds.")
    print(main(sys.argv[1], sys.argv[2]))  # noqa: T201  a shell reads it
