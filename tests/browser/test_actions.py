"""Each action as an operator takes it in the browser: found, foreseen, done, seen."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from dashboard.pages import execution_url
from tests.browser.conftest import Visitor
from tests.contract.steering.conftest import Stage
from workflow import process, step


def held(stage: Stage) -> tuple[dict[str, str], Any]:
    """An execution whose second step is under way, at a gate."""
    made = process("Held", "1", [step("First", compensation="Undo"), step("Second"), step("Third")])
    gate = stage.hold("Second")
    stage.serve(made)
    run = stage.start(made)
    gate.wait()
    return run, gate


def node(page: Page, name: str) -> Any:
    return page.locator(f'.picture-frame g.state[data-state="{name}"]')


def does(page: Page, title: str, foreseen: str, **fields: str) -> None:
    """Fill the form in, read what will happen, and agree."""
    for label, value in fields.items():
        page.get_by_label(label, exact=True).fill(value)
    expect(page.locator("#foreseen")).to_contain_text(foreseen)
    page.get_by_role("button", name=title, exact=True).click()
    expect(page.locator(".notice[role=status]").first).to_contain_text(re.compile("Done"))


def test_pause_and_continue(stage: Stage, visitor: Visitor) -> None:
    run, gate = held(stage)
    page = visitor.visits(stage.starter, execution_url(run))
    page.get_by_role("link", name="Pause").click()
    does(page, "Pause", "It holds after the steps in progress", Reason="lunch")
    expect(page.get_by_role("link", name="Audit")).to_be_visible()
    gate.open()
    expect(page.locator("h1 .state")).to_have_text("PAUSED")
    page.get_by_role("link", name="Continue").click()
    does(page, "Continue", "goes on at Third")
    expect(page.locator("h1 .state")).to_have_text("COMPLETED")
    page.get_by_role("link", name="Audit").click()
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator("tbody tr").first).to_contain_text("lunch")


def test_skip_from_the_graph(stage: Stage, visitor: Visitor) -> None:
    run, _ = held(stage)
    page = visitor.visits(stage.starter, execution_url(run))
    node(page, "Second").click()
    page.get_by_role("link", name="Skip with a result").click()
    page.get_by_label("Its result (JSON)").fill('{"by": "hand"}')
    does(page, "Skip a step", "Second is asked to stop")
    expect(node(page, "Second")).to_have_class(re.compile("skipped"))
    expect(page.locator("h1 .state")).to_have_text("COMPLETED")
    page.get_by_role("link", name="Data").click()
    page.locator('details[id^="result-"] > summary', has_text="Second").click()
    expect(page.locator("#main")).to_contain_text("hand")


def test_go_back(stage: Stage, visitor: Visitor) -> None:
    run, gate = held(stage)
    page = visitor.visits(stage.starter, execution_url(run))
    page.get_by_role("link", name="Go back").click()
    does(page, "Go back", "goes on at First (visit 2)")
    gate.open()
    expect(node(page, "First")).to_contain_text("2 visits")
    expect(page.locator("h1 .state")).to_have_text("COMPLETED")


def test_run_a_step_again_with_other_data(stage: Stage, visitor: Visitor) -> None:
    run, gate = held(stage)
    page = visitor.visits(stage.starter, execution_url(run))
    node(page, "First").click()
    page.get_by_role("link", name="Run it again").click()
    page.get_by_label("Changes to its input (JSON object)").fill('{"colour": "red"}')
    page.get_by_label("Reason").fill("wrong colour")
    expect(page.locator("#foreseen")).to_contain_text('merged over its input: {"colour":"red"}')
    page.get_by_role("button", name="Run a step again").click()
    expect(page.locator(".notice[role=status]")).to_contain_text("waits for what is in progress")
    gate.open()
    expect(page.locator("h1 .state")).to_have_text("COMPLETED")
    page.get_by_role("link", name="Audit").click()
    expect(page.locator("table")).to_contain_text("colour")
    visitor.finds_nothing_serious()


def test_what_is_filled_in_before_htmx_has_come_is_foreseen(stage: Stage, visitor: Visitor) -> None:
    run, _ = held(stage)
    visitor.visits(stage.starter, execution_url(run))
    with visitor.before_htmx(f"{execution_url(run)}/act/skip") as page:
        page.get_by_label("Step", exact=True).select_option("Second")
    expect(page.locator("#foreseen")).to_contain_text("Second is asked to stop")


def test_what_is_foreseen_is_of_what_was_typed_last(stage: Stage, visitor: Visitor) -> None:
    run, _ = held(stage)
    page = visitor.visits(stage.starter, f"{execution_url(run)}/act/reprocess?step_name=First")
    data = page.get_by_label("Changes to its input (JSON object)")
    with visitor.holding("**/preview"):
        for colour in ("red", "green", "blue"):
            with page.expect_request("**/preview"):
                data.fill(f'{{"colour": "{colour}"}}')
                data.blur()
    expect(page.locator("#foreseen")).to_contain_text('{"colour":"blue"}')


def test_a_step_not_chosen_yet_does_not_take_the_keyboard_away(
    stage: Stage, visitor: Visitor
) -> None:
    run, _ = held(stage)
    page = visitor.visits(stage.starter, f"{execution_url(run)}/act/reprocess")
    reason = page.get_by_label("Reason")
    with page.expect_response("**/preview"):
        reason.press_sequentially("wrong")
    expect(reason).to_be_focused()
    expect(page.locator("#foreseen")).to_contain_text("Choose a step")


def test_roll_back(stage: Stage, visitor: Visitor) -> None:
    run, _ = held(stage)
    page = visitor.visits(stage.starter, execution_url(run))
    page.get_by_role("link", name="Roll back").click()
    does(page, "Roll back", "First is undone", Reason="wrong customer")
    expect(page.locator("h1 .state")).to_have_text("FAILED")
    expect(node(page, "First")).to_have_class(re.compile("undone"))
    expect(page.locator(".gantt > svg")).to_contain_text("undo First")


@pytest.mark.parametrize(
    ("title", "state", "foreseen"),
    [("Cancel", "CANCELED", "asked to stop"), ("Terminate", "TERMINATED", "closed at once")],
)
def test_end_it(stage: Stage, visitor: Visitor, title: str, state: str, foreseen: str) -> None:
    run, gate = held(stage)
    page = visitor.visits(stage.starter, execution_url(run))
    page.get_by_role("link", name=title).click()
    expect(page.locator("#foreseen")).to_contain_text(foreseen)
    page.get_by_label("Reason").fill("a duplicate")
    page.get_by_role("button", name=title).click()
    expect(page.locator("h1 .state")).to_have_text(state)
    gate.open()
    expect(page.get_by_role("link", name="Resume from a step")).to_be_visible()


def test_a_page_that_only_shows_offers_nothing_to_do(stage: Stage, visitor: Visitor) -> None:
    run, gate = held(stage)
    page = visitor.visits(stage.starter, execution_url(run, step="First"), read_only=True)
    expect(page.get_by_text("read only")).to_be_visible()
    expect(page.locator("a[href*='/act/'], a[href^='/start']")).to_have_count(0)
    gate.open()
    expect(page.locator("h1 .state")).to_have_text("COMPLETED")  # it is live all the same
    visitor.finds_nothing_serious()


def test_with_a_token_the_printed_address_lets_in(stage: Stage, visitor: Visitor) -> None:
    run, gate = held(stage)
    page = visitor.visits(stage.starter, "/executions", token="s3cret")
    expect(page.locator("body")).to_contain_text("Open the address with ?token=")
    page.goto(f"{visitor.address}{execution_url(run)}?token=s3cret")
    expect(page.locator("h1 .state")).to_have_text("RUNNING")
    assert "s3cret" not in page.url
    gate.open()
    expect(page.locator("h1 .state")).to_have_text("COMPLETED")
