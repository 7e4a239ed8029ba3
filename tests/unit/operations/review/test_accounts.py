from __future__ import annotations

from mlinfra.operations.review.accounts import Known, account_of, configured, own
from mlinfra.operations.review.change import Change


def state(*resources: dict[str, object]) -> Known:
    known = Known()
    known.read({"values": {"root_module": {"child_modules": [{"resources": list(resources)}]}}})
    return known


def test_the_caller_is_the_account_of_a_plan() -> None:
    caller = {"mode": "data", "type": "aws_caller_identity", "values": {"account_id": "123456789012"}}
    other = {"mode": "managed", "type": "aws_ram_x", "values": {"arn": "arn:aws:ram:us-east-1:999999999999:x"}}
    assert own(state(caller, other), {}, ()) == {"123456789012"}


def test_the_configuration_of_the_provider_names_accounts() -> None:
    role = {"role_arn": {"constant_value": "arn:aws:iam::222222222222:role/deploy"}}
    provider = {"expressions": {"allowed_account_ids": {"constant_value": ["123456789012"]}, "assume_role": [role]}}
    assert configured({"provider_config": {"aws": provider}}) == {"123456789012", "222222222222"}


def test_the_account_of_most_resources_is_that_of_the_plan() -> None:
    topic = {"mode": "managed", "type": "aws_sns_topic", "values": {"arn": "arn:aws:sns:us-east-1:123456789012:a"}}
    other = {"mode": "managed", "type": "aws_ram_x", "values": {"arn": "arn:aws:ram:us-east-1:999999999999:x"}}
    assert own(state(topic, topic, other), {}, ()) == {"123456789012"}


def test_a_new_resource_refers_to_its_own_account() -> None:
    after = {"role_arn": "arn:aws:iam::123456789012:role/x"}
    change = Change({"address": "aws_x.x", "type": "aws_x", "change": {"actions": ["create"], "after": after}})
    assert own(Known(), {}, (change,)) == {"123456789012"}
    assert own(Known(), {}, ()) == frozenset()


def test_an_arn_without_an_account_names_none() -> None:
    assert account_of("arn:aws:s3:::lake") is None
    assert account_of("arn:aws:iam::aws:policy/ReadOnlyAccess") is None
    assert account_of("123456789012") == "123456789012"
