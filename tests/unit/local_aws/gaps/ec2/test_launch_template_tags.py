"""Tags of launch templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def test_the_tags_of_a_launch_template_can_be_changed(ec2: Any) -> None:
    made = ec2.create_launch_template(LaunchTemplateName="tagged", LaunchTemplateData={"ImageId": "ami-12345678"})
    ec2.create_tags(Resources=[made["LaunchTemplate"]["LaunchTemplateId"]], Tags=[{"Key": "Team", "Value": "ml"}])
    (template,) = ec2.describe_launch_templates(LaunchTemplateNames=["tagged"])["LaunchTemplates"]
    assert template["Tags"] == [{"Key": "Team", "Value": "ml"}]


def test_the_tags_of_a_launch_template_are_not_part_of_its_data(client: Callable[..., Any]) -> None:
    ec2 = client("ec2")
    ec2.create_launch_template(
        LaunchTemplateName="template",
        LaunchTemplateData={
            "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "Owner", "Value": "ana"}]}]
        },
        TagSpecifications=[{"ResourceType": "launch-template", "Tags": [{"Key": "Team", "Value": "ml"}]}],
    )
    (version,) = ec2.describe_launch_template_versions(LaunchTemplateName="template")["LaunchTemplateVersions"]
    (specification,) = version["LaunchTemplateData"]["TagSpecifications"]
    assert specification["ResourceType"] == "instance"
    (template,) = ec2.describe_launch_templates(LaunchTemplateNames=["template"])["LaunchTemplates"]
    assert template["Tags"] == [{"Key": "Team", "Value": "ml"}]
