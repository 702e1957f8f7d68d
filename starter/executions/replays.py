"""Executions as the core sees them, made anew from the histories that SWF keeps."""

from __future__ import annotations

from functools import partial

import published
import wire
from errors import DefinitionError, UnknownExecutionError
from starter import runs
from starter.runs import Event, Info
from swf.events import attributes
from swf_client import SwfClient
from wire import Json
from workflow import Definition, Execution


def events_of(client: SwfClient, workflow_id: str, run_id: str) -> list[Event]:
    """Every event of a run, as the core wants them."""
    try:
        return list(client.history_for_core(workflow_id, run_id))
    except UnknownExecutionError:
        raise runs.unknown(client, workflow_id, run_id) from None


def definition_of(kind: Json) -> Definition | None:
    """The definition of a workflow type, `{"name", "version"}`; None where it is not here."""
    return published.find(kind["name"], kind["version"])


def needed_definition(info: Info) -> Definition:
    """The definition of an execution; `DefinitionError` where it is not here."""
    kind = info["workflowType"]
    found = definition_of(kind)
    if found is None:
        name = published.file_of(kind["name"], kind["version"]).name
        raise DefinitionError(
            f"this machine has no definition of {kind['name']} {kind['version']}: put {name} into "
            "definitions/, or do this where it is"
        )
    return found


def replay(client: SwfClient, workflow_id: str, run_id: str) -> Execution | None:
    """A run as it stands; None where its definition is not on this machine."""
    events = events_of(client, workflow_id, run_id)
    definition = definition_of(attributes(events[0])["workflowType"])
    if definition is None:
        return None
    return folded(client, definition, events, workflow_id, run_id)


def folded(
    client: SwfClient,
    definition: Definition,
    events: list[Event],
    workflow_id: str,
    run_id: str,
) -> Execution:
    """The execution that those events tell of."""
    execution = begun(client, definition, workflow_id, run_id)
    execution.apply(events)
    return execution


def begun(client: SwfClient, definition: Definition, workflow_id: str, run_id: str) -> Execution:
    """An execution before its first event."""
    return Execution(
        definition,
        start_id=run_id,
        workflow_id=workflow_id,
        contents=partial(_content, client),
    )


def _content(client: SwfClient, reference: Json) -> Json:
    return wire.loads(client.payloads.get(reference))
