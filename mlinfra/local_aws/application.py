"""moto's server with closed gaps. The import of this module imports moto, which reads its settings then."""

from __future__ import annotations

import functools
import gc
from typing import TYPE_CHECKING

import botocore.session
import moto.core.utils
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from mlinfra.local_aws.connections import LastingConnections
from mlinfra.local_aws.gaps import close_gaps, services

if TYPE_CHECKING:
    from flask import Flask

    from mlinfra.local_aws.nodes.control import WithNodes

GAPS_WITH_EC2 = frozenset({"appautoscaling", "autoscaling", "batch", "ec2", "eks", "fsx", "sagemaker", "ssm"})
"""Services with gaps that import moto's EC2, which takes more than half of the time until the first answer."""

SERVICES_WITHOUT_EC2 = frozenset(
    {
        "athena",
        "bcmdataexports",
        "budgets",
        "ce",
        "chatbot",
        "cloudtrail",
        "cloudwatch",
        "dynamodb",
        "ecr",
        "events",
        "glue",
        "iam",
        "kms",
        "lambda",
        "logs",
        "moto_api",
        "organizations",
        "s3",
        "secretsmanager",
        "servicequotas",
        "sns",
        "sqs",
        "sts",
    }
)
"""Services of moto, by its names, that use none of the services of `GAPS_WITH_EC2`."""


_ALLOCATIONS = 50_000
"""New objects after which Python looks for garbage, instead of 700."""


class Dispatcher(DomainDispatcherApplication):
    """Finds the application of a request.

    For each request, moto lists the folders of its package and tries hundreds of patterns on the host: a quarter of the
    processor time of a small request. Here it does so once per host.
    """

    def __init__(self) -> None:
        """Start without applications."""
        super().__init__(create_app)
        self._backends: dict[str, str] = {}

    def get_backend_for_host(self, host: str | None) -> str | None:
        """The service of a host, by moto's name, or None if it has none."""
        if host is None:
            return None
        if host not in self._backends:
            found: str | None = super().get_backend_for_host(host)
            if found is None:
                return None
            self._backends[host] = found
        return self._backends[host]


def create_app(service: str) -> Flask:
    """Moto's application of a service, with its gaps closed.

    moto calls this before it dispatches the first request for a service, under a lock. The gaps of `GAPS_WITH_EC2` are
    closed at the first request for a service that may use them.
    """
    if service not in SERVICES_WITHOUT_EC2:
        _close_gaps_with_ec2()
    return create_backend_app(service)  # type: ignore[arg-type]  # moto's type is an enumeration of the names


@functools.cache
def _close_gaps_with_ec2() -> None:
    close_gaps(GAPS_WITH_EC2)


def serve(descriptor: int, port: int, *, enforce_iam: bool = False, nodes: bool = False) -> None:
    """Answer requests on the socket `descriptor`, which listens on `port` of loopback, until terminated.

    Args:
        descriptor: the descriptor of the socket.
        port: its port.
        enforce_iam: True to refuse requests that IAM does not allow.
        nodes: True to have instances of auto scaling groups execute programs.
    """
    # By default, Python looks for garbage among all resources and modules every few requests: a fifth of the processor
    # time of a busy server. Nearly all that requests leave behind is freed without it.
    gc.set_threshold(_ALLOCATIONS)
    # moto opens several sessions of boto3, and each would read the endpoints of all services again: more than a quarter
    # of the processor time until the first answer of EC2. For each service, it lists the folders of all services.
    botocore.session.create_loader = functools.cache(botocore.session.create_loader)
    moto.core.utils.create_loader = functools.cache(moto.core.utils.create_loader)  # type: ignore[attr-defined]
    close_gaps(set(services()) - GAPS_WITH_EC2)
    if enforce_iam:
        from mlinfra.local_aws.permissions.enforcement import enforce

        enforce()
    server = make_server(
        "127.0.0.1",
        port,
        _with_nodes(port) if nodes else Dispatcher(),
        threaded=True,
        request_handler=LastingConnections,
        fd=descriptor,
    )
    server.serve_forever()


def _with_nodes(port: int) -> WithNodes:
    # The nodes are those of moto's EC2, which takes longer to import than all that other servers need.
    from mlinfra.local_aws.nodes.control import WithNodes
    from mlinfra.local_aws.nodes.fleet import Fleet

    _close_gaps_with_ec2()
    return WithNodes(Dispatcher(), Fleet(port))
