"""References are found by ids and ARNs anywhere, and by names in the attributes that contain them."""

from __future__ import annotations

from mlinfra.operations.migration.references import References
from tests.unit.operations.migration.states import resource

ROLE = resource("aws_iam_role.trainer", name="trainer", arn="arn:aws:iam::222222222222:role/trainer")


def targets(*others: object) -> list[str]:
    resources = (ROLE, *others)
    return [each.address for each in References(resources).of(resources[1])]  # type: ignore[arg-type, misc]


def test_an_arn_is_a_reference_in_any_attribute() -> None:
    domain = resource("aws_sagemaker_domain.d", default_user_settings=[{"execution_role": ROLE.values["arn"]}])
    assert targets(domain) == ["aws_iam_role.trainer"]


def test_a_name_is_a_reference_where_the_attribute_contains_names_of_this_type() -> None:
    assert targets(resource("aws_iam_role_policy.p", role="trainer")) == ["aws_iam_role.trainer"]
    assert targets(resource("aws_iam_instance_profile.p", role="trainer")) == ["aws_iam_role.trainer"]


def test_the_same_text_elsewhere_is_not_a_reference() -> None:
    assert targets(resource("aws_s3_bucket.b", bucket="trainer", tags={"role": "trainer"})) == []
    assert targets(resource("aws_sqs_queue.q", name="trainer")) == []


def test_a_name_inside_a_block_is_a_reference() -> None:
    profile = resource("aws_iam_instance_profile.nodes", name="nodes")
    template = resource("aws_launch_template.t", iam_instance_profile=[{"name": "nodes", "arn": ""}], name="nodes")
    assert References((profile, template)).to(profile) == (template,)


def test_a_target_of_application_auto_scaling_refers_to_its_endpoint() -> None:
    endpoint = resource("aws_sagemaker_endpoint.ranker", name="ranker")
    target = resource("aws_appautoscaling_target.t", resource_id="endpoint/ranker/variant/main")
    assert References((endpoint, target)).of(target) == (endpoint,)
