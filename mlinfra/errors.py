"""The errors that are shown to a user as they are: in their terms, with what to do."""

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


class DeclarationError(ValueError):
    """A declaration that cannot become infrastructure.

    The message lists every problem: the field, the value given, and what is allowed.
    """

    def __init__(self, subject: str, problems: list[str]) -> None:
        self.subject = subject
        self.problems = problems
        count = f"{len(problems)} problem" + ("s" if len(problems) > 1 else "")
        super().__init__("\n".join([f"{subject}: {count}", *(f"  - {problem}" for problem in problems)]))

    @classmethod
    def together(cls, errors: list[DeclarationError]) -> DeclarationError:
        """One error that says what all of `errors` say."""
        if len(errors) == 1:
            return errors[0]
        problems = [f"{error.subject}: {problem}" for error in errors for problem in error.problems]
        return cls("declarations", problems)
