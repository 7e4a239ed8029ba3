"""Environment variables of programs that use the local AWS."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import boto3
import pytest

from mlinfra.local_aws.client_variables import client_variables
from mlinfra.variables import in_force

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.local_aws.server import LocalAws

pytestmark = pytest.mark.local_aws


def test_real_credentials_are_removed(mlinfra_local_aws: LocalAws) -> None:
    present = {
        "AWS_PROFILE": "prod",
        "AWS_SESSION_TOKEN": "real",
        "AWS_ENDPOINT_URL_SSM": "https://ssm.example.com",
        "AWS_CA_BUNDLE": "/etc/ssl/ca.pem",
        "PATH": "/bin",
    }
    changes = client_variables(mlinfra_local_aws, present=present)
    after = {name: value for name, value in {**present, **changes}.items() if value is not None}
    assert not after.keys() & {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_SSM", "AWS_CA_BUNDLE"}
    assert after["AWS_SHARED_CREDENTIALS_FILE"] == after["AWS_CONFIG_FILE"] == os.devnull
    assert after["AWS_ENDPOINT_URL"] == mlinfra_local_aws.endpoint


def test_loopback_is_excluded_from_proxies(mlinfra_local_aws: LocalAws) -> None:
    present = {"http_proxy": "http://proxy.invalid:3128", "no_proxy": "example.com"}
    assert client_variables(mlinfra_local_aws, present=present)["no_proxy"] == "example.com,127.0.0.1"


def test_boto3_uses_the_local_aws_despite_the_users_settings(
    mlinfra_local_aws: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text("[default]\nendpoint_url = http://127.0.0.1:9\nregion = eu-west-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "nowhere")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with in_force(client_variables(mlinfra_local_aws)):
        assert boto3.client("sts").get_caller_identity()["Account"] == "123456789012"
