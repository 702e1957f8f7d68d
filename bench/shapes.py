"""The processes that are measured: steps that do nothing, in different arrangements."""

from __future__ import annotations

from itertools import pairwise

from asl.loading import load
from wire import Json
from workflow import Definition, parallel, process, step, wait_for_signal

ACTIVITY = "Nothing"
INPUT = {"order_id": "BENCH-1", "customer_id": "C-1"}
KEPT_STEPS = 5


def sequence(steps: int) -> Definition:
    """Steps one after the other, each of which names the result before it."""
    names = [f"Step{number}" for number in range(steps)]
    needed = [[], *([name] for name in names)]
    parts = [
        step(name, activity=ACTIVITY, needs=needs)
        for name, needs in zip(names, needed, strict=False)
    ]
    return process("Sequence", str(steps), parts)


def fan(steps: int) -> Definition:
    """Steps side by side, each a branch of its own."""
    branches = [[step(f"Step{number}", activity=ACTIVITY, needs=[])] for number in range(steps)]
    return process("Fan", str(steps), [parallel("All", *branches)])


def kept() -> Definition:
    """Five steps, and then a wait that nobody ends: what a decider remembers."""
    steps = [step(f"Step{number}", activity=ACTIVITY) for number in range(KEPT_STEPS)]
    waiting = wait_for_signal("Wait", signal="GO")
    return process("Kept", "1", [*steps, waiting])


def named(name: str) -> Definition:
    """The process of that name: `sequence:100`, `fan:200`, `kept`, `counting`, `calls:200`."""
    kind, _, size = name.partition(":")
    if kind == "kept":
        return kept()
    if kind == "counting":
        return load(counting_by_path(), "Counting", "1")
    if kind == "calls":
        return load(calls(int(size)), "Calls", size)
    return {"sequence": sequence, "fan": fan}[kind](int(size))


# --- States Language --------------------------------------------------------------------------

PASS: dict[str, Json] = {"Type": "Pass", "End": True}
TASK: dict[str, Json] = {
    "Type": "Task",
    "Resource": "arn:aws:lambda:us-east-1:123456789012:function:same",
    "End": True,
}


def counting_by_path() -> dict[str, Json]:
    """A loop that counts from `n` to `max`, in JSONPath."""
    return _counting(
        {"Parameters": {"n.$": "States.MathAdd($.n, 1)", "max.$": "$.max"}},
        {"Variable": "$.n", "NumericLessThanPath": "$.max"},
    )


def counting_by_jsonata() -> dict[str, Json]:
    """The same loop in JSONata."""
    output = {"n": "{% $states.input.n + 1 %}", "max": "{% $states.input.max %}"}
    condition = {"Condition": "{% $states.input.n < $states.input.max %}"}
    return {"QueryLanguage": "JSONata", **_counting({"Output": output}, condition)}


def _counting(count: dict[str, Json], goes_on: dict[str, Json]) -> dict[str, Json]:
    states = {
        "Count": {"Type": "Pass", **count, "Next": "More"},
        "More": {"Type": "Choice", "Choices": [{**goes_on, "Next": "Count"}], "Default": "End"},
        "End": {"Type": "Succeed"},
    }
    return {"StartAt": "Count", "States": states}


def chain(states: int) -> dict[str, Json]:
    """So many Pass states, one behind the other."""
    names = [f"S{number}" for number in range(states)]
    found: dict[str, Json] = {
        name: {"Type": "Pass", "Next": after} for name, after in pairwise(names)
    }
    return {"StartAt": names[0], "States": {**found, names[-1]: PASS}}


def calls(states: int) -> dict[str, Json]:
    """So many Tasks of an activity, one behind the other."""
    names = [f"S{number}" for number in range(states)]
    task = {"Type": "Task", "Resource": f"arn:aws:states:::activity:{ACTIVITY}"}
    found: dict[str, Json] = {name: {**task, "Next": after} for name, after in pairwise(names)}
    return {"StartAt": names[0], "States": {**found, names[-1]: {**task, "End": True}}}


def nested(levels: int) -> dict[str, Json]:
    """Parallel states of one branch within one another."""
    found: dict[str, Json] = {"StartAt": "P0", "States": {"P0": PASS}}
    for level in range(1, levels + 1):
        name = f"P{level}"
        state = {"Type": "Parallel", "Branches": [found], "End": True}
        found = {"StartAt": name, "States": {name: state}}
    return found


def each(state: dict[str, Json]) -> dict[str, Json]:
    """A Map that does one state with each item of the input."""
    processor = {"StartAt": "One", "States": {"One": state}}
    return {
        "StartAt": "Each",
        "States": {"Each": {"Type": "Map", "ItemProcessor": processor, "End": True}},
    }
