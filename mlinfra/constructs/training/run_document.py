"""Document of Systems Manager with which runs are started on nodes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from mlinfra._cdk import Construct
from mlinfra._cdk.aws import ssm_document
from mlinfra.constructs.parts import environment_of
from mlinfra.runner.contract import RUN_ID
from mlinfra.runner.start import PROGRAM

if TYPE_CHECKING:
    from mlinfra.declarations import Environment

_SECONDS: Final = 120


class RunDocument(Construct):
    """The command that starts a run on nodes of an environment, and nothing else.

    Its only parameter is the id of a run. A principal with `ssm:SendCommand` on this document and on the nodes of the
    environment may train, and has no shell on them: the run is executed as the user of the node's image.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        environment: Environment | None = None,
    ) -> None:
        """Declare the document.

        Args:
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            environment: the environment. Default: that of the enclosing MlStack.
        """
        environment = environment_of(scope, environment)
        super().__init__(scope, id)
        self._document = ssm_document.SsmDocument(
            self,
            "document",
            name=environment.names.run_document,
            document_type="Command",
            document_format="JSON",
            content=json.dumps(document_content(), sort_keys=True),
            tags={"Name": environment.names.run_document},
        )

    @property
    def document(self) -> ssm_document.SsmDocument:
        """The document."""
        return self._document


def document_content() -> dict[str, object]:
    """The content, in schema version 2.2.

    Source: Systems Manager user guide, "Data elements and parameters" and "Command document plugin reference", read
    2026-11-30.
    """
    return {
        "schemaVersion": "2.2",
        "description": "Start a run of mlinfra on this node. The runner goes on after this command has ended.",
        "parameters": {
            "RunId": {
                "type": "String",
                "description": "The id of the run, such as 20261130-101500-7f3a.",
                "allowedPattern": f"^{RUN_ID.pattern}$",
            }
        },
        "mainSteps": [
            {
                "action": "aws:runShellScript",
                "name": "startRun",
                "precondition": {"StringEquals": ["platformType", "Linux"]},
                "inputs": {"timeoutSeconds": str(_SECONDS), "runCommand": [f"{PROGRAM} '{{{{ RunId }}}}'"]},
            }
        ],
    }
