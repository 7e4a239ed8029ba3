"""Questions before a change."""

from __future__ import annotations

import sys

import typer


def confirmed(question: str, otherwise: str) -> bool:
    """Ask a question on the terminal. True: yes.

    Args:
        question: the question.
        otherwise: the sentence about what to do without a terminal, for the error.

    Raises:
        OperationError: if standard input is not a terminal.
    """
    if not sys.stdin.isatty():
        from mlinfra.errors import OperationError

        message = f"{question} The question cannot be answered without a terminal. {otherwise}"
        raise OperationError(message)
    return typer.confirm(question, err=True)
