"""The baseline: drift that was reported before, in a file or in SSM parameters of the environment.

A baseline contains fingerprints and labels of differences, and no values.
"""

from __future__ import annotations

import base64
import gzip
import json
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import ClientError

from mlinfra.declarations import write_whole
from mlinfra.errors import OperationError
from mlinfra.operations.aws import aws_errors_explained

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlinfra.declarations import Environment
    from mlinfra.operations.aws import AwsAccount

Known = dict[str, str]
"""Labels of the known drift of one stack, by fingerprint."""

_FORMAT = 1
_LARGEST_PARAMETER = 8192
"""Characters, the maximum of an advanced parameter. A standard one has up to 4096."""


class Baseline(Protocol):
    """Known drift by stack."""

    def known(self, stack: str) -> Known:
        """Return the known drift of `stack`."""

    def store(self, known: Mapping[str, Known]) -> None:
        """Replace the known drift of the stacks in `known`. Other stacks keep theirs."""


class NoBaseline:
    """An empty baseline: all drift is new."""

    def known(self, stack: str) -> Known:  # noqa: ARG002  the interface of Baseline
        """No known drift."""
        return {}

    def store(self, known: Mapping[str, Known]) -> None:
        """Discard the known drift."""


class FileBaseline:
    """A baseline in a JSON file."""

    def __init__(self, path: Path) -> None:
        """Read the file at `path`. It may be missing.

        Raises:
            OperationError: if the file cannot be read, or is not a baseline.
        """
        self._path = path
        self._stacks: dict[str, Known] = {}
        try:
            self._stacks = _stacks(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            pass
        except OSError as error:
            message = f"{path} cannot be read: {error}"
            raise OperationError(message) from error
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            message = (
                f"{path} is not a valid baseline ({error}). Delete the file: the next run reports all drift as new."
            )
            raise OperationError(message) from error

    def known(self, stack: str) -> Known:
        """Return the known drift of `stack`."""
        return dict(self._stacks.get(stack, {}))

    def store(self, known: Mapping[str, Known]) -> None:
        """Replace the file atomically.

        Raises:
            OperationError: if the file cannot be written.
        """
        self._stacks |= known
        text = json.dumps({"format": _FORMAT, "stacks": self._stacks}, indent=2, sort_keys=True)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._path, f"{text}\n")
        except OSError as error:
            message = f"{self._path} cannot be written: {error}"
            raise OperationError(message) from error


class ParameterBaseline:
    """A baseline in one SSM parameter per component: /mlinfra/PROJECT/ENVIRONMENT/drift/COMPONENT."""

    def __init__(self, account: AwsAccount, environment: Environment) -> None:
        """Use the parameters of `environment` in `account`."""
        self._ssm = account.client("ssm")
        self._environment = environment
        self._read: dict[str, Known] = {}

    def known(self, stack: str) -> Known:
        """Return the known drift of `stack`.

        Raises:
            OperationError: if AWS refuses the request, or the parameter has another content.
        """
        if stack not in self._read:
            self._read[stack] = self._load(self._name(stack))
        return dict(self._read[stack])

    def store(self, known: Mapping[str, Known]) -> None:
        """Write the parameters with changed content.

        Raises:
            OperationError: if AWS refuses the request, or the drift does not fit into a parameter.
        """
        for stack, each in known.items():
            if each == self.known(stack):
                continue
            with aws_errors_explained():
                self._ssm.put_parameter(
                    Name=self._name(stack),
                    Description="Written by mlinfra drift: drift that was reported.",
                    Type="String",
                    # Free of charge up to 4 KiB of text.
                    Tier="Intelligent-Tiering",
                    Overwrite=True,
                    Value=_written(each, stack),
                )
            self._read[stack] = dict(each)

    def _name(self, stack: str) -> str:
        return self._environment.names.parameter("drift", self._environment.names.component_of(stack))

    def _load(self, name: str) -> Known:
        with aws_errors_explained():
            try:
                text = self._ssm.get_parameter(Name=name)["Parameter"]["Value"]
            except ClientError as error:
                if error.response["Error"]["Code"] == "ParameterNotFound":
                    return {}
                raise
        try:
            return _known(json.loads(gzip.decompress(base64.b64decode(text, validate=True))))
        except (ValueError, OSError, EOFError, TypeError, AttributeError) as error:
            message = f"The parameter {name} is not a valid baseline. Delete it: the next run reports all drift as new."
            raise OperationError(message) from error


def _written(known: Known, stack: str) -> str:
    for each in (known, dict.fromkeys(known, "")):
        packed = gzip.compress(json.dumps(each, sort_keys=True).encode(), mtime=0)
        text = base64.b64encode(packed).decode()
        if len(text) <= _LARGEST_PARAMETER:
            return text
    message = (
        f"{stack} has {len(known)} differences, which do not fit into an SSM parameter. Use --memory FILE instead."
    )
    raise OperationError(message)


def _stacks(document: Any) -> dict[str, Known]:  # noqa: ANN401  any JSON
    if document["format"] != _FORMAT:
        message = f"format {document['format']!r}, expected: {_FORMAT}"
        raise ValueError(message)
    return {str(stack): _known(known) for stack, known in document["stacks"].items()}


def _known(document: Any) -> Known:  # noqa: ANN401
    return {str(fingerprint): str(label) for fingerprint, label in document.items()}
