"""Report missing programs before the installation: `python -m ci.tools terraform node`.

Runs on the system's Python and imports only modules without dependencies.
"""

import sys

from mlinfra.errors import OperationError
from mlinfra.operations.toolchain import find_node, find_terraform, require_tools

CHECKS = {"terraform": find_terraform, "node": find_node}

if __name__ == "__main__":
    try:
        require_tools(*(CHECKS[name] for name in sys.argv[1:]))
    except OperationError as problem:
        sys.exit(str(problem))
