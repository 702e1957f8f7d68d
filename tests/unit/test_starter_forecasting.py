"""Forecasts of definitions: what is counted, what is assumed, and the one way through a graph."""

from __future__ import annotations

import pytest

import config
from errors import InvalidInputError
from starter.costs import prices
from starter.costs.forecasting import Assumed, checked, of_definition
from starter.costs.tallies import Tally
from starter.costs.unrolling import Unrolled
from tests.unit.core.language import asking, machine, scope, task
from workflow import (
    Definition,
    Retry,
    choice,
    fail,
    map_items,
    parallel,
    process,
    step,
    wait,
    wait_for_signal,
    where,
)


@pytest.fixture
def settings(tmp_path):
    return config.load({"SWF_ENDPOINT": "local", "DATA_DIR": str(tmp_path)})


def forecast(settings, *parts, **assumed):
    return of_definition(settings, process("P", "1", parts), Assumed(**assumed))


def test_a_plain_process(settings):
    found = forecast(settings, step("A"), step("B"), seconds=2, retention_days=0)
    total = found["total"]
    assert found["ends"] == "COMPLETED"
    assert total["calls"] == {
        "PollForActivityTask": 2, "PollForDecisionTask": 3, "RespondActivityTaskCompleted": 2,
        "RespondDecisionTaskCompleted": 3, "StartWorkflowExecution": 1,
    }  # fmt: skip
    assert total["units"]["seconds"] == 4
    assert total["units"]["transitions"] == 2
    assert total["dollars"]["swf"] == pytest.approx(0.0001 + (2 + 1) * 0.000025)
    decisions = 3 * 0.000025
    both = total["dollars"]
    assert both["swf_with_decision_tasks"] == pytest.approx(both["swf"] + decisions)
    assert both["step_functions_standard"] == pytest.approx(2 * 0.000025)
    assert both["step_functions_express"] == pytest.approx(1e-6 + 4 * 0.0625 * 0.00001667)


def test_retries_go_as_far_as_each_step_allows(settings):
    parts = (step("A", retry=Retry(attempts=2)), step("B"), step("C", retry=Retry(attempts=1)))
    found = forecast(settings, *parts, retries=5)
    assert found["ends"] == "COMPLETED"
    assert found["total"]["units"]["activity_tasks"] == 2 + 3 + 1
    assert found["total"]["units"]["timers"] == 1 + 2
    assert found["total"]["units"]["transitions"] == 6


def test_items_of_maps_and_what_is_open_at_once(settings):
    found = forecast(settings, map_items("Each", [step("A"), step("B")]), items=40)
    assert found["total"]["units"]["activity_tasks"] == 80
    limits = {item["name"]: item for item in found["limits"]}
    assert limits["activities open at once"]["most"] == 40
    assert limits["activities open at once"]["left"] == 960


def test_a_wide_map_stays_within_the_limits_and_continues_as_new(settings):
    found = forecast(settings, map_items("Each", [step("A")]), items=3_000)
    limits = {item["name"]: item["left"] for item in found["limits"]}
    assert found["ends"] == "COMPLETED"
    assert found["total"]["runs"] > 1
    limits.pop("characters of the longest text")  # longer ones are kept outside
    assert all(left > 0 for left in limits.values())


def test_signals_are_answered_and_long_waits_cost_days(settings):
    parts = (wait_for_signal("Ok", signal="OK"), wait("Long", 10 * 86_400))
    found = forecast(settings, *parts, retention_days=0)
    assert found["ends"] == "COMPLETED"
    assert found["total"]["units"]["signals"] == 1
    assert found["total"]["units"]["open_days"] == pytest.approx(9)
    assert found["total"]["dollars"]["step_functions_express"] is None


def test_a_month_is_so_many_executions(settings):
    one = forecast(settings, wait("Long", 3 * 86_400))
    many = forecast(settings, wait("Long", 3 * 86_400), per_month=1_000)
    monthly = many["dollars_per_month"]["swf"]
    assert monthly == pytest.approx(1_000 * one["total"]["dollars"]["swf"])
    limits = {item["name"]: item["most"] for item in many["limits"]}
    assert limits["executions open at once"] == 100


@pytest.mark.parametrize(
    ("name", "value"),
    [("retries", -1), ("items", 200_000), ("turns", -1), ("per_month", -5), ("seconds", -1)],
)
def test_an_assumption_that_cannot_be_is_refused(name, value):
    with pytest.raises(InvalidInputError):
        checked(Assumed(**{name: value}))


# --- one way through ----------------------------------------------------------------------------


def way(definition: Definition, turns: int = 1) -> list[str]:
    states = Unrolled(definition, turns).definition().states
    return list(states)


def test_the_longest_way_is_taken():
    one = (where("$.n").equals(1), [step("A")])
    two = (where("$.n").equals(2), [step("B"), step("C")])
    big = choice("Big", one, two, otherwise=[fail("No")])
    definition = process("P", "1", [big, step("Last")])
    assert way(definition) == ["Big", "B", "C", "Last"]


