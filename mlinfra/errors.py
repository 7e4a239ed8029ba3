"""Errors that are shown to the user without a traceback."""

from __future__ import annotations

from typing import ClassVar

from mlinfra.functions.counting import counted


class OperationError(Exception):
    """An error that the user can correct. Shown without a traceback.

    Args:
        message: the problem and its remedy, in the user's terms.
        details: the output of the tool that failed, such as Terraform's error. Shown below the message.
    """

    exit_code: ClassVar[int] = 1
    """The exit code of a command that ends with this error."""

    def __init__(self, message: str, *, details: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.details = details.strip()

    def __str__(self) -> str:
        return f"{self.message}\n{self.details}" if self.details else self.message


class DeclarationError(ValueError):
    """An invalid declaration.

    The message lists every problem: the field, the given value, and what is allowed.
    """

    def __init__(self, subject: str, problems: list[str]) -> None:
        self.subject = subject
        self.problems = problems
        count = counted(len(problems), "problem")
        super().__init__("\n".join([f"{subject}: {count}", *(f"  - {problem}" for problem in problems)]))

    @classmethod
    def together(cls, errors: list[DeclarationError]) -> DeclarationError:
        """One error with the problems of all `errors`."""
        if len(errors) == 1:
            return errors[0]
        problems = [f"{error.subject}: {problem}" for error in errors for problem in error.problems]
        return cls("declarations", problems)
