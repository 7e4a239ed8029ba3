"""moto's server with closed gaps. The import of this module imports moto, which reads its settings then."""

from __future__ import annotations

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from mlinfra.local_aws.gaps import close_gaps


class WholeAnswers(MotoRequestHandler):
    """Sends the head of an answer together with its body.

    Werkzeug sends them separately. On a busy machine, the head can then arrive while the AWS SDK for Go
    is still sending its request: the SDK drops the connection and repeats the request, and a lock acquired
    by the first request blocks the second. Observed with Terraform 1.11.4 on 2 busy processors, a few
    times in some hundred plans; never in 1,280 plans with head and body together.
    """

    wbufsize = 1 << 16  # bytes

    def handle_expect_100(self) -> bool:
        """Request a body immediately that the client sends only on request or after a second."""
        asked = super().handle_expect_100()
        self.wfile.flush()
        del self.headers["Expect"]  # Werkzeug would request it again
        return asked


def serve(descriptor: int, port: int) -> None:
    """Answer requests on the socket `descriptor`, which listens on `port` of loopback, until terminated."""
    close_gaps()
    server = make_server(
        "127.0.0.1",
        port,
        DomainDispatcherApplication(create_backend_app),
        threaded=True,
        request_handler=WholeAnswers,
        fd=descriptor,
    )
    server.serve_forever()
