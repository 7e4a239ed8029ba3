"""States of existing configurations."""

from __future__ import annotations

from typing import Any

from mlinfra.operations.migration import Existing, Migration, Proposal, Resource, propose
from mlinfra.operations.scaffold import Settings
from tests.conftest import TODAY

ENVIRONMENT = Settings(
    project="ranker", owner="ana@example.com", today=TODAY, account_id="222222222222", region="eu-west-1"
).environment
AWS = "registry.terraform.io/hashicorp/aws"


def resource(address: str, **values: Any) -> Resource:
    """A resource of AWS; its id is the name in its address unless it is given."""
    kind, _, name = address.rpartition("/")[2].partition(".")
    return Resource(address, kind, {"id": name, **values}, AWS)


def proposed(*resources: Resource, **changes: Any) -> Migration:
    """The proposal for resources."""
    return propose(Existing("old", resources, **changes), ENVIRONMENT)


def proposal_of(address: str, *resources: Resource, **changes: Any) -> Proposal:
    """The proposal for one of several resources."""
    (found,) = [each for each in proposed(*resources, **changes).proposals if each.address == address]
    return found
