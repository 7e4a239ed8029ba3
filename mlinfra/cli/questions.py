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
    _require_terminal(question, otherwise)
    return typer.confirm(question, err=True)


def typed(question: str, otherwise: str) -> str:
    """Ask for a text on the terminal.

    Args:
        question: the question.
        otherwise: the sentence about what to do without a terminal, for the error.

    Raises:
        OperationError: if standard input is not a terminal.
    """
    _require_terminal(f"{question}.", otherwise)
    return str(typer.prompt(question, err=True, default="", show_default=False)).strip()


def _require_terminal(question: str, otherwise: str) -> None:
    if not sys.stdin.isatty():
        from mlinfra.errors import OperationError

        message = f"{question} The question cannot be answered without a terminal. {otherwise}"
        raise OperationError(message)
