"""Definitions and inputs that nobody means well: every one ends with a name, none with a fault."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from runner import conformance
from tests.asl.drivers import SHARED, TABLES, cases_of

FILES = [SHARED / "cases.jsonl", *sorted(TABLES.glob("*.jsonl"))]
CASES = [case for path in FILES if path.stem != "limits" for case in cases_of(path)]
FAULT = "a fault of this program"

scalars = st.sampled_from(
    [
        *(None, True, False, 0, 1, -1, 0.5, 1e300, 10**30, "", "$", "$$", "$.a", "$x", "a", "{%%}"),
        *("{% $states.input %}", "{% 1/0 %}", "{% function($x){$x} %}", "States.UUID()", "$.a[*]"),
        *(
            "NONE",
            "2016-03-14T01:59:00Z",
            "States.ALL",
            "\ud800",
            "é☕",
            "S",
            "A",
            [],
            {},
            [1],
            {"a": 1},
        ),
    ]
)
WORDS = """
    InputPath OutputPath ResultPath Parameters ResultSelector Result Assign Output Arguments Next
    End Default Choices Catch Retry Items ItemsPath ItemSelector ItemBatcher ItemReader Seconds
    SecondsPath TimestampPath MaxConcurrency MaxConcurrencyPath ToleratedFailureCount Type
    TimeoutSeconds HeartbeatSeconds TimeoutSecondsPath QueryLanguage Resource Credentials
    ErrorPath CausePath ToleratedFailurePercentagePath ResultWriter Compensation OnFailure
    Saga a a.$ n.$ x
"""
words = st.sampled_from(WORDS.split())


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container of a value with each of its keys."""
    found, waiting = [], [value]
    while waiting:
        holder = waiting.pop()
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        for key in keys:
            found.append((holder, key))
            if isinstance(holder[key], dict | list):
                waiting.append(holder[key])
    return found


@st.composite
def spoiled(draw: st.DrawFn) -> dict[str, Any]:
    """A case of the tables with a few members changed, added, or taken away."""
    case = copy.deepcopy(draw(st.sampled_from(CASES)))
    if not isinstance(case["definition"], dict):
        return case
    for _ in range(draw(st.integers(1, 3))):
        found = places(case["definition"])
        if not found:
            break
        holder, key = draw(st.sampled_from(found))
        how = draw(st.integers(0, 3))
        if how == 0:
            del holder[key]
        elif how == 1 and isinstance(holder, dict):
            holder[draw(words)] = copy.deepcopy(draw(scalars))
        elif how == 2 and isinstance(holder, dict):
            holder[draw(words)] = holder.pop(key)
        else:
            holder[key] = copy.deepcopy(draw(scalars))
    if draw(st.booleans()):
        case["input"] = draw(scalars)
    return case


@settings(max_examples=600, deadline=None)
@given(spoiled())
def test_a_spoiled_case_ends_with_a_status(case: dict[str, Any]) -> None:
    found = conformance.run(case)
    assert found["status"] in ("SUCCEEDED", "FAILED", "TIMED_OUT", "UNSUPPORTED")
    assert FAULT not in str(found.get("cause")), (case["definition"], found)
    json.dumps(found)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200) | scalars | st.lists(scalars) | st.dictionaries(words, scalars))
def test_anything_may_be_given_for_a_definition(definition: Any) -> None:
    case = {"id": "x", "definition": definition, "input": {}}
    assert conformance.run(case)["status"] == "UNSUPPORTED"
    assert conformance.check(case)["valid"] is False
