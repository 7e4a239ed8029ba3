"""moto's server with its gaps closed. Importing this imports moto, which reads its settings then."""

from __future__ import annotations

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from mlinfra.local_aws.gaps import close_gaps


class WholeAnswers(MotoRequestHandler):
    """Sends the head of an answer together with its body.

    Werkzeug sends them apart. On a busy machine the head can then arrive while the AWS SDK for Go
    still finishes its request: it drops the connection and asks again, and a lock that it got the
    first time is held, by itself, the second. Seen with Terraform 1.11.4 on 2 busy processors, a few
    times in some hundred plans; with head and body together, not once in 1,280.
    """

    wbufsize = 1 << 16  # bytes

    def handle_expect_100(self) -> bool:
        """Ask at once for a body that the client holds back until it is asked for, or has waited a second."""
        asked = super().handle_expect_100()
        self.wfile.flush()
        del self.headers["Expect"]  # Werkzeug would ask again
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
