from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from mlinfra.errors import OperationError
from mlinfra.operations.aws.account import account_of, aws_errors_explained, outside
from tests.conftest import an_environment

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.local_aws.server import LocalAws

HERE = an_environment(account_id="123456789012")


@pytest.mark.usefixtures("local_aws")
def test_credentials_of_the_environments_account_are_accepted() -> None:
    account = account_of(HERE)
    assert account.account_id == "123456789012"
    assert account.caller == "arn:aws:sts::123456789012:user/moto"
    assert account.client("s3").meta.region_name == "us-east-1"


@pytest.mark.usefixtures("local_aws")
def test_credentials_of_another_account_are_refused() -> None:
    with pytest.raises(OperationError) as refused:
        account_of(an_environment(account_id="111111111111"))
    assert refused.value.message == (
        "Your AWS credentials belong to account 123456789012 (arn:aws:sts::123456789012:user/moto), and the "
        "environment 'dev' is in account 111111111111. Nothing was changed. Use credentials of 111111111111, such as "
        "another AWS_PROFILE, or correct account_id in environments/dev.py."
    )


@pytest.fixture
def no_credentials(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")


@pytest.mark.usefixtures("no_credentials")
def test_no_credentials_at_all() -> None:
    with pytest.raises(OperationError, match=r"There are no AWS credentials .*`aws sso login`, or set AWS_PROFILE"):
        account_of(HERE)


@pytest.mark.usefixtures("no_credentials")
def test_half_of_the_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    with pytest.raises(OperationError, match="There are no AWS credentials"):
        account_of(HERE)


@pytest.mark.usefixtures("local_aws")
def test_a_profile_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(OperationError, match=r"\(nobody\) could not be found\. Set AWS_PROFILE to a profile that"):
        account_of(HERE)


@pytest.mark.usefixtures("no_credentials")
def test_a_login_that_has_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "aws").write_text(
        "[profile work]\nsso_session = s\nsso_account_id = 123456789012\nsso_role_name = r\n"
        "[sso-session s]\nsso_start_url = https://sso.invalid/start\nsso_region = us-east-1\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_PROFILE", "work")
    with pytest.raises(OperationError, match=r"Your AWS login has expired .* Log in again: aws sso login"):
        account_of(HERE)


@pytest.mark.usefixtures("local_aws")
def test_an_aws_that_cannot_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(OperationError, match=r"AWS cannot be reached \(.*http://127\.0\.0\.1:9"):
        account_of(HERE)


def test_a_local_environment_without_its_local_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with pytest.raises(OperationError) as refused:
        account_of(an_environment(name="local", emulated=True))
    assert refused.value.message.endswith('mlinfra local env)"')


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ExpiredToken", r"Your AWS credentials are invalid or have expired \(ExpiredToken: no\)\. Log in again\."),
        ("AccessDenied", r"AWS refused ListKeys \(AccessDenied: no\)\. The credentials require permission for it\."),
        ("UnauthorizedOperation", r"AWS refused ListKeys .* The credentials require permission for it\."),
        ("ResourceNotFoundException", r"^AWS refused ListKeys \(ResourceNotFoundException: no\)\.$"),
    ],
)
def test_an_error_names_the_call_that_was_refused(code: str, expected: str) -> None:
    # The local AWS lets everybody do everything.
    with pytest.raises(OperationError, match=expected), aws_errors_explained():
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, "ListKeys")


@pytest.mark.parametrize(
    ("endpoint", "where"),
    [("http://127.0.0.1:5000", "not on the local AWS in use"), ("", "not in the AWS account in use")],
)
def test_environments_that_are_left_out_are_named_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, endpoint: str, where: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    assert outside(["dev", "prod"]) == f"dev, prod, {where}"
