"""Server process of the local AWS: `python -m mlinfra.local_aws`, started by `server.py`.

The process inherits a listening socket, so that no client has to wait for a port or guess one.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading


def main() -> None:
    """Serve until terminated, or until the parent process ends."""
    parser = argparse.ArgumentParser(prog="python -m mlinfra.local_aws", description=__doc__)
    parser.add_argument("--socket", type=int, required=True, help="descriptor of the listening socket")
    parser.add_argument("--port", type=int, required=True, help="port of the socket on loopback")
    parser.add_argument("--identity", required=True, help="unique name of this process")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end with the parent process")
    parser.add_argument("--enforce-iam", action="store_true", help="refuse requests that IAM does not allow")
    parser.add_argument("--nodes", action="store_true", help="instances of auto scaling groups execute programs")
    arguments = parser.parse_args()
    if arguments.until_stdin_closes:
        threading.Thread(target=_exit_when_stdin_closes, daemon=True).start()
    _serve(arguments.socket, arguments.port, enforce_iam=arguments.enforce_iam, nodes=arguments.nodes)


def _serve(descriptor: int, port: int, *, enforce_iam: bool, nodes: bool) -> None:
    # moto reads its settings when it is imported. Every AWS account has the AWS managed policies.
    os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
    os.environ["MOTO_PORT"] = str(port)
    from mlinfra.local_aws.application import serve

    serve(descriptor, port, enforce_iam=enforce_iam, nodes=nodes)


def _exit_when_stdin_closes() -> None:
    """End this process with its parent, however the parent ends: the kernel closes the other end of the pipe."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
