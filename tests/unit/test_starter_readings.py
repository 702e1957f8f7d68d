"""Histories read piece by piece: what is told of them does not depend on how they came."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import config
import published
from starter.executions.attempts import attempts
from starter.executions.readings import Reading
from swf_client import SwfClient
from workflow import definition_from_json
from workflow.history import attributes

GOLDEN = sorted((Path(__file__).parents[1] / "golden").glob("*.json"))


@pytest.fixture(scope="module")
def client() -> SwfClient:
    return SwfClient(config.load({"SWF_ENDPOINT": "http://127.0.0.1:9"}))


def golden(path: Path) -> tuple[dict[str, Any], Any]:
    found = json.loads(path.read_text(encoding="utf-8"))
    kind = found["type"]
    return found, definition_from_json(kind["name"], kind["version"], found["definition"])


def reading(client: SwfClient, found: dict[str, Any], definition: Any) -> Reading:
    made = Reading(client, found["workflow_id"], found["run_id"], earlier=[])
    made.definition = definition
    return made


def told(made: Reading) -> Any:
    """Everything that is told, at one moment."""
    now = made.status()["started_at"] + 1_000.0
    picture = made.picture(now)
    return (
        made.status(),
        made.scene(now),
        made.timeline(now),
        made.happenings(),
        picture and picture.seen,
        [attempts(made, name) for name in made.definition.places] if made.definition else [],
    )


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_every_golden_history_can_be_told(client: SwfClient, path: Path) -> None:
    found, definition = golden(path)
    made = reading(client, found, definition)
    made.take(found["events"])

    assert made.execution is not None, "it was given up"
    assert made.closed == bool(made.execution.state.closed)
    bars = made.timeline(0.0)
    assert bars
    for bar in bars:
        assert all(s.ended is None or s.ended >= s.begun for s in bar.segments)
        assert bar.begun == min(segment.begun for segment in bar.segments)
        assert made.closed is False or bar.ended is not None
    assert {bar.path for bar in bars} <= {v.path for v in made.execution.state.visits.values()}


def is_seen(events: list[Any], count: int) -> bool:
    """Whether so many events may be all there are: SWF writes those of a decision at once."""
    if count == len(events):
        return True
    following = attributes(events[count])
    return "decisionTaskCompletedEventId" not in following and not (
        events[count]["eventType"] == "ActivityTaskCanceled" and following["startedEventId"] == 0
    )


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
@settings(deadline=None)  # other tests run beside it
@given(data=st.data())
def test_pieces_tell_what_the_whole_tells(
    client: SwfClient, path: Path, data: st.DataObject
) -> None:
    found, definition = golden(path)
    events = found["events"]
    ends = st.sampled_from([n for n in range(1, len(events) + 1) if is_seen(events, n)])
    end = data.draw(ends, label="read so far")
    looks = data.draw(st.sets(ends, max_size=5), label="looks")
    cuts = sorted(look for look in looks if look <= end)
    whole = reading(client, found, definition)
    whole.take(events[:end])
    pieces = reading(client, found, definition)
    for begin, stop in zip([0, *cuts], [*cuts, end], strict=True):
        pieces.take(events[begin:stop])
        if pieces.events:
            told(pieces)

    assert told(pieces) == told(whole)


def test_a_run_without_its_definition_has_a_status(
    client: SwfClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, _ = golden(GOLDEN[0])
    monkeypatch.setattr(published, "find", lambda *_: None)
    made = Reading(client, found["workflow_id"], found["run_id"], earlier=[])
    made.take(found["events"])

    assert made.closed
    assert made.status()["closed_at"]
    assert made.picture(0.0) is None
    assert made.timeline(0.0) == []
    assert made.scene(0.0).rows == ()
    assert made.happenings()
