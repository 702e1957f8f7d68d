"""Validation takes any value, in bounded time, and reports in the order of the document."""

from __future__ import annotations

import copy
import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asl import Diagnostic, errors_of, of, read, validate
from asl.validation import fields
from tests.unit.asl.samples import LAMBDA, LEAF, PASS, jsonata, machine, map_of
from tests.unit.asl.test_validation_accepts import ACCEPTED

NAMES = sorted(
    frozenset().union(*fields.STATES.values(), *fields.EXTENSIONS.values())
    | fields.MACHINE | fields.PROCESSOR | fields.CATCHER | fields.RETRIER | fields.ONLY_JSONPATH
    | {"And", "Or", "Not", "IsNull", "StringEquals", "Mode", "ReaderConfig", "WriterConfig"}
)  # fmt: skip
WORDS = ["$", "$.a", "$$", "$v", "States.UUID()", "{% $states.input %}", "{%", "A", "Task", "Map",
         "Parallel", "Choice", "Wait", "JSONata", "JSONPath", "States.ALL", LAMBDA, ""]  # fmt: skip

leaves = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from(WORDS)
)  # fmt: skip
keys = st.sampled_from(NAMES) | st.text(max_size=3)
anything = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=6),
    max_leaves=30,
)
states = st.dictionaries(st.sampled_from(["A", "B", "C"]), anything, max_size=3)


def checked(document):
    """What is found, which can be put into words and into JSON."""
    for kind in ("STANDARD", "EXPRESS"):
        found = validate(of(document), kind)
        assert all(isinstance(item, Diagnostic) and str(item) for item in found)
        json.dumps([item.to_json() for item in found])
    return found


@given(anything)
def test_any_value_is_checked(value):
    checked(value)


@given(states, anything)
def test_any_states_are_checked(members, other):
    checked({"StartAt": "A", "States": members, "TimeoutSeconds": other})


@given(st.sampled_from(sorted(fields.STATES)), st.dictionaries(keys, anything), st.booleans())
def test_a_state_with_any_members_is_checked(kind, members, is_jsonata):
    checked((jsonata if is_jsonata else machine)({**members, "Type": kind}))


def places(value):
    """Every object and list within a value, with each key or index of it."""
    pending = [value]
    while pending:
        holder = pending.pop()
        items = holder.items() if isinstance(holder, dict) else enumerate(holder)
        for key, inner in list(items):
            yield holder, key
            if isinstance(inner, dict | list):
                pending.append(inner)


@settings(max_examples=300)
@given(st.sampled_from(ACCEPTED), st.data())
def test_a_definition_with_something_changed_is_checked(definition, data):
    mutant = copy.deepcopy(definition)
    for _ in range(data.draw(st.integers(1, 3))):
        spots = list(places(mutant))
        if not spots:
            break
        holder, key = data.draw(st.sampled_from(spots))
        if data.draw(st.booleans()):
            holder[key] = data.draw(anything)
        else:
            del holder[key]
    checked(mutant)


@given(st.sampled_from(ACCEPTED), st.text(min_size=4, max_size=8))
def test_a_member_that_no_state_has_is_always_found(definition, name):
    mutant = copy.deepcopy(definition)
    next(iter(mutant["States"].values()))[f"{name} "] = None
    assert any("is not supported" in item.message for item in validate(of(mutant)))


# --- order, positions -------------------------------------------------------------------------

MIXED = """{
  "States": {
    "A": {"Next": "B", "Type": "Pass", "Foo": 1},
    "C": {"Type": "Map", "ItemProcessor": {
      "States": {"D": {"Type": "Pass", "InputPath": "x", "End": true}},
      "StartAt": "D"}, "MaxConcurrency": -1, "End": true},
    "B": {"Type": "Wait", "Next": "C", "Seconds": -1}
  },
  "StartAt": "A",
  "Bar": 2
}"""


def test_problems_are_in_the_order_of_the_text():
    found = validate(read(MIXED))
    assert [(item.pointer, item.line, item.column) for item in found] == [
        ("/States/A/Foo", 3, 47),
        ("/States/C/ItemProcessor/States/D/InputPath", 5, 53),
        ("/States/C/MaxConcurrency", 6, 42),
        ("/States/B/Seconds", 7, 51),
        ("/Bar", 10, 10),
    ]
    assert str(found[0]) == (
        "line 3, column 47: SCHEMA_VALIDATION_FAILED: Field 'Foo' is not supported at /States/A/Foo"
    )
    assert [item.pointer for item in validate(of(json.loads(MIXED)))] == [
        item.pointer for item in found
    ]


