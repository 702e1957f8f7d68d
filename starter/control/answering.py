"""Task tokens: whose they are."""

from __future__ import annotations

from workflow.language.context import read_token


def workflow_id_of(token: str) -> str:
    """The workflow id that a task token names; `InvalidInputError` for a text that is none."""
    return read_token(token.strip()).workflow_id
