"""The one kind of error that is shown to a user as it is: in their terms, with what to do."""

from __future__ import annotations


class OperationError(Exception):
    """Something that a user can put right. Shown without a traceback.

    Args:
        message: what is wrong and what to do about it, in the user's terms.
        details: the words of the tool that failed, such as Terraform's own error, shown below the message.
    """

    def __init__(self, message: str, *, details: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.details = details.strip()

    def __str__(self) -> str:
        return f"{self.message}\n{self.details}" if self.details else self.message
