"""The batch runner: one result a line, whatever the line; quick; and endless cases end."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from expressions.jsonata_batch import INTERNAL
from runner import conformance
from tests.asl.drivers import SHARED, TABLES, cases_of, same

ROOT = Path(__file__).resolve().parents[2]
LOOP = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {
    "Type": "Choice", "Choices": [{"Variable": "$.end", "IsPresent": True, "Next": "C"}],
    "Default": "A"}, "C": {"Type": "Succeed"}}}  # fmt: skip


def batch(lines: list[str], action: conformance.Run = conformance.run) -> list[dict[str, Any]]:
    out = io.StringIO()
    conformance.batch(lines, action, out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def command(text: str, *options: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "runner.conformance", *options],
        input=text, capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    assert done.stderr == ""
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_one_bad_line_never_stops_the_batch() -> None:
    good = {"id": 7, "definition": {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}}
    lines = ["", "no JSON", "[1]", '{"id": 1}', '{"id": 2, "definition": 5}', json.dumps(good)]
    found = batch(lines)
    assert [item["status"] for item in found] == ["UNSUPPORTED"] * 4 + ["SUCCEEDED"]
    assert found[-1] == {"id": 7, "status": "SUCCEEDED", "output": {}}


def test_what_aws_runs_and_we_do_not_is_unsupported_with_a_cause() -> None:
    task = {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "End": True}
    case = {"id": 1, "definition": {"StartAt": "A", "States": {"A": task}}, "lambdas": {}}
    found = conformance.run(case)
    assert found["status"] == "UNSUPPORTED"
    assert found["cause"]


@pytest.mark.parametrize(("kind", "status"), [("STANDARD", "FAILED"), ("EXPRESS", "TIMED_OUT")])
def test_an_endless_case_ends(kind: str, status: str) -> None:
    found = conformance.run({"id": 1, "type": kind, "definition": LOOP, "input": {}})
    assert found["status"] == status


def test_functions_are_known_by_their_arn_or_by_its_last_part() -> None:
    task = {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f"}
    definition = {"StartAt": "A", "States": {"A": {**task, "End": True}}}
    behaviours: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"kind": "identity"}, {"status": "SUCCEEDED", "output": {"n": 1}}),
        ({"kind": "constant", "value": [None]}, {"status": "SUCCEEDED", "output": [None]}),
        ({"kind": "prefix", "text": "> "}, {"status": "SUCCEEDED", "output": '> {"n":1}'}),
        ({"kind": "repeat", "text": "ab", "count": 3}, {"status": "SUCCEEDED", "output": "ababab"}),
        ({"kind": "sleep", "seconds": 900}, {"status": "SUCCEEDED", "output": {"n": 1}}),
    ]
    for name in (task["Resource"], "f"):
        for behaviour, expected in behaviours:
            case = {"definition": definition, "input": {"n": 1}, "lambdas": {name: behaviour}}
            assert conformance.run(case) == {"id": None, **expected}


def test_hundreds_of_cases_are_run_in_a_second() -> None:
    path = TABLES / "choice.jsonl"
    text = path.read_text("utf-8") * 4
    began = time.monotonic()
    found = command(text)
    took = time.monotonic() - began
    assert len(found) == 4 * len(cases_of(path))
    assert len(found) / took > 100


def test_definitions_are_checked_as_objects_and_as_text() -> None:
    good = {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}
    lines = [
        {"id": 1, "definition": good},
        {"id": 2, "definition": json.dumps(good)},
        {"id": 3, "definition": "{"},
        {"id": 4, "definition": {}},
        {"id": 5, "definition": good, "type": "EXPRESS"},
    ]
    found = command("\n".join(map(json.dumps, lines)), "--validate")
    assert [item["valid"] for item in found] == [True, True, False, False, True]
    assert all(item.get("reason") for item in found if not item["valid"])


def test_expressions_are_evaluated_by_the_command() -> None:
    lines = [
        {"id": 1, "expr": "a + $b", "data": {"a": 1}, "bindings": {"b": 2}},
        {"id": 2, "expr": "nothing", "bindings": {}},
        {"id": 3, "expr": "1 +", "bindings": {}},
    ]
    found = command("\n".join(map(json.dumps, lines)), "--jsonata")
    assert found[0] == {"id": 1, "result": 3}
    assert found[1] == {"id": 2, "undefined": True}
    assert found[2]["error"].startswith("S")


def test_the_suite_of_jsonata_by_the_command() -> None:
    path = SHARED / "jsonata-suite.jsonl"
    found = {item["id"]: item for item in command(path.read_text("utf-8"), "--jsonata")}
    cases = cases_of(path)
    assert len(found) == len(cases) == 1_686
    assert not [item for item in found.values() if item.get("error") == INTERNAL]
    wrong = [case["id"] for case in cases if not _fits(case["expect"], found[case["id"]])]
    assert wrong == []


def _fits(expected: dict[str, Any], found: dict[str, Any]) -> bool:
    if "code" in expected:
        return found.get("error") == expected["code"]
    if expected.get("undefined"):
        return found.get("undefined") is True
    return "result" in found and same(found["result"], expected["result"])
