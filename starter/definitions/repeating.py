"""What a run was started with, to start another one like it."""

from __future__ import annotations

from dataclasses import dataclass

from starter import runs
from starter.executions import history
from starter.lists.listing import PERSON_TAG
from starter.runs import attributes
from swf_client import SwfClient


@dataclass(frozen=True)
class Beginning:
    """How a run began."""

    workflow_id: str
    run_id: str
    name: str
    version: str
    input: str
    """The caller's JSON text."""
    tags: tuple[str, ...]
    """The caller's."""


def beginning(client: SwfClient, workflow_id: str, run_id: str | None = None) -> Beginning:
    """How a run began, the newest of that id unless one is named: one read of one event.

    Raises `UnknownExecutionError`, and `PayloadError` where its input cannot be read here.
    """
    chosen = run_id or runs.newest_run(client, workflow_id)
    first = attributes(history.plain(client, client.first_event(workflow_id, chosen)))
    kind = first["workflowType"]
    tags = tuple(tag for tag in first.get("tagList", ()) if tag != PERSON_TAG)
    return Beginning(
        workflow_id, chosen, kind["name"], kind["version"], first.get("input", "{}"), tags
    )
