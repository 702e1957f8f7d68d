"""The pieces of the measurements that can be wrong without anybody noticing."""

from __future__ import annotations

import subprocess
import sys

import pytest

from asl.loading import load
from bench import deep, shapes, states
from bench.peers import beside
from bench.processes import ROOT
from bench.traffic import Traffic
from decision_worker import CROWD
from local_swf.testing import LocalSWF
from workflow import Execution
from workflow.commands import RESPONSE_DECISIONS


def started(definition):
    attributes = {"input": "{}", "workflowType": {"name": definition.name, "version": "1"}}
    return Execution.from_history(
        [
            {
                "eventId": 1,
                "eventTimestamp": 1.0,
                "eventType": "WorkflowExecutionStarted",
                "workflowExecutionStartedEventAttributes": attributes,
            }
        ],
        definition,
    )


def scheduled(definition):
    kinds = [decision["decisionType"] for decision in started(definition).decisions()]
    return kinds.count("ScheduleActivityTask")


def test_each_step_of_a_sequence_names_the_one_before_it():
    states = shapes.named("sequence:3").states
    assert [state.needs for state in states.values()] == [(), ("Step0",), ("Step1",)]


def test_shapes_schedule_what_they_say():
    assert scheduled(shapes.named("sequence:3")) == 1
    assert scheduled(shapes.named("fan:30")) == 30 >= CROWD
    assert scheduled(shapes.named("kept")) == 1


def test_a_wide_execution_fills_one_response_and_asks_for_the_next():
    decisions = started(shapes.fan(1_000)).decisions()
    assert len(decisions) == RESPONSE_DECISIONS
    assert decisions[-1]["decisionType"] == "StartTimer"


def test_only_decisions_near_the_event_count():
    times = [[99, 9.0, 9.0], [100, 1.0, 2.0], [699, 3.0, 4.0], [700, 9.0, 9.0]]
    assert deep.medians(times, 100) == [399.5, 2.0, 3.0]


def test_traffic_counts_calls_and_the_bytes_of_bodies():
    traffic = Traffic()
    with LocalSWF() as swf:
        client = swf.client()
        traffic.watch(client)
        client.list_domains(registrationStatus="REGISTERED")
        counted = traffic.figures()
    assert counted["calls"] == 1
    assert counted["bytes"] == len('{"registrationStatus": "REGISTERED"}{"domainInfos":[]}')


def test_a_peer_that_cannot_be_installed_is_left_out_with_a_line(monkeypatch, tmp_path):
    def refused(folder, peer):
        return folder, "pip says: no such thing"

    monkeypatch.setattr(beside, "environment", refused)
    lines = [str(row) for row in beside.peers(tmp_path, [10])]
    assert lines[0] == "naive boto3 is left out: pip says: no such thing"
    assert len(lines) == len(beside.PEERS)


@pytest.mark.parametrize("name", ["nonsense"])
def test_an_unknown_measurement_is_a_users_mistake(name):
    command = [sys.executable, "-m", "bench", name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "known: " in done.stderr


@pytest.mark.parametrize("language", states.LANGUAGES)
def test_the_loop_of_states_counts_in_both_languages(language):
    document = states.LANGUAGES[language]()
    rows = list(states._loops(language, load(document, "Counting", "1"), [5, 10]))
    assert len(rows) == 3
    assert all(row.value > 0 for row in rows)