def test_a_missing_member_is_placed_at_what_lacks_it():
    (found,) = validate(read('{\n "StartAt": "A",\n "States": {"A":\n  {"End": true}}}'))
    assert (found.pointer, found.line, found.column) == ("/States/A", 4, 3)


def test_yaml_has_positions_too():
    (found,) = validate(
        read("StartAt: A\nStates:\n  A:\n    Type: Pass\n    Foo: 1\n    End: true")
    )
    assert (found.line, found.column) == (5, 10)


# --- hostile documents ------------------------------------------------------------------------


def nested(levels, per_level):
    """So many Maps within each other, each after so many tasks."""
    scope = None
    for level in range(levels):
        names = [f"L{level}S{number}" for number in range(per_level)]
        end = map_of(ItemProcessor=scope) if scope else {"Type": "Succeed"}
        states = {
            name: {
                "Type": "Task", "Resource": LAMBDA, "Parameters": {"a.$": f"$.x.{name}"},
                "ResultPath": "$.r", "Retry": [{"ErrorEquals": ["States.ALL"]}], "Next": following,
                "Assign": {f"v{level}": 1},
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": f"L{level}E"}],
            }
            for name, following in zip(names, [*names[1:], f"L{level}E"], strict=True)
        }  # fmt: skip
        scope = {"StartAt": names[0], "States": {**states, f"L{level}E": end}}
    return scope


def test_ten_thousand_states_fifty_levels_deep_take_little_time():
    document = nested(50, 200)
    began = time.thread_time()
    assert validate(of(document)) == []
    assert time.thread_time() - began < 5


def deep(levels, wrap, value=1):
    for _ in range(levels):
        value = wrap(value)
    return value


def in_branch(state):
    return {"Type": "Parallel", "Branches": [{"StartAt": "A", "States": {"A": state}}]}


HOSTILE = {
    "a long name": {"StartAt": "A", "States": {"A" * 400_000: {
        "Type": "Pass", "Parameters": {"k.$": ["x"] * 200_000}, "Catch": [1] * 100_000}}},
    "a long key": machine({"Parameters": {"k" * 400_000: [{"x.$": "y"}] * 100_000}}),
    "many rules": machine({"Type": "Choice", "Choices": [{"Variable": "$.a", "Next": 1}] * 50_000}),
    "many names": machine({"Type": "Task", "Retry": [{"ErrorEquals": [1] * 200_000}]}),
    "many mistakes": {"StartAt": "A", "States": {f"S{n}": {"Type": n} for n in range(20_000)}},
    "many variables": machine(map_of(Assign={f"v{n}": n for n in range(20_000)}, ItemProcessor={
        "StartAt": "P", "States": {"P": PASS | {"Assign": {f"v{n}": n for n in range(20_000)}}}})),
    "deep lists": machine({"Parameters": deep(100_000, lambda inner: [inner])}),
    "deep rules": machine({"Type": "Choice", "Choices": [deep(10_000, lambda one: {"Not": one})]}),
    "rules as deep as text": machine({"Type": "Choice", "Choices": [
        deep(190, lambda one: {"Not": one}) | {"Next": "A"}]}),
    "deep branches": machine(deep(5_000, in_branch, PASS)),
    "branches as deep as text": machine(deep(48, in_branch, PASS)),
    "deep expressions": jsonata({"Output": "{%" + "(" * 60_000 + "%}"}),
    "long expressions": jsonata({"Output": "{%" + "1+" * 30_000 + "1%}"}),
    "long paths": machine({"InputPath": "$" + ".a" * 400_000}),
    "deep calls": machine({"Parameters": {"a.$": "States.Array(" * 50_000}}),
    "half characters": machine({"Parameters": {"\ud800.$": "\ud800"}, "\udfff": 1}),
    "numbers that are none": machine({"Type": "Wait", "Seconds": float("nan")},
                                     TimeoutSeconds=float("inf")),
    "a list of branches": machine({"Type": "Parallel", "Branches": [LEAF] * 5_000, "End": True}),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_documents_are_refused_in_bounded_time(name):
    began = time.process_time()
    found = validate(of(HOSTILE[name]))
    assert found
    assert len(found) <= 1_000
    assert sum(len(item.pointer) + len(item.message) for item in found) < 20_000_000
    assert time.process_time() - began < 5
    if name not in ("many variables", "long expressions"):
        assert errors_of(found)
