"""Settings follow their subject, parts follow their users."""

from __future__ import annotations

from mlinfra.operations.migration import Confidence, Outcome, Resource
from tests.unit.operations.migration.states import proposal_of, proposed, resource

TEMPLATE_ID, GROUP_ID = "lt-0123456789abcdef0", "sg-0123456789abcdef0"
GROUP = resource("aws_autoscaling_group.g", name="g", max_size=1, launch_template=[{"id": TEMPLATE_ID}])
TEMPLATE = resource(
    "aws_launch_template.t",
    id=TEMPLATE_ID,
    instance_type="g5.xlarge",
    vpc_security_group_ids=[GROUP_ID],
    iam_instance_profile=[{"name": "nodes"}],
)
PROFILE = resource("aws_iam_instance_profile.nodes", name="nodes", role="trainer")
ROLE = resource("aws_iam_role.trainer", name="trainer")
ATTACHMENT = resource("aws_iam_role_policy_attachment.a", role="trainer", policy_arn="arn:aws:iam::aws:policy/X")
SECURITY_GROUP = resource("aws_security_group.nodes", id=GROUP_ID)
RULE = resource("aws_vpc_security_group_ingress_rule.r", security_group_id=GROUP_ID)
CLUSTER = (GROUP, TEMPLATE, PROFILE, ROLE, ATTACHMENT, SECURITY_GROUP, RULE)


def test_the_parts_of_a_replaced_cluster_are_replaced_with_it() -> None:
    migration = proposed(*CLUSTER)
    assert {each.verdict.construct for each in migration.proposals} == {"TrainingCluster"}
    assert {each.part_of for each in migration.proposals} == {"", GROUP.address}
    assert [title for title, _ in migration.by_outcome()] == ["Owned by a construct"]
    ((_, shown),) = migration.by_outcome()
    assert [each.address for each in shown] == [GROUP.address]


def test_a_part_that_another_resource_uses_stays() -> None:
    found = proposal_of(
        SECURITY_GROUP.address, *CLUSTER, resource("aws_db_instance.d", vpc_security_group_ids=[GROUP_ID])
    )
    assert found.verdict.outcome is Outcome.HCL
    assert found.verdict.reason == "aws_db_instance.d uses it too, which is not replaced"
    rule = proposal_of(RULE.address, *CLUSTER, resource("aws_db_instance.d", vpc_security_group_ids=[GROUP_ID]))
    assert rule.verdict.reason == "it configures aws_security_group.nodes, which stays HCL"


def test_parts_of_each_other_are_resolved() -> None:
    first = resource(
        "aws_security_group.a", id="sg-aaaaaaaaaaaaaaaaa", ingress=[{"security_groups": ["sg-bbbbbbbbbbbbbbbbb"]}]
    )
    second = resource(
        "aws_security_group.b", id="sg-bbbbbbbbbbbbbbbbb", ingress=[{"security_groups": ["sg-aaaaaaaaaaaaaaaaa"]}]
    )
    assert {each.verdict.outcome for each in proposed(first, second).proposals} == {Outcome.HCL}


def test_settings_of_an_adopted_bucket_stay_and_those_of_a_zone_go_with_it() -> None:
    raw, other = resource("aws_s3_bucket.raw", bucket="acme-raw"), resource("aws_s3_bucket.other", bucket="acme-other")
    of_raw = resource("aws_s3_bucket_versioning.raw", bucket="acme-raw")
    of_other = resource("aws_s3_bucket_versioning.other", bucket="acme-other")
    proposals = {each.address: each for each in proposed(raw, other, of_raw, of_other).proposals}
    assert proposals[of_raw.address].verdict.in_place
    assert proposals[of_other.address].verdict.outcome is Outcome.HCL
    assert proposals[of_other.address].part_of == other.address


def test_a_setting_without_its_subject_stays() -> None:
    found = proposal_of("aws_s3_bucket_policy.p", resource("aws_s3_bucket_policy.p", bucket="elsewhere")).verdict
    assert (found.outcome, found.confidence) == (Outcome.HCL, Confidence.MEDIUM)


def test_other_providers_and_unknown_types_stay() -> None:
    password = Resource("random_password.p", "random_password", {"id": "none", "result": "secret"}, "registry/random")
    migration = proposed(password, resource("aws_eks_cluster.c"))
    assert [each.verdict.reason for each in migration.proposals] == [
        "mlinfra manages AWS only, and the provider of random_password is another one",
        "mlinfra has no construct for aws_eks_cluster",
    ]


def test_another_account_or_region_is_remarked() -> None:
    other = resource("aws_sagemaker_endpoint.e", name="e", arn="arn:aws:sagemaker:us-west-2:333333333333:endpoint/e")
    account, region = proposed(other).remarks
    assert "the account 333333333333, and dev declares 222222222222" in account
    assert "in us-west-2, and dev declares eu-west-1" in region


def test_the_headline_counts_all_resources() -> None:
    assert proposed(*CLUSTER, resource("aws_eks_cluster.c")).headline == (
        "8 resources: 7 to constructs, 0 to adopt, 1 to stay HCL"
    )
