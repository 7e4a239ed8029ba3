"""Fixtures of the functions' tests."""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.local_aws.client_variables import client_variables
from mlinfra.variables import in_force
from tests.local_aws import image_ids
from tests.unit.functions.cloud import Account, Cloud
from tests.unit.functions.faults import Faults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlinfra.local_aws.server import LocalAws

_TESTS_AN_ACCOUNT = 10
"""The local AWS keeps terminated instances and old metrics, and grows slow over them."""


@pytest.fixture(scope="session")
def image_id(clients: Callable[..., Any]) -> str:
    """The image of nodes: the same after every reset. Listing images is slow."""
    return image_ids(clients("ec2"))[0]


@pytest.fixture(scope="package")
def account(mlinfra_local_aws: LocalAws, clients: Callable[..., Any], image_id: str) -> Iterator[Callable[[], Account]]:
    """The account that functions talk to, and to nothing else; another one after every few tests."""
    asked = itertools.count()
    accounts: list[Account] = []

    def next_one() -> Account:
        if next(asked) % _TESTS_AN_ACCOUNT == 0:
            mlinfra_local_aws.reset()
            accounts.append(Account.prepare(clients, image_id=image_id))
        return accounts[-1]

    with in_force(client_variables(mlinfra_local_aws, present=os.environ)):
        yield next_one
    mlinfra_local_aws.reset()


@pytest.fixture
def cloud(
    account: Callable[[], Account], clients: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Cloud]:
    """The account without any cluster, and settings that let functions act."""
    made = Cloud(account(), clients, monkeypatch)
    yield made
    made.sweep()


@pytest.fixture
def faults(cloud: Cloud) -> Iterator[Faults]:  # noqa: ARG001  its own clients are made first, and have no faults
    """Faults of the calls that functions make."""
    made = Faults()
    yield made
    made.end()
