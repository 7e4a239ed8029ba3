"""Which drift is known from before: in a file that a pipeline keeps, or in SSM parameters of the environment.

Only fingerprints are kept, and what each is about. No value is.
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
"""What drift of one stack is about, by its fingerprint."""

_FORMAT = 1
_LARGEST_PARAMETER = 8192
"""Characters: the most that an advanced parameter holds. A standard one holds 4096."""


class Memory(Protocol):
    """What is known, by stack."""

    def known(self, stack: str) -> Known:
        """The drift of `stack` that is known."""

    def remember(self, known: Mapping[str, Known]) -> None:
        """Replace what is known of the stacks in `known`. Others stay as they are."""


class NoMemory:
    """Everything is new."""

    def known(self, stack: str) -> Known:  # noqa: ARG002  the interface of Memory
        """Nothing."""
        return {}

    def remember(self, known: Mapping[str, Known]) -> None:
        """Forget it."""


class FileMemory:
    """A file of JSON."""

    def __init__(self, path: Path) -> None:
        """Read the file at `path`, which need not be there yet.

        Raises:
            OperationError: where it cannot be read or is no such file.
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
            message = f"{path} is no memory of drift ({error}). Remove it: all drift is new then, once."
            raise OperationError(message) from error

    def known(self, stack: str) -> Known:
        """The drift of `stack` that is known."""
        return dict(self._stacks.get(stack, {}))

    def remember(self, known: Mapping[str, Known]) -> None:
        """Write it, so that a reader sees the old file or the new one.

        Raises:
            OperationError: where the file cannot be written.
        """
        self._stacks |= known
        text = json.dumps({"format": _FORMAT, "stacks": self._stacks}, indent=2, sort_keys=True)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._path, f"{text}\n")
        except OSError as error:
            message = f"{self._path} cannot be written: {error}"
            raise OperationError(message) from error


class ParameterMemory:
    """An SSM parameter for each component: /mlinfra/PROJECT/ENVIRONMENT/drift/COMPONENT."""

    def __init__(self, account: AwsAccount, environment: Environment) -> None:
        """Remember in `account` what is known of `environment`."""
        self._ssm = account.client("ssm")
        self._environment = environment
        self._read: dict[str, Known] = {}

    def known(self, stack: str) -> Known:
        """The drift of `stack` that is known.

        Raises:
            OperationError: where AWS refuses, or the parameter holds something else.
        """
        if stack not in self._read:
            self._read[stack] = self._load(self._name(stack))
        return dict(self._read[stack])

    def remember(self, known: Mapping[str, Known]) -> None:
        """Write the parameters whose content is another now.

        Raises:
            OperationError: where AWS refuses, or there is more drift than a parameter holds.
        """
        for stack, each in known.items():
            if each == self.known(stack):
                continue
            with aws_errors_explained():
                self._ssm.put_parameter(
                    Name=self._name(stack),
                    Description="Written by mlinfra drift: the drift that people have been told of.",
                    Type="String",
                    # Costs nothing up to 4 KiB of text.
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
            message = f"The parameter {name} is no memory of drift. Delete it: all drift is new then, once."
            raise OperationError(message) from error


def _written(known: Known, stack: str) -> str:
    for each in (known, dict.fromkeys(known, "")):
        packed = gzip.compress(json.dumps(each, sort_keys=True).encode(), mtime=0)
        text = base64.b64encode(packed).decode()
        if len(text) <= _LARGEST_PARAMETER:
            return text
    message = (
        f"{stack} has {len(known)} differences, more than an SSM parameter can remember. Use --memory FILE instead."
    )
    raise OperationError(message)


def _stacks(document: Any) -> dict[str, Known]:  # noqa: ANN401  any JSON
    if document["format"] != _FORMAT:
        message = f"format {document['format']!r}, expected: {_FORMAT}"
        raise ValueError(message)
    return {str(stack): _known(known) for stack, known in document["stacks"].items()}


def _known(document: Any) -> Known:  # noqa: ANN401
    return {str(fingerprint): str(label) for fingerprint, label in document.items()}
