"""Recorded histories are decided as they were when they were recorded, by every later core."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from workflow import Execution, definition_from_json

FILES = sorted((Path(__file__).parents[2] / "golden").glob("*.json"))


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def golden(request):
    return json.loads(request.param.read_text(encoding="utf-8"))


def definition_of(golden):
    kind = golden["type"]
    return definition_from_json(kind["name"], kind["version"], golden["definition"])


def ids(golden):
    return {"start_id": golden["run_id"], "workflow_id": golden["workflow_id"]}


def unrevised(decisions):
    """Decisions without the core's revision, which a run that begins now would record."""
    return json.loads(re.sub(r'\\"core\\":\d+', r'\\"core\\":0', json.dumps(decisions)))


def test_every_decision_is_the_same(golden):
    definition, answers = definition_of(golden), golden["answers"]
    assert answers
    for started, expected in answers.items():
        seen = [event for event in golden["events"] if event["eventId"] <= int(started)]
        execution = Execution.from_history(seen, definition, **ids(golden))
        assert unrevised(execution.decisions()) == unrevised(expected), f"at event {started}"


def test_remembering_gives_what_replaying_gives(golden):
    definition = definition_of(golden)
    remembered = Execution(definition, **ids(golden))
    for started, expected in golden["answers"].items():
        remembered.apply(e for e in golden["events"] if e["eventId"] <= int(started))
        assert unrevised(remembered.decisions()) == unrevised(expected)


def test_there_are_golden_histories_of_every_core_revision():
    assert {path.stem.split(".")[1] for path in FILES} >= {"core1"}
