"""Definitions as AWS takes them: nothing of ours is left, and the same is done with the data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

import asl
from asl.export import export
from asl.loading import load
from runner import Functions, VirtualClock
from runner.express import express
from tests.unit.core.generated import definitions
from workflow import (
    Definition,
    Policy,
    Retry,
    child,
    choice,
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

PUBLISHED = sorted((Path(__file__).parents[3] / "definitions").glob("*.asl.*"))
HERE: dict[str, Any] = {"region": "eu-west-1", "account": "123456789012"}

EVERYTHING = process(
    "Order",
    "1.0",
    [
        step("Receive", start_to_close=30, heartbeat="NONE"),
        choice("In stock?", (where("$.previous_results.Receive.stock").less_than(1), [
            step("Re-order", retry=Retry(attempts=5, max_seconds=None, non_retryable=("Gone",))),
        ])),
        parallel("Prepare", [step("Pack", compensation="Unpack")], [step("Invoice", heartbeat=5)]),
        map_items("Each", [step("Bill", task_list="slow"), wait("Rest", 1)], concurrency=2),
        wait_for_signal("Approve", signal="APPROVAL", seconds=60, default={"approved": False}),
        child("Ship", "Shipping@2.1", needs=["Approve"], timeout=600),
        step("Last", on_failure="pause", schedule_to_start=60),
    ],
    deadline=86_400,
    comment="An order",
)  # fmt: skip


def errors(document: Any) -> list[str]:
    return [str(found) for found in asl.errors_of(asl.validate(asl.of(document)))]


def states(document: dict[str, Any]) -> dict[str, Any]:
    """Every state by its name, however deep."""
    found: dict[str, Any] = {}
    waiting = [document]
    while waiting:
        scope = waiting.pop()
        for name, state in scope["States"].items():
            found[name] = state
            waiting += [*state.get("Branches", ()), *filter(None, [state.get("ItemProcessor")])]
    return found


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.name)
def test_what_is_published_is_valid_and_plain(path: Path) -> None:
    exported = export(asl.read(path.read_text(encoding="utf-8")).document, **HERE)
    assert errors(exported.document) == []


@settings(max_examples=60, deadline=None)
@given(definitions())
def test_every_process_is_valid(definition: Definition) -> None:
    exported = export(definition_to_json(definition))
    assert errors(exported.document) == []
    assert "arn:aws:states:::activity" not in json.dumps(exported.document)
    load(exported.document, "Exported", "1")


def test_a_process_says_attempts_limits_and_places() -> None:
    exported = export(definition_to_json(EVERYTHING), **HERE, policy=Policy(max_attempts=4))
    found = states(exported.document)

    assert errors(exported.document) == []
    assert found["Receive"] == {
        "Type": "Task",
        "Resource": "arn:aws:states:eu-west-1:123456789012:activity:Receive",
        "ResultPath": "$.previous_results.Receive",
        "TimeoutSeconds": 30,
        "Retry": [
            {"ErrorEquals": ["NonRetryableError"], "MaxAttempts": 0},
            {
                "ErrorEquals": ["States.ALL"],
                "IntervalSeconds": 1,
                "MaxAttempts": 3,
                "BackoffRate": 2.0,
                "MaxDelaySeconds": 60,
            },
        ],
        "Next": "In stock?",
    }
    assert found["Re-order"]["ResultPath"] == "$.previous_results['Re-order']"
    assert [rule["MaxAttempts"] for rule in found["Re-order"]["Retry"]] == [0, 0, 4]
    assert (found["Invoice"]["TimeoutSeconds"], found["Invoice"]["HeartbeatSeconds"]) == (300, 5)
    assert found["Approve"]["Resource"].endswith(":activity:APPROVAL")
    assert found["Approve"]["Catch"][0]["Next"] == "Approve (default)"
    assert found["Approve (default)"]["Result"] == {"approved": False}
    arn = "arn:aws:states:eu-west-1:123456789012:stateMachine:Shipping"
    assert found["Ship"]["Parameters"]["StateMachineArn"] == arn
    assert exported.document["TimeoutSeconds"] == 86_400


def test_what_is_lost_is_told() -> None:
    told = "\n".join(export(definition_to_json(EVERYTHING)).notes)
    for word in ("Unpack", "Ship: version 2.1", "Last: it does not wait", "Bill: its task list",
                 "RollbackStep", "Ship: it gets every earlier result"):  # fmt: skip
        assert word in told


SIMPLE = process(
    "Simple",
    "1",
    [
        step("First"),
        choice("More?", (where("$.n").greater_than(1), [step("Second")])),
        wait("Rest", seconds_path="$.n"),
        choice("End?", (where("$.previous_results.First.stop").equals(value=True),
                        [fail("Stop", "Business.No", "stopped")])),
        step("Third", retry=Retry(attempts=2)),
    ],
)  # fmt: skip


@pytest.mark.parametrize("order", [{"n": 1}, {"n": 2}, {"n": 2, "stop": True}])
def test_it_does_the_same_as_the_process(order: dict[str, Any]) -> None:
    def run(definition: Definition) -> tuple[Any, list[Any]]:
        calls: list[Any] = []

        def called(name: str) -> Any:
            def function(data: dict[str, Any]) -> dict[str, Any]:
                calls.append((name, data))
                if name == "Third" and len([c for c in calls if c[0] == name]) == 1:
                    raise ValueError("once")
                return {"did": name, "stop": data.get("stop", False)}

            return function

        names = ("First", "Second", "Third", "RollbackStep", "CompensateTransaction")
        worker = Functions({name: called(name) for name in names})
        ended = express(definition, order, worker, clock=VirtualClock())
        return ended, [call for call in calls if call[0] in names[:3]]

    plain = load(export(definition_to_json(SIMPLE)).document, "Simple", "1")
    ours, theirs = run(SIMPLE), run(plain)
    assert theirs[1] == ours[1]
    assert theirs[0]["status"] == ours[0]["status"]
    assert theirs[0].get("output") == ours[0].get("output")


def test_items_and_branches_get_what_they_get_in_the_process() -> None:
    made = process(
        "Deep",
        "1",
        [
            step("First"),
            parallel("Fork", [step("Left"), step("Lefter")], [step("Right")]),
            map_items("Each", [step("Item"), map_items("Parts", [step("Part")], items="$.item.p")]),
        ],
    )
    order = {"items": [{"p": [1, 2]}, {"p": []}]}

    def run(definition: Definition) -> list[Any]:
        calls: list[Any] = []
        names = ("First", "Left", "Lefter", "Right", "Item", "Part")

        def called(name: str) -> Any:
            def function(data: dict[str, Any]) -> dict[str, Any]:
                known = {key: data[key] for key in ("item", "item_index") if key in data}
                calls.append((name, known, sorted(data["previous_results"])))
                return {"did": name}

            return function

        functions = {name: called(name) for name in names}
        assert express(definition, order, functions, clock=VirtualClock())["status"] == "SUCCEEDED"
        return sorted(calls, key=repr)

    assert run(load(export(definition_to_json(made)).document, "Deep", "1")) == run(made)


def test_the_result_of_a_child_is_what_it_gave() -> None:
    sub = process("Sub", "1", [step("Inner")])
    made = process("Outer", "1", [step("First"), child("Sub", "Sub@1"), step("Last")])
    plain = {
        "Sub": load(export(definition_to_json(sub)).document, "Sub", "1"),
        "Outer": load(export(definition_to_json(made)).document, "Outer", "1"),
    }
    seen: list[Any] = []
    functions = {
        "First": lambda _: {"first": 1},
        "Inner": lambda data: {"knows": data["parent_results"]},
        "Last": lambda data: seen.append(data["previous_results"]["Sub"]) or {},
    }

    ended = express(
        plain["Outer"], {}, functions, clock=VirtualClock(), definitions=lambda n, _: plain[n]
    )
    assert ended["status"] == "SUCCEEDED", ended
    assert seen[0]["previous_results"] == {"Inner": {"knows": {"First": {"first": 1}}}}


# --- documents ----------------------------------------------------------------------------------

OURS: dict[str, Any] = {
    "StartAt": "Pay",
    "Saga": {"Step": "Undo"},
    "States": {
        "Pay": {
            "Type": "Task",
            "Resource": "arn:aws:states:::activity:pay",
            "Compensation": "refund",
            "OnFailure": "pause",
            "Settings": {"Priority": 1},
            "Needs": [],
            "Next": "Each",
        },
        "Each": {
            "Type": "Map",
            "ItemProcessor": {
                "StartAt": "Ask",
                "States": {
                    "Ask": {
                        "Type": "Task",
                        "Resource": "arn:aws-cn:states:::signal:APPROVAL",
                        "TimeoutSeconds": 60,
                        "Default": {"ok": False},
                        "ResultPath": "$.answer",
                        "End": True,
                    }
                },
            },
            "Next": "Ship",
        },
        "Ship": {
            "Type": "Task",
            "Resource": "arn:aws:states:::states:startExecution.sync:2",
            "Parameters": {"StateMachineArn": "Shipping@1.0", "Input.$": "$"},
            "End": True,
        },
    },
}


def test_a_document_loses_what_is_ours() -> None:
    before = json.dumps(OURS)
    exported = export(OURS, **HERE)
    found = states(exported.document)

    assert json.dumps(OURS) == before
    assert errors(exported.document) == []
    assert found["Pay"] == {
        "Type": "Task",
        "Resource": "arn:aws:states:eu-west-1:123456789012:activity:pay",
        "Next": "Each",
    }
    ask = found["Ask"]
    assert ask["Resource"] == "arn:aws-cn:states:eu-west-1:123456789012:activity:APPROVAL"
    assert ask["TimeoutSeconds"] == 60
    assert found[ask["Catch"][0]["Next"]] == {
        "Type": "Pass",
        "Result": {"ok": False},
        "ResultPath": "$.answer",
        "End": True,
    }
    arn = "arn:aws:states:eu-west-1:123456789012:stateMachine:Shipping"
    assert found["Ship"]["Parameters"]["StateMachineArn"] == arn
    assert len(exported.notes) == 7


def test_what_is_plain_already_stays_as_it_is() -> None:
    document = {
        "QueryLanguage": "JSONata",
        "StartAt": "A",
        "States": {
            "A": {"Type": "Task", "Resource": "${CHARGE}", "Output": "{% 1 %}", "End": True}
        },
    }
    exported = export(document)
    assert exported.document == document
    assert exported.notes == ()
