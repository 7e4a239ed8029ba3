"""Exchange the job's token for credentials of a role: `eval "$(python ci/gitlab/assume_role.py dev plan)"`.

AWS's SDKs do the same automatically, for an hour at most. An apply may take longer; if its session ends, the state
stays locked.
"""

from __future__ import annotations

import os
import sys

import boto3
from botocore import UNSIGNED
from botocore.config import Config

from mlinfra.declarations import load_environments
from mlinfra.operations.terraform import project_root
from mlinfra.variables import shell_lines

_HOUR_S = 3600


def main(name: str, use: str) -> str:
    """Shell lines that set the credentials of the role that plans or applies the environment `name`."""
    (environment,) = load_environments(project_root(), only=name, judged=False)
    pipeline = environment.pipeline
    if pipeline is None or use not in {"plan", "apply"}:
        sys.exit(f"{name} has no pipeline that could {use} it. Expected: pipeline=Pipeline(...), and plan or apply.")
    sts = boto3.client("sts", region_name=environment.region, config=Config(signature_version=UNSIGNED))
    credentials = sts.assume_role_with_web_identity(
        RoleArn=environment.names.ci_role_arn("plan" if use == "plan" else "apply"),
        RoleSessionName=f"gitlab-{os.environ.get('CI_PIPELINE_ID', 'local')}-{os.environ.get('CI_JOB_ID', '0')}",
        WebIdentityToken=os.environ["MLINFRA_ID_TOKEN"],
        DurationSeconds=_HOUR_S * (1 if use == "plan" else pipeline.apply_session_hours),
    )["Credentials"]
    return shell_lines(
        {
            "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
            "AWS_SESSION_TOKEN": credentials["SessionToken"],
        }
    )


if __name__ == "__main__":
    print(main(*sys.argv[1:3]))  # noqa: T201  a shell reads it
