"""The page contains the steps in their order, and no secrets."""

from __future__ import annotations

from mlinfra.operations.migration import Resource, migration_page
from tests.unit.operations.migration.states import ENVIRONMENT, proposed, resource


def page(*resources: Resource) -> str:
    return migration_page(proposed(*resources), ENVIRONMENT)


def test_a_kept_bucket_is_forgotten_and_imported_before_the_deployment() -> None:
    text = page(resource("aws_s3_bucket.raw", id="acme-raw", bucket="acme-raw"))
    steps = [
        "mlinfra bootstrap dev",
        "the old state must forget it",
        "import it before the first apply of `dev-data`",
        "`mlinfra up dev`",
    ]
    positions = [text.index(each) for each in steps]
    assert positions == sorted(positions)
    assert "| `aws_s3_bucket.raw` | `acme-raw` | `DataLake` | keeps it | medium |" in text
    assert "removed {\n  from = " in text
    assert "Adopted" not in text


def test_an_adopted_resource_has_its_command() -> None:
    text = page(resource("aws_instance.i", id="i-0123456789abcdef0", instance_type="t3.micro"))
    assert "`mlinfra adopt dev i-0123456789abcdef0 --type instance --owner ana@example.com`" in text
    assert "`ManagedBy=terraform` is refused" in text


def test_only_names_and_ids_are_written() -> None:
    text = page(
        Resource("random_string.p", "random_string", {"id": "hunter2", "result": "hunter2"}),
        resource("aws_db_instance.d", password="hunter2"),  # noqa: S106  a stand-in
        resource("aws_instance.i", user_data="hunter2", instance_type="t3.micro", tags={"x": "hunter2"}),
    )
    assert "hunter2" not in text


def test_a_text_in_an_address_does_not_break_the_table() -> None:
    text = page(resource('aws_s3_bucket.b["a|b\\n"]', id="b", bucket="b"))
    assert 'aws_s3_bucket.b["a&#124;b' in text
