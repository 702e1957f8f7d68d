"""Definitions: what validation says, and that each kind comes back from its serial form."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings

from errors import DefinitionError
from workflow import (
    Retry,
    child,
    choice,
    definition_from_json,
    definition_to_json,
    fail,
    map_items,
    parallel,
    process,
    step,
    wait,
    wait_for_signal,
    where,
)
from workflow.graph import Choice

from .generated import definitions


def problems(*parts, **more) -> str:
    with pytest.raises(DefinitionError) as caught:
        process("P", "1", parts, **more)
    return str(caught.value)


HERE = where("$.x").is_present()


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ([step("A.b")], "step name 'A.b'"),
        ([step("A" * 81)], "1 to 80 characters"),
        ([step("A", activity="x:y")], "'x:y' is no name of an activity"),
        ([step("A", needs=["B"])], "needs the result of 'B', which is no state"),
        ([step("A", compensation="")], "compensation '' is no activity"),
        ([step("A", on_failure="weep")], "on_failure 'weep'"),
        ([step("A", retry=Retry(initial_seconds=0))], "interval 0 must be whole seconds"),
        ([step("A", retry=Retry(initial_seconds=0.5))], "interval 0.5 must be whole seconds"),
        ([step("A", retry=Retry(rate=0.5))], "rate 0.5"),
        ([step("A", retry=Retry(attempts=0))], "-1 retries"),
        ([step("A", start_to_close="soon")], "start_to_close 'soon'"),
        ([step("A", task_list="x|y")], "task list 'x|y'"),
        ([choice("C", (HERE, "Nowhere")), step("A")], "leads to 'Nowhere', which is no state"),
        ([choice("C", (HERE, "A"), otherwise="A"), fail("F"), step("A")], "'F' is never reached"),
        ([step("A"), choice("C", (HERE, "A"), otherwise="A")], "no way leads out of"),
        ([fail("F", "States.X")], "may not begin with States."),
        ([wait("W")], "exactly one of seconds"),
        ([wait("W", -1)], "-1 must be whole seconds"),
        ([wait("W", 0.5)], "0.5 must be whole seconds"),
        ([wait("W", until="tomorrow")], "'tomorrow' is no time"),
        ([wait("W", seconds_path="x")], "'$' is expected"),
        ([wait_for_signal("W", signal="PAUSE")], "cannot be the name of a signal"),
        ([wait_for_signal("W", signal="S", seconds=0)], "time limit 0"),
        ([wait_for_signal("W", signal="S", default=1)], "a default needs a time limit"),
        ([child("C", "Sub")], "NAME@VERSION"),
        ([parallel("P")], "no branch"),
        ([map_items("M", [step("A")], concurrency=-1)], "concurrency -1"),
        ([map_items("M", [step("A")], items="items")], "'$' is expected"),
        ([map_items("M", [step("A")]), step("A")], "steps named twice: A"),
    ],
)
def test_each_mistake_is_named(parts, why):
    assert why in problems(*parts)


def test_every_mistake_is_in_one_report():
    told = problems(
        step("A", needs=["X"], retry=Retry(initial_seconds=0)),
        parallel("P", [step("B", compensation="")], [wait("W", -1)]),
        deadline=0,
    )
    for why in ("'X', which is no state", "interval 0", "compensation ''", "-1 must", "deadline 0"):
        assert why in told


EVERY_KIND = process(
    "Every",
    "2.0",
    [
        step(
            "A",
            activity="Do",
            compensation="Undo",
            on_failure="pause",
            retry=Retry(5, 2, 1.5, None, jitter=True, non_retryable=("E",)),
            start_to_close=5,
            heartbeat="NONE",
            schedule_to_start=7,
            schedule_to_close=8,
            task_list="own",
            priority=3,
        ),
        child("B", "Sub@1", needs=["A"], compensation="Undo", timeout=60),
        wait_for_signal("C", signal="S", seconds=5, default=None, compensation="Undo"),
        wait("D", until="2030-01-01T00:00:00Z"),
        wait("E", until_path="$.t"),
        choice(
            "F",
            ((where("$.a").equals("x") & where("$.b").at_least(1)) | ~HERE, [fail("G", "No", "c")]),
            otherwise=[parallel("H", [step("I")], [wait("J", 1)], retry=Retry())],
        ),
        map_items("K", [step("L"), wait("M", seconds_path="$.n")], items="$.l", concurrency=2),
        choice("N", (HERE, "K")),
    ],
    deadline=900,
    comment="all there is",
)


def test_every_kind_comes_back_from_its_serial_form():
    document = json.loads(json.dumps(definition_to_json(EVERY_KIND)))
    again = definition_from_json("Every", "2.0", document)
    assert again == EVERY_KIND
    assert again.hash == EVERY_KIND.hash
    assert any(isinstance(state, Choice) for state in again.states.values())


@given(definitions())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_definition_comes_back_from_its_serial_form(definition):
    document = json.loads(json.dumps(definition_to_json(definition)))
    again = definition_from_json(definition.name, definition.version, document)
    assert definition_to_json(again) == document
    assert again == definition


def test_attempts_and_timeouts_are_not_shape_and_steps_are():
    one = process("P", "1", [step("A", retry=Retry(3))])
    assert one.hash == process("P", "1", [step("A", retry=Retry(9), heartbeat=5)]).hash
    assert one.hash != process("P", "1", [step("A", compensation="Undo")]).hash
