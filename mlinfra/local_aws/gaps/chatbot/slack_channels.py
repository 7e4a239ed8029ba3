"""Gap: configurations of Slack channels, of a service that moto does not have.

In AWS, a person authorizes the workspace in the console before; the local AWS accepts every workspace, and sends
nothing. Configurations belong to the account, in whatever region they are requested. A channel has one configuration in
an account. Source: AWS Chatbot API reference, CreateSlackChannelConfiguration, DescribeSlackChannelConfigurations,
UpdateSlackChannelConfiguration, DeleteSlackChannelConfiguration, ListTagsForResource, TagResource and UntagResource,
read 2026-11-29.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult, BaseResponse

from mlinfra.local_aws.mechanisms.additional_service import add_service, backend_of, has_service
from mlinfra.local_aws.mechanisms.api_model import ApiError, checked_request
from mlinfra.local_aws.mechanisms.extending import kept
from mlinfra.local_aws.mechanisms.pages import requested_page

_SERVICE = "chatbot"
_HOME = "us-east-2"
_PAGE = 100
_OPERATIONS = (
    "create-slack-channel-configuration",
    "delete-slack-channel-configuration",
    "describe-slack-channel-configurations",
    "list-tags-for-resource",
    "tag-resource",
    "untag-resource",
    "update-slack-channel-configuration",
)

Configuration = dict[str, Any]


def is_open() -> bool:
    """True if moto does not have the service."""
    return not has_service(_SERVICE)


def close() -> None:
    """Close the gap: add the service."""
    paths = {f"{{0}}/{each}$": ChatbotResponse.dispatch for each in _OPERATIONS}
    add_service(_SERVICE, paths=paths)


class ChatbotResponse(BaseResponse):
    """The operations on configurations of Slack channels."""

    def __init__(self) -> None:
        """Answer requests for the service."""
        super().__init__(service_name=_SERVICE)

    def create_slack_channel_configuration(self) -> ActionResult:
        """Create a configuration."""
        request = checked_request(self, "CreateSlackChannelConfiguration", code="InvalidParameterException")
        name = request["ConfigurationName"]
        arn = f"arn:{self.partition}:{_SERVICE}::{self.current_account}:chat-configuration/slack-channel/{name}"
        if any(
            each["ConfigurationName"] == name or each["SlackChannelId"] == request["SlackChannelId"]
            for each in _configurations(self).values()
        ):
            raise ApiError(code="ConflictException", message=f"Slack channel configuration {name} already exists.")
        tags = {each["TagKey"]: each["TagValue"] for each in request.pop("Tags", [])}
        _configurations(self)[arn] = {
            "LoggingLevel": "NONE",
            "SnsTopicArns": [],
            "GuardrailPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"],
            "UserAuthorizationRequired": False,
            "State": "ENABLED",
            **request,
            "ChatConfigurationArn": arn,
            "SlackTeamName": "local",
        }
        _tags(self)[arn] = tags
        return ActionResult({"ChannelConfiguration": _described(self, arn)})

    def describe_slack_channel_configurations(self) -> ActionResult:
        """Describe one or all configurations, in pages."""
        request = checked_request(self, "DescribeSlackChannelConfigurations", code="InvalidParameterException")
        wanted = request.get("ChatConfigurationArn")
        found = [_described(self, arn) for arn in _configurations(self) if wanted in {None, arn}]
        some, token = requested_page(request, found, default_size=_PAGE, code="InvalidParameterException")
        return ActionResult({"SlackChannelConfigurations": some, "NextToken": token})

    def update_slack_channel_configuration(self) -> ActionResult:
        """Change the given settings of a configuration."""
        request = checked_request(self, "UpdateSlackChannelConfiguration", code="InvalidParameterException")
        arn = request["ChatConfigurationArn"]
        _existing(self, arn).update(request)
        return ActionResult({"ChannelConfiguration": _described(self, arn)})

    def delete_slack_channel_configuration(self) -> ActionResult:
        """Delete a configuration."""
        arn = checked_request(self, "DeleteSlackChannelConfiguration", code="InvalidParameterException")[
            "ChatConfigurationArn"
        ]
        _existing(self, arn)
        del _configurations(self)[arn]
        _tags(self).pop(arn, None)
        return ActionResult({})

    def list_tags_for_resource(self) -> ActionResult:
        """List the tags of a configuration."""
        arn = checked_request(self, "ListTagsForResource")["ResourceARN"]
        _existing(self, arn)
        tags = [{"TagKey": key, "TagValue": value} for key, value in _tags(self)[arn].items()]
        return ActionResult({"Tags": tags})

    def tag_resource(self) -> ActionResult:
        """Add tags to a configuration."""
        request = checked_request(self, "TagResource")
        _existing(self, request["ResourceARN"])
        _tags(self)[request["ResourceARN"]].update({each["TagKey"]: each["TagValue"] for each in request["Tags"]})
        return ActionResult({})

    def untag_resource(self) -> ActionResult:
        """Remove tags from a configuration."""
        request = checked_request(self, "UntagResource")
        _existing(self, request["ResourceARN"])
        for key in request["TagKeys"]:
            _tags(self)[request["ResourceARN"]].pop(key, None)
        return ActionResult({})


def _described(response: ChatbotResponse, arn: str) -> Configuration:
    tags = [{"TagKey": key, "TagValue": value} for key, value in _tags(response)[arn].items()]
    return {**_existing(response, arn), "Tags": tags}


def _existing(response: ChatbotResponse, arn: str) -> Configuration:
    found = _configurations(response).get(arn)
    if found is None:
        raise ApiError(code="ResourceNotFoundException", message=f"Slack channel configuration {arn} not found.")
    return found


def _configurations(response: ChatbotResponse) -> dict[str, Configuration]:
    # Of the account, in whatever region they are requested.
    return kept(backend_of(_SERVICE, response.current_account, _HOME), "slack channels", dict)


def _tags(response: ChatbotResponse) -> dict[str, dict[str, str]]:
    return kept(backend_of(_SERVICE, response.current_account, _HOME), "tags", dict)
