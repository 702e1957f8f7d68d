"""JSONata's own suite, which lies beside the project and is not copied into it."""

import json
from pathlib import Path

import pytest

from expressions.budget import CALLS, Budget
from expressions.jsonata_batch import run

SUITE = Path(__file__).resolve().parents[4] / "shared" / "asl" / "jsonata-suite.jsonl"

LARGE = {
    "jsonata:flattening/large#0": "U1001",  # 200,000 texts
    "jsonata:flattening/large#1": "U1001",
    "jsonata:range-operator/case021": "U1002",  # ten million numbers
    "jsonata:range-operator/case024": "U1002",
}
"""Cases that cost more than a state of States Language may, and how they end there."""

needs_suite = pytest.mark.skipif(not SUITE.exists(), reason="the suite is not beside the project")


def cases():
    with SUITE.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def same(one, other):
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return type(one) is type(other) and one == other


def as_expected(answer, expect):
    if "result" in expect:
        return "result" in answer and same(answer["result"], expect["result"])
    if "code" in expect:
        return answer.get("error") == expect["code"]
    return answer.get("undefined") is True


def budget_of(case):
    depth = case.get("depth") or CALLS
    return (
        Budget(20_000_000, 200_000_000, depth=depth) if case["id"] in LARGE else Budget(depth=depth)
    )


@needs_suite
def test_every_case_of_the_suite_passes():
    wrong = []
    known = cases()
    for case in known:
        answer = run(case, budget_of(case))
        if not as_expected(answer, case["expect"]):
            wrong.append((case["id"], case["expr"][:200], case["expect"], answer))
    assert wrong == []
    assert len(known) == 1686


@needs_suite
@pytest.mark.parametrize("name", LARGE)
def test_large_cases_end_by_the_budget_of_a_state(name):
    case = next(case for case in cases() if case["id"] == name)
    assert run({**case, "depth": None})["error"] == LARGE[name]


@needs_suite
def test_inputs_are_left_as_they_were():
    for case in cases():
        if "data" in case and case["aws"]:
            before = json.dumps(case["data"])
            run(case)
            assert json.dumps(case["data"]) == before, case["id"]
