"""Starting executions in the page over HTTP: the form, what it begins with, what is wrong."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest

import published
from dashboard.pages import execution_url, url
from tests.contract.dashboard.test_definitions import Author, machine
from tests.contract.steering.conftest import Stage
from workflow import process, step

ONE = process("One", "1.0", [step("First")])


@pytest.fixture
def author(stage: Stage) -> Author:
    stage.publish(ONE)
    return Author(stage)


def field(page: str, name: str) -> str:
    """What stands in a field of a page."""
    found = re.search(rf'<textarea[^>]*name="{name}"[^>]*>\n?(.*?)</textarea>', page, re.DOTALL)
    found = found or re.search(rf'<input[^>]*name="{name}" value="([^"]*)"', page)
    assert found is not None, name
    return html.unescape(found[1])


def test_the_form_begins_with_the_process_that_ships(author: Author) -> None:
    page = author.http.get("/start").text
    assert field(page, "definition") == "BusinessProcess@1.0"
    assert '<option value="One@1.0"' in page


def test_the_form_has_an_example_of_what_the_process_reads(stage: Stage, author: Author) -> None:
    document = machine("Pack")
    document["States"]["Pack"]["Parameters"] = {"id.$": "$.order.id"}
    author.saves(document, "Parcel", "1.0")
    made = json.loads(field(author.http.get("/start?definition=Parcel").text, "input"))
    assert made == {"order": {"id": ""}}

    (published.FOLDER / "Parcel.example.json").write_text('{"order": {"id": "7"}}', "utf-8")
    page = author.http.get("/start?definition=Parcel@1.0").text
    assert field(page, "input") == '{"order": {"id": "7"}}'
    assert "Parcel.example" not in author.sees("/definitions")


def test_a_start_leads_to_the_execution(stage: Stage, author: Author) -> None:
    led = author.sends(
        "/start",
        303,
        definition="One@1.0",
        input='{"order_id": "A-1"}',
        workflow_id="by-hand",
        tags="red\r\n\r\n blue \r\n",
        timeout="3600",
    )

    run_id = stage.starter.describe("by-hand")["executionInfo"]["execution"]["runId"]
    assert led == execution_url({"workflow_id": "by-hand", "run_id": run_id})
    found = stage.starter.get_workflow_history("by-hand")[0][
        "workflowExecutionStartedEventAttributes"
    ]
    assert json.loads(found["input"]) == {"order_id": "A-1"}
    assert found["tagList"] == ["red", "blue"]
    assert found["executionStartToCloseTimeout"] == "3600"
    assert found["workflowType"] == {"name": "One", "version": "1.0"}


def test_an_id_is_made_where_none_is_given(stage: Stage, author: Author) -> None:
    led = author.sends("/start", 303, definition="One@1.0", input="{}")
    assert led.startswith("/executions/workflow-")


def test_an_execution_is_started_again_like_another(stage: Stage, author: Author) -> None:
    run = stage.start(ONE, {"text": "çã <b>"}, workflow_id="first", tags=["red"])

    page = author.http.get(url("start", like="first", run=run["run_id"])).text

    assert field(page, "definition") == "One@1.0"
    assert json.loads(field(page, "input")) == {"text": "çã <b>"}
    assert field(page, "tags") == "red"
    assert field(page, "workflow_id") == ""
    assert "<b>" not in page
    assert field(author.http.get("/start?like=first").text, "definition") == "One@1.0"


def test_the_other_execution_may_be_gone(author: Author) -> None:
    said = author.sees("/start?like=nobody&run=nothing", 404)
    assert "nobody" in said


def test_its_definition_may_be_gone(stage: Stage, author: Author) -> None:
    stage.start(ONE, workflow_id="first")
    published.file_of("One", "1.0").unlink()

    page = author.http.get("/start?like=first").text
    said = author.sends("/start", 422, definition=field(page, "definition"), input="{}")

    assert "there is no definition One 1.0 here" in said


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"input": '{"a": }'}, "the input is not JSON: Expecting value at line 1, column 7"),
        ({"input": ""}, "the input is not JSON"),
        ({"input": "NaN"}, "NaN is not a JSON number"),
        ({"input": "[" * 50_000}, "nested too deeply"),
        ({"input": '{"_process": {}}'}, "_process"),
        ({"workflow_id": "a:b"}, "workflow id 'a:b' cannot be used"),
        ({"tags": "1\n2\n3\n4\n5\n6"}, "6 tags; SWF takes 5 at most"),
        ({"tags": "x" * 257}, "a text of 1 to 256 characters"),
        ({"timeout": "soon"}, "timeout 'soon'"),
        ({"timeout": "0"}, "timeout '0'"),
        ({"definition": "Nobody@1"}, "there is no definition Nobody 1 here"),
        ({"definition": "../../One@1.0"}, "there is no definition"),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_what_was_typed_stays(
    stage: Stage, author: Author, fields: dict[str, str], told: str
) -> None:
    given = {"definition": "One@1.0", "input": "{}", "workflow_id": "mine", "timeout": "60"}

    answer = author.http.post("/start", data={"csrf": author.secret, **given, **fields})

    assert answer.status_code == 422
    assert told in html.unescape(answer.text)
    assert 'aria-invalid="true"' in answer.text
    for name, value in {**given, **fields}.items():
        if name != "definition":
            assert field(answer.text, name) == value
    assert stage.starter.list_workflows() == []


def test_an_id_that_is_in_use_is_told(stage: Stage, author: Author) -> None:
    stage.start(ONE, workflow_id="twice")
    given: dict[str, Any] = {"definition": "One@1.0", "input": '{"a": 1}', "workflow_id": "twice"}
    answer = author.http.post("/start", data={"csrf": author.secret, **given})
    assert answer.status_code == 409
    assert "workflow twice is already open" in answer.text
    assert field(answer.text, "input") == '{"a": 1}'


def test_a_type_that_is_not_registered_is_told(author: Author) -> None:
    published.write(process("New", "1.0", [step("First")]))
    said = author.sends("/start", 409, definition="New@1.0", input="{}")
    assert "setup.py" in said


@pytest.mark.parametrize("options", [{"read_only": True}, {"offline": True}])
def test_a_page_that_only_shows_starts_nothing(stage: Stage, options: dict[str, bool]) -> None:
    author = Author(stage, **options)
    author.sees("/start", 403)
    author.sends("/start", 403, definition="BusinessProcess@1.0", input="{}")
    assert stage.starter.list_workflows() == []
