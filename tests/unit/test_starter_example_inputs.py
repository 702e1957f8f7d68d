"""The input with which a form begins."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import asl
import published
from starter.definitions.examples import example, skeleton
from workflow import process, step

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "definitions").glob("*.asl.*"))


def machine(*states: dict[str, Any], **members: Any) -> dict[str, Any]:
    names = [f"S{number}" for number in range(len(states))]
    made = {}
    for name, following, state in zip(names, [*names[1:], None], states, strict=True):
        made[name] = {**({"Next": following} if following else {"End": True}), **state}
    return {"StartAt": "S0", "States": made, **members}


def task(**members: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": "arn:aws:states:::activity:Work", **members}


def rule(**members: Any) -> dict[str, Any]:
    return {"Type": "Choice", "Choices": [{**members, "Next": "S1"}], "Default": "S1"}


@pytest.mark.parametrize(
    ("document", "made"),
    [
        (machine(task()), {}),
        (machine(task(Parameters={"day.$": "$.day"})), {"day": ""}),
        (
            machine(task(Parameters={"a": {"b.$": "$.order.id"}, "c.$": "$.order.lines"})),
            {"order": {"id": "", "lines": ""}},
        ),
        (machine(task(Parameters={"n.$": "States.Format('{} {}', $.a, $.b)"})), {"a": "", "b": ""}),
        (machine(rule(Variable="$.total", NumericGreaterThan=100), task()), {"total": 100}),
        (machine(rule(Variable="$.late", BooleanEquals=True), task()), {"late": True}),
        (
            machine(rule(And=[{"Variable": "$.kind", "StringEquals": "x"}]), task()),
            {"kind": "x"},
        ),
        (
            machine({"Type": "Map", "ItemsPath": "$.rows", "ItemProcessor": machine(task())}),
            {"rows": []},
        ),
        (machine({"Type": "Wait", "SecondsPath": "$.pause"}), {"pause": 1}),
        # what a step puts in is not asked for; what comes after the input is gone is not either
        (
            machine(
                task(Parameters={"a.$": "$.a"}, ResultPath="$.done"),
                task(Parameters={"b.$": "$.b", "c.$": "$.done.at"}),
                task(Parameters={"d.$": "$.d"}),
            ),
            {"a": "", "b": ""},
        ),
        (
            machine(
                {
                    "Type": "Parallel",
                    "Branches": [machine(task(Parameters={"x.$": "$.x"}))],
                }
            ),
            {"x": ""},
        ),
        (
            machine(task(), task(Parameters={"id.$": "$$.Execution.Input.id"})),
            {"id": ""},
        ),
        (
            machine(
                task(Arguments={"key": "{% $states.input.object.key %}"}),
                task(Arguments={"gone": "{% $states.input.gone %}"}),
                QueryLanguage="JSONata",
            ),
            {"object": {"key": ""}},
        ),
    ],
)
def test_an_input_is_made_of_what_states_read(document: dict[str, Any], made: Any) -> None:
    assert skeleton(document) == made


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"StartAt": 1, "States": []},
        {"StartAt": "A", "States": {"A": {"Choices": [3], "Catch": 1}}},
    ],
)
def test_what_is_no_definition_reads_nothing(document: dict[str, Any]) -> None:
    assert skeleton(document) == {}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_definition_that_ships_has_an_example_with_what_its_states_read(path: Path) -> None:
    name = path.name.partition("@")[0]
    text = published.example_of(name, path.parent)
    assert text is not None
    read = skeleton(asl.read(path.read_text(encoding="utf-8")).document)
    assert read.keys() <= json.loads(text).keys()


def test_the_example_of_the_process_that_ships_is_the_documents() -> None:
    written = (ROOT / "docs/examples/order.json").read_text(encoding="utf-8")
    assert (ROOT / "definitions/BusinessProcess.example.json").read_text(
        encoding="utf-8"
    ) == written


def test_an_example_file_stands_as_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(published, "FOLDER", tmp_path)
    made = process("Own", "1", [step("First")])
    assert example(made) == "{}"
    (tmp_path / "Own.example.json").write_text('{"price": 19.90}\n', encoding="utf-8")
    assert example(made) == '{"price": 19.90}'
    assert published.known(tmp_path) == [("BusinessProcess", "1.0")]