@pytest.mark.parametrize("turns", [0, 1, 3])
def test_loops_are_taken_so_many_times(turns):
    again = (where("$.previous_results.B.again").equals(value=True), "A")
    definition = process(
        "P", "1", [step("A"), step("B", needs=["A"]), choice("Again", again), step("C")]
    )
    found = way(definition, turns)
    assert sum(name.partition("~")[0] == "A" for name in found) == 1 + turns
    assert found[-1] == "C"


def test_composites_within_loops_have_names_of_their_own():
    again = (where("$.x").equals(1), "P")
    definition = process(
        "P", "1", [parallel("P", [step("A")], [step("B")]), choice("Again", again)]
    )
    unrolled = Unrolled(definition, 2).definition()
    assert {"A", "A~2", "A~3", "B~3"} <= unrolled.places.keys()


def test_a_long_sequence_needs_no_recursion():
    assert len(way(process("P", "1", [step(f"S{n}") for n in range(3_000)]))) == 3_000


# --- prices -------------------------------------------------------------------------------------


def test_the_price_list_says_its_date_and_region():
    found = prices.prices()
    assert found["region"] == "us-east-1"
    assert found["date"]
    assert {"swf", "step_functions_standard", "step_functions_express"} <= found.keys()


def test_the_official_example_costs_what_it_says():
    units = Tally().units(0)
    three = {**units, "starts": 1, "activity_tasks": 3}
    assert 10_000 * prices.dollars(three)["swf"] == pytest.approx(1.75)


# --- States Language ----------------------------------------------------------------------------

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"
START = "arn:aws:states:::states:startExecution.sync:2"
EVERY = {
    "v1.0 (a)": task(
        "A",
        Next="Choose",
        ResultPath="$.a",
        Retry=[{"ErrorEquals": ["Busy"], "MaxAttempts": 2}],
        Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Mend"}],
    ),
    "Choose": {
        "Type": "Choice",
        "Choices": [{"Variable": "$.a.b", "NumericEquals": 1, "Next": "Each"}],
        "Default": "Done",
    },
    "Each": {
        "Type": "Map",
        "ItemsPath": "$.list",
        "ItemProcessor": scope(
            {"T": task("T", Next="W"), "W": {"Type": "Wait", "Seconds": 60, "End": True}}
        ),
        "Next": "Ask",
    },
    "Ask": asking(Next="Call"),
    "Call": task("", Resource=FUNCTION, Next="Sub"),
    "Sub": task("", Resource=START, Parameters={"StateMachineArn": "Elsewhere"}, Next="Until"),
    "Until": {"Type": "Wait", "TimestampPath": "$.moment", "Next": "Done"},
    "Mend": task("M1", Next="Mend2"),
    "Mend2": task("M2", Next="Mend3"),
    "Mend3": task("M3", Next="Done"),
    "Done": {"Type": "Succeed"},
}


@pytest.mark.parametrize("retries", [0, 1, 5])
def test_a_state_machine_without_data(settings, retries):
    found = of_definition(settings, machine(EVERY), Assumed(items=3, retries=retries))
    assert found["ends"] == "COMPLETED"
    units = found["total"]["units"]
    again = min(retries, 2)
    assert units["activity_tasks"] == 1 + again + 3 + 1 + 1
    assert units["signals"] == 1
    assert units["transitions"] == 3 + again + 6 + 5  # each state once, and retries
    assert units["seconds"] >= 60


def test_functions_that_swf_calls_are_no_calls_of_workers(tmp_path):
    role = "arn:aws:iam::123456789012:role/swf"
    env = {"SWF_ENDPOINT": "local", "DATA_DIR": str(tmp_path), "LAMBDA_ROLE": role}
    found = of_definition(config.load(env), machine(EVERY), Assumed(items=3))
    assert found["ends"] == "COMPLETED"
    assert found["total"]["units"]["activity_tasks"] == 6
    assert found["total"]["calls"]["PollForActivityTask"] == 5


def test_loops_and_wide_maps_of_state_machines(settings):
    states = {
        "A": task("A", Next="Again"),
        "Again": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.again", "BooleanEquals": True, "Next": "A"}],
            "Default": "Each",
        },
        "Each": {"Type": "Map", "ItemProcessor": scope({"B": task("B")}), "End": True},
    }
    found = of_definition(settings, machine(states), Assumed(turns=4, items=2_000))
    assert found["ends"] == "COMPLETED"
    assert found["total"]["units"]["activity_tasks"] == 5 + 2_000


def test_a_machine_that_always_fails_has_a_way_too(settings):
    states = {"A": task("A", Next="F"), "F": {"Type": "Fail", "Error": "No"}}
    assert of_definition(settings, machine(states), Assumed())["ends"] == "COMPLETED"


def test_reading_items_and_writing_results_are_tasks_too(settings):
    place = {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "k"}}
    each = {
        "Type": "Map",
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            **scope({"One": task("One")}),
        },
        "End": True,
    }
    plain = of_definition(settings, machine({"Each": each}), Assumed(items=3))
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b"}}
    around = {"ItemReader": place, "ResultWriter": writer}
    found = of_definition(settings, machine({"Each": {**each, **around}}), Assumed(items=3))
    started = [item["total"]["units"]["activity_tasks"] for item in (plain, found)]
    assert started == [3, 5]
