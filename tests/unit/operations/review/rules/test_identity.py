from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.operations.review.plans import change, rules_of

if TYPE_CHECKING:
    from pathlib import Path

Values = dict[str, Any]

OIDC = {"url": "gitlab.example.com", "client_id_list": ["sts"], "thumbprint_list": ["a"]}


@pytest.mark.parametrize(
    ("address", "before", "after", "rule"),
    [
        ("aws_iam_openid_connect_provider.x", None, OIDC, "MLR221"),
        ("aws_iam_openid_connect_provider.x", OIDC, {**OIDC, "client_id_list": ["sts", "x"]}, "MLR221"),
        ("aws_iam_openid_connect_provider.x", OIDC, {**OIDC, "thumbprint_list": ["b"]}, "MLR221"),
        ("aws_iam_openid_connect_provider.x", OIDC, {**OIDC, "url": "evil.example.com"}, "MLR221"),
        ("aws_iam_saml_provider.x", {"saml_metadata_document": "a"}, {"saml_metadata_document": "b"}, "MLR221"),
        ("aws_ssoadmin_account_assignment.x", None, {"principal_id": "g"}, "MLR222"),
        ("aws_ssoadmin_managed_policy_attachment.x", None, {"managed_policy_arn": "a"}, "MLR222"),
        ("aws_eks_access_policy_association.x", None, {"cluster_name": "ml"}, "MLR222"),
        ("aws_identitystore_group_membership.x", None, {"group_id": "g"}, "MLR222"),
        ("aws_organizations_policy_attachment.x", {"policy_id": "p-1", "target_id": "ou-1"}, None, "MLR223"),
        ("aws_organizations_policy.x", {"name": "ConsoleLockdown", "content": "{}"}, None, "MLR223"),
        ("aws_ssoadmin_permissions_boundary_attachment.x", {"permission_set_arn": "a"}, None, "MLR223"),
        ("aws_lambda_function.x", {"role": "a"}, {"role": "b"}, "MLR224"),
        ("aws_iam_instance_profile.x", {"role": "a"}, {"role": "b"}, "MLR224"),
        ("aws_batch_job_definition.x", {"container_properties": '{"jobRoleArn": "a"}'},
         {"container_properties": '{"jobRoleArn": "b"}'}, "MLR224"),
        ("aws_sagemaker_notebook_instance.x", {"role_arn": "a"}, {"role_arn": "b"}, "MLR224"),
        ("aws_ecs_task_definition.x", {"task_role_arn": "a"}, {"task_role_arn": "b"}, "MLR224"),
        ("aws_launch_template.x", {"metadata_options": [{"http_tokens": "required"}]},
         {"metadata_options": [{"http_tokens": "optional"}]}, "MLR225"),
        ("aws_cognito_user_pool.x", {"mfa_configuration": "ON"}, {"mfa_configuration": "OFF"}, "MLR225"),
    ],
)  # fmt: skip
def test_a_change_of_identities_is_held(
    tmp_path: Path, address: str, before: Values | None, after: Values | None, rule: str
) -> None:
    assert (rule, "hold") in rules_of(tmp_path, change(address, before, after))


def test_a_control_policy_that_loses_a_denial_is_held(tmp_path: Path) -> None:
    deny = '{"Statement": [{"Effect": "Deny", "Action": "ec2:RunInstances", "Resource": "*"}]}'
    before, after = ({"name": "lockdown", "content": each} for each in (deny, '{"Statement": []}'))
    assert ("MLR207", "hold") in rules_of(tmp_path, change("aws_organizations_policy.x", before, after))
