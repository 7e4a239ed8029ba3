"""Requests to a local AWS that enforces IAM."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from tests.unit.local_aws.permissions.statements import ACCOUNT, ROLE, TRUST, Client, allow, deny, policy, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.local_aws


def test_an_administrator_may_do_everything(connect: Callable[..., Client]) -> None:
    connect("s3").create_bucket(Bucket="lake")
    assert connect("sts").get_caller_identity()["Account"] == ACCOUNT


@pytest.mark.parametrize(
    ("service", "call", "code"),
    [
        ("s3", "list_buckets", "InvalidAccessKeyId"),
        ("ec2", "describe_vpcs", "AuthFailure"),
        ("iam", "list_roles", "InvalidClientTokenId"),
        ("dynamodb", "list_tables", "UnrecognizedClientException"),
    ],
)
def test_an_unknown_access_key_is_refused(connect: Callable[..., Client], service: str, call: str, code: str) -> None:
    unknown = {"AccessKeyId": "AKIAUNKNOWNUNKNOWN00", "SecretAccessKey": "x"}
    assert refusal(getattr(connect(service, unknown), call))[0] == code


@pytest.mark.parametrize(
    ("service", "call", "code", "action"),
    [
        ("s3", "list_buckets", "AccessDenied", "s3:ListAllMyBuckets"),
        ("ec2", "describe_vpcs", "UnauthorizedOperation", "ec2:DescribeVpcs"),
        ("iam", "list_roles", "AccessDenied", "iam:ListRoles"),
        ("dynamodb", "list_tables", "AccessDeniedException", "dynamodb:ListTables"),
        ("lambda", "list_functions", "AccessDeniedException", "lambda:ListFunctions"),
        ("cloudwatch", "list_metrics", "AccessDenied", "cloudwatch:ListMetrics"),
        ("sagemaker", "list_domains", "AccessDeniedException", "sagemaker:ListDomains"),
        ("batch", "describe_job_queues", "AccessDeniedException", "batch:DescribeJobQueues"),
    ],
)
def test_a_role_without_policies_is_refused_in_the_form_of_the_service(
    worker: Callable[..., Callable[[str], Client]], service: str, call: str, code: str, action: str
) -> None:
    found, message = refusal(getattr(worker()(service), call))
    assert found.startswith(code)
    expected = (
        f"User: {ROLE} is not authorized to perform: {action} on resource: * because no identity-based policy allows "
        f"the {action} action"
    )
    assert message.lower() == expected.lower()  # names of actions are not case-sensitive


def test_permissions_and_denials_are_evaluated_by_resource(
    connect: Callable[..., Client], worker: Callable[..., Callable[[str], Client]]
) -> None:
    connect("s3").create_bucket(Bucket="lake")
    s3 = worker(
        allow("s3:*", resource="arn:aws:s3:::lake/*"), deny("s3:PutObject", resource="arn:aws:s3:::lake/raw/*")
    )("s3")
    s3.put_object(Bucket="lake", Key="a", Body=b"x")
    assert s3.get_object(Bucket="lake", Key="a")["Body"].read() == b"x"
    code, message = refusal(s3.put_object, Bucket="lake", Key="raw/a", Body=b"x")
    assert (code, message.partition(" with ")[2]) == ("AccessDenied", "an explicit deny in an identity-based policy")
    assert refusal(s3.get_bucket_policy, Bucket="lake")[0] == "AccessDenied"


def test_a_permissions_boundary_limits_a_role(
    connect: Callable[..., Client], worker: Callable[..., Callable[[str], Client]]
) -> None:
    limit = connect("iam").create_policy(PolicyName="limit", PolicyDocument=policy(allow("s3:*")))["Policy"]["Arn"]
    clients = worker(allow("*"), boundary=limit)
    clients("s3").list_buckets()
    code, message = refusal(clients("ec2").describe_vpcs)
    assert code == "UnauthorizedOperation"
    assert message.endswith("because no permissions boundary allows the ec2:DescribeVpcs action")
    version = connect("iam").create_policy_version
    version(PolicyArn=limit, PolicyDocument=policy(allow("*"), deny("s3:ListAllMyBuckets")), SetAsDefault=True)
    clients("ec2").describe_vpcs()
    assert refusal(clients("s3").list_buckets)[1].endswith("with an explicit deny in a permissions boundary")


def test_a_boundary_that_does_not_exist_is_refused(connect: Callable[..., Client]) -> None:
    missing = f"arn:aws:iam::{ACCOUNT}:policy/missing"
    assert refusal(
        connect("iam").create_role,
        RoleName="x",
        AssumeRolePolicyDocument=policy(TRUST),
        PermissionsBoundary=missing,
    ) == ("NoSuchEntity", f"Policy {missing} does not exist or is not attachable.")


def test_roles_are_created_with_the_required_boundary_only(
    connect: Callable[..., Client], worker: Callable[..., Callable[[str], Client]]
) -> None:
    limit = connect("iam").create_policy(PolicyName="limit", PolicyDocument=policy(allow("s3:*")))["Policy"]["Arn"]
    condition = {"StringEquals": {"iam:PermissionsBoundary": limit}}
    iam = worker(allow("iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", Condition=condition))("iam")
    trust = policy(TRUST)
    assert refusal(iam.create_role, RoleName="free", AssumeRolePolicyDocument=trust)[0] == "AccessDenied"
    iam.create_role(RoleName="limited", AssumeRolePolicyDocument=trust, PermissionsBoundary=limit)
    iam.put_role_policy(RoleName="limited", PolicyName="p", PolicyDocument=policy(allow("s3:*")))
    connect("iam").create_role(RoleName="free", AssumeRolePolicyDocument=trust)
    change = {"RoleName": "free", "PolicyName": "p", "PolicyDocument": policy(allow("*"))}
    assert refusal(iam.put_role_policy, **change)[0] == "AccessDenied"


def test_a_role_that_a_function_gets_must_be_passed(worker: Callable[..., Callable[[str], Client]]) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as package:
        package.writestr("f.py", "def handler(event, context): pass")
    function = {
        "FunctionName": "f",
        "Runtime": "python3.13",
        "Handler": "f.handler",
        "Code": {"ZipFile": content.getvalue()},
    }
    passes = allow(
        "iam:PassRole", resource=ROLE, Condition={"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    )
    lambda_ = worker(allow("lambda:*"), passes)("lambda")
    lambda_.create_function(**function, Role=ROLE)
    _, message = refusal(lambda_.create_function, **function, Role=f"arn:aws:iam::{ACCOUNT}:role/admin")
    assert f"is not authorized to perform: iam:PassRole on resource: arn:aws:iam::{ACCOUNT}:role/admin" in message


def test_parameters_tables_and_keys_are_resources(
    connect: Callable[..., Client], worker: Callable[..., Callable[[str], Client]]
) -> None:
    connect("ssm").put_parameter(Name="/own/a", Value="x", Type="String")
    connect("ssm").put_parameter(Name="/other/a", Value="x", Type="String")
    key = connect("kms").create_key()["KeyMetadata"]["KeyId"]
    connect("kms").create_alias(AliasName="alias/own", TargetKeyId=key)
    other = connect("kms").create_key()["KeyMetadata"]["KeyId"]
    clients = worker(
        allow("ssm:GetParameter*", resource=f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/own/*"),
        allow("dynamodb:Describe*", resource=f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/own"),
        allow("kms:DescribeKey", Condition={"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/own"}}),
    )
    clients("ssm").get_parameter(Name="/own/a")
    assert refusal(clients("ssm").get_parameters, Names=["/own/a", "/other/a"])[0] == "AccessDeniedException"
    assert refusal(clients("dynamodb").describe_table, TableName="own")[0] == "ResourceNotFoundException"
    assert refusal(clients("dynamodb").describe_table, TableName="other")[0] == "AccessDeniedException"
    clients("kms").describe_key(KeyId="alias/own")
    assert refusal(clients("kms").describe_key, KeyId=other)[0] == "AccessDeniedException"


def test_users_have_the_policies_of_their_groups(connect: Callable[..., Client]) -> None:
    iam = connect("iam")
    iam.create_user(UserName="ana")
    iam.create_group(GroupName="readers")
    iam.add_user_to_group(GroupName="readers", UserName="ana")
    iam.attach_group_policy(GroupName="readers", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    key = iam.create_access_key(UserName="ana")["AccessKey"]
    connect("s3", key).list_buckets()
    assert refusal(connect("s3", key).create_bucket, Bucket="lake")[0] == "AccessDenied"


def test_a_role_is_assumed_by_principals_that_it_trusts(connect: Callable[..., Client]) -> None:
    trust = {**TRUST, "Principal": {"AWS": "arn:aws:iam::222222222222:root"}}
    connect("iam").create_role(RoleName="worker", AssumeRolePolicyDocument=policy(trust))
    assert refusal(connect("sts").assume_role, RoleArn=ROLE, RoleSessionName="test") == (
        "AccessDenied",
        "Not authorized to perform sts:AssumeRole",
    )


def token(**claims: str) -> str:
    parts = ({"alg": "none"}, claims, {})
    return ".".join(base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in parts)


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"iss": "https://ci.example.com", "sub": "main"}, None),
        (
            {"iss": "https://ci.example.com", "sub": "feature"},
            "Not authorized to perform sts:AssumeRoleWithWebIdentity",
        ),
        (
            {"iss": "https://other.example.com", "sub": "main"},
            "No OpenIDConnect provider found in your account for https://other.example.com",
        ),
        ({}, "No OpenIDConnect provider found in your account for https://"),
    ],
)
def test_a_token_assumes_a_role_that_trusts_its_claims(
    connect: Callable[..., Client], claims: dict[str, str], message: str | None
) -> None:
    iam = connect("iam")
    iam.create_open_id_connect_provider(Url="https://ci.example.com", ClientIDList=["aws"])
    trust = {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/ci.example.com"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {"ci.example.com:sub": "main"}},
    }
    iam.create_role(RoleName="worker", AssumeRolePolicyDocument=policy(trust))
    request = {"RoleArn": ROLE, "RoleSessionName": "test", "WebIdentityToken": token(**claims)}
    if message is None:
        session = connect("sts").assume_role_with_web_identity(**request)["Credentials"]
        assert refusal(connect("s3", session).list_buckets)[0] == "AccessDenied"
    else:
        assert refusal(connect("sts").assume_role_with_web_identity, **request) == ("AccessDenied", message)


def test_a_transaction_needs_the_permission_of_each_of_its_parts(
    connect: Callable[..., Client], worker: Callable[..., Callable[[str], Client]]
) -> None:
    table = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/records"
    connect("dynamodb").create_table(
        TableName="records",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    client = worker(allow("dynamodb:BatchGetItem", "dynamodb:PutItem", resource=table))("dynamodb")
    put = {"Put": {"TableName": "records", "Item": {"id": {"S": "one"}}}}
    client.transact_write_items(TransactItems=[put])
    keys = {"records": {"Keys": [{"id": {"S": "one"}}]}}
    assert client.batch_get_item(RequestItems=keys)["Responses"]["records"]
    delete = {"Delete": {"TableName": "records", "Key": {"id": {"S": "one"}}}}
    with pytest.raises(
        ClientError, match=r"not authorized to perform: dynamodb:DeleteItem on resource: .*table/records"
    ):
        client.transact_write_items(TransactItems=[delete])
