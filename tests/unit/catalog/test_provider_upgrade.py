from mlinfra.catalog import is_added_by_provider_6


def test_every_type_gets_the_region() -> None:
    assert is_added_by_provider_6("aws_sqs_queue", "region")


def test_computed_attributes_are_known_by_type() -> None:
    assert is_added_by_provider_6("aws_nat_gateway", "vpc_id")
    assert not is_added_by_provider_6("aws_subnet", "vpc_id")
