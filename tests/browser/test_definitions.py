"""Definitions in a browser: written, checked, saved, compared, simulated, started."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

import published
from tests.browser.conftest import Visitor
from tests.browser.test_execution import too_wide
from tests.contract.steering.conftest import Stage
from workflow import process, step

TASK = "arn:aws:states:::activity:"

PARCEL = {
    "StartAt": "Pack",
    "States": {
        "Pack": {
            "Type": "Task",
            "Resource": f"{TASK}Pack",
            "Parameters": {"kg.$": "$.kg"},
            "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 10}],
            "Next": "Ship",
        },
        "Ship": {"Type": "Task", "Resource": f"{TASK}Ship", "End": True},
    },
}


@pytest.fixture
def parcel(definitions: Path) -> str:
    """The text of a definition that is published."""
    text = json.dumps(PARCEL, indent=2) + "\n"
    published.write_text(definitions / "Parcel@1.0.asl.json", text)
    return text


def node(page: Page, name: str) -> Any:
    return page.locator(f'#drawing g.state[data-state="{name}"]')


def test_what_is_typed_before_the_scripts_have_come_is_checked(
    stage: Stage, visitor: Visitor, parcel: str
) -> None:
    visitor.visits(stage.starter, "/definitions")
    with visitor.before_htmx("/definitions/Parcel/1.0/edit") as page:
        editor = page.get_by_label("Definition in States Language")
        editor.press("Control+End")
        editor.press_sequentially("}")
    expect(page.locator("#diagnostics")).to_contain_text("INVALID_JSON_DESCRIPTION")


def test_a_definition_is_written_checked_saved_compared_and_started(
    stage: Stage, visitor: Visitor, parcel: str
) -> None:
    page = visitor.visits(stage.starter, "/definitions")
    visitor.finds_nothing_serious()
    page.get_by_role("link", name="Parcel", exact=True).click()
    expect(page.locator('g.state[data-state="Ship"]')).to_be_visible()
    visitor.finds_nothing_serious()
    page.get_by_role("link", name="Edit as a new version").click()
    editor = page.get_by_label("Definition in States Language")

    # broken: the last graph stays
    editor.press("Control+End")
    editor.press_sequentially("}")
    expect(page.locator("#diagnostics")).to_contain_text("INVALID_JSON_DESCRIPTION")
    expect(page.locator("#diagnostics")).to_contain_text("The graph is that of the last text")
    expect(node(page, "Ship")).to_be_visible()
    visitor.finds_nothing_serious()

    # a target that is not there: the problem leads to it
    editor.fill(parcel.replace('"Next": "Ship"', '"Next": "Weigh"'))
    expect(node(page, "Weigh")).to_have_class(re.compile("unknown"))
    page.locator("#diagnostics button").first.click()
    expect(editor).to_be_focused()
    selected = editor.evaluate("e => e.value.slice(e.selectionStart, e.selectionStart + 7)")
    assert selected == '"Weigh"'

    # mended, and saved
    weigh = {"Type": "Task", "Resource": f"{TASK}Weigh", "Next": "Ship"}
    changed = json.loads(parcel.replace('"Next": "Ship"', '"Next": "Weigh"'))
    changed["States"]["Weigh"] = weigh
    editor.fill(json.dumps(changed, indent=2))
    expect(page.locator("#diagnostics")).to_contain_text("Valid")
    expect(node(page, "Weigh")).not_to_have_class(re.compile("unknown"))
    expect(page.get_by_label("Version", exact=True)).to_have_value("1.1")
    page.get_by_label("Version", exact=True).fill("1.0")
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.get_by_role("alert")).to_contain_text("published with another shape")
    visitor.finds_nothing_serious()
    page.get_by_label("Version", exact=True).fill("1.1")
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.get_by_role("status").first).to_contain_text("Parcel@1.1.asl.json")
    expect(page.locator("main")).to_contain_text("registered with the engine")

    page.get_by_role("button", name="Compare").click()
    expect(page.locator(".changes")).to_contain_text("Weigh")
    expect(page.locator('g.state[data-state="Weigh"]')).to_have_class(re.compile("added"))
    visitor.finds_nothing_serious()

    page.goto(visitor.address + "/definitions/Parcel/1.1")
    page.get_by_role("link", name="Start", exact=True).last.click()
    expect(page.get_by_label("Input (JSON)")).to_have_value(re.compile(r'"kg"'))
    visitor.finds_nothing_serious()
    page.get_by_label("Workflow id").fill("parcel-7")
    page.get_by_role("button", name="Start").click()
    expect(page.locator("h1")).to_contain_text("parcel-7")


def test_a_simulation_is_filled_in_and_shows_what_would_happen(
    stage: Stage, visitor: Visitor, parcel: str
) -> None:
    page = visitor.visits(stage.starter, "/definitions/Parcel/1.0/simulate")
    visitor.finds_nothing_serious()
    page.get_by_label("Pack: Outcome").select_option("error")
    page.get_by_label("Pack: Result or error").fill("ScaleError: broken")
    page.get_by_label("Pack: after seconds").fill("5")
    page.get_by_role("button", name="+ attempt Pack").click()
    page.get_by_label("Ship: after seconds").fill("3600")
    page.get_by_role("button", name="Simulate").last.click()

    result = page.locator("#simulated")
    expect(result).to_contain_text("COMPLETED")
    expect(result).to_contain_text("It ends after 1 h")
    expect(page.locator('g.state[data-state="Pack"]')).to_have_class(re.compile("succeeded"))
    expect(page.locator('g.state[data-state="Pack"]')).to_contain_text("×2")
    expect(page.locator(".gantt rect.retry").first).to_be_visible()
    expect(page.get_by_label("Pack: Result or error")).to_have_value("ScaleError: broken")
    visitor.finds_nothing_serious()


def test_an_unsaved_text_is_simulated_and_edited_on(stage: Stage, visitor: Visitor) -> None:
    page = visitor.visits(stage.starter, "/definitions/new")
    editor = page.get_by_label("Definition in States Language")
    text = json.dumps(PARCEL).replace("Pack", "Wrap")
    editor.fill(text)
    expect(node(page, "Wrap")).to_be_visible()
    page.get_by_role("button", name="Simulate").click()
    page.get_by_label("Wrap: Outcome").select_option("fatal")
    page.get_by_role("button", name="Simulate").last.click()
    expect(page.locator("#simulated")).to_contain_text("FAILED")
    visitor.finds_nothing_serious()
    page.get_by_role("button", name="Back to the editor").click()
    expect(page.get_by_label("Definition in States Language")).to_have_value(text)


def test_mistakes_in_a_start_are_told_where_they_are(stage: Stage, visitor: Visitor) -> None:
    stage.publish(process("One", "1.0", [step("First")]))
    page = visitor.visits(stage.starter, "/start")
    page.get_by_label("Definition").select_option("One@1.0")
    expect(page.get_by_label("Input (JSON)")).to_have_value("{}")
    page.get_by_label("Input (JSON)").fill('{"a": }')
    page.get_by_label("Tags").fill("red")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_label("Input (JSON)")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Input (JSON)")).to_have_value('{"a": }')
    expect(page.get_by_role("alert")).to_contain_text("line 1, column 7")
    visitor.finds_nothing_serious()
    page.get_by_label("Input (JSON)").fill('{"a": 1}')
    page.get_by_role("button", name="Start").click()
    page.get_by_role("link", name="Start again like this").click()
    expect(page.get_by_label("Input (JSON)")).to_have_value(re.compile('"a": 1'))
    expect(page.get_by_label("Tags")).to_have_value("red")


@pytest.mark.browser(
    viewport={"width": 360, "height": 740}, locale="pt-BR", color_scheme="dark", has_touch=True
)
def test_definitions_on_a_phone_in_portuguese_and_dark(
    stage: Stage, visitor: Visitor, parcel: str, definitions: Path
) -> None:
    changed = parcel.replace("activity:Ship", "activity:Send")
    published.write_text(definitions / "Parcel@1.1.asl.json", changed)
    page = visitor.visits(stage.starter, "/definitions")
    for path in (
        "/definitions",
        "/definitions/Parcel/1.0",
        "/definitions/Parcel/1.0/edit",
        "/definitions/Parcel/1.0/simulate",
        "/definitions/Parcel/compare?check=1",
        "/start",
    ):
        page.goto(visitor.address + path)
        assert too_wide(page) == [], path
        visitor.finds_nothing_serious()
    page.goto(visitor.address + "/definitions/Parcel/1.0/simulate")
    page.get_by_role("button", name="Simular").last.click()
    expect(page.locator("#simulated")).to_contain_text("Termina depois de")
    assert too_wide(page) == []
    visitor.finds_nothing_serious()
