"""Objects below the outputs of a run in the data lake."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mlinfra.operations.aws import aws_errors_explained

if TYPE_CHECKING:
    from mlinfra.operations.aws import AwsAccount
    from mlinfra.runner import RunSpecification

_OUTPUTS: Final = "outputs/"


@dataclass(frozen=True)
class RunOutputs:
    """The outputs that a run has uploaded: those of rank 0."""

    account: AwsAccount
    bucket: str
    prefix: str
    """Ends with a slash."""

    @classmethod
    def of(cls, account: AwsAccount, specification: RunSpecification) -> RunOutputs:
        """The outputs of a run."""
        return cls(account, specification.bucket, specification.run_object(_OUTPUTS))

    def uri(self, name: str = "") -> str:
        """The S3 URI of a file or folder; by default of all outputs."""
        return f"s3://{self.bucket}/{self.prefix}{name}"

    def read(self, name: str) -> bytes | None:
        """The content of a file. None: it does not exist, or is empty.

        Raises:
            OperationError: if it cannot be read.
        """
        # Listed first: S3 answers 403 for an object that does not exist if the role may list some prefixes only.
        if not self.contains(name):
            return None
        with aws_errors_explained():
            content: bytes = self._client.get_object(Bucket=self.bucket, Key=f"{self.prefix}{name}")["Body"].read()
        return content

    def contains(self, name: str) -> bool:
        """True if there is a file `name`, or a file in the folder `name` if that ends with a slash.

        Raises:
            OperationError: if the outputs cannot be listed.
        """
        key = f"{self.prefix}{name}"
        with aws_errors_explained():
            found = self._client.list_objects_v2(Bucket=self.bucket, Prefix=key, MaxKeys=2).get("Contents", [])
        # A console creates an empty object for a folder.
        return any(each["Key"] == key or (name.endswith("/") and each["Key"] != key) for each in found if each["Size"])

    @property
    def _client(self) -> Any:  # noqa: ANN401  boto3 is untyped
        return self.account.client("s3")
