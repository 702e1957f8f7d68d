"""One execution in the page, as an operator meets it: watched, steered, told, taken away."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from dashboard.pages import execution_url
from tests.browser.conftest import Visitor
from tests.contract.steering.conftest import Stage
from workflow import Definition, Retry, child, process, step, wait_for_signal

path_of = execution_url


def node(page: Page, name: str) -> Any:
    return page.locator(f'.picture-frame g.state[data-state="{name}"]')


def too_wide(page: Page) -> list[str]:
    """What makes the page wider than the window."""
    return page.evaluate("""() => {
        if (document.documentElement.scrollWidth <= innerWidth) return [];
        const wide = [...document.querySelectorAll("main *, header *")];
        return wide.filter(item => item.getBoundingClientRect().right > innerWidth + 1
            && !item.closest(".scroll, .gantt, .picture-frame, pre"))
            .map(item => item.outerHTML.slice(0, 120));
    }""")


def three(**options: Any) -> Definition:
    return process(
        "Three", "1", [step("First"), step("Second", compensation="Undo", **options), step("Third")]
    )


def test_a_run_is_watched_live_until_it_is_done(stage: Stage, visitor: Visitor) -> None:
    made = three()
    gates = {name: stage.hold(name) for name in ("First", "Second", "Third")}
    stage.serve(made)
    run = stage.start(made, workflow_id="watched")
    gates["First"].wait()

    page = visitor.visits(stage.starter, path_of(run))

    expect(node(page, "First")).to_have_class(re.compile("running"))
    expect(node(page, "Second")).to_have_class(re.compile("untouched"))
    gates["First"].open()
    expect(node(page, "Second")).to_have_class(re.compile("running"))
    expect(node(page, "First")).to_have_class(re.compile("succeeded"))
    visitor.finds_nothing_serious()
    gates["Second"].open()
    gates["Third"].open()
    expect(page.locator("h1 .state")).to_have_text("COMPLETED")
    expect(node(page, "Third")).to_have_class(re.compile("succeeded"))
    expect(page.get_by_role("link", name="Resume from a step")).to_be_visible()
    visitor.finds_nothing_serious()


def test_a_failed_order_is_resumed_from_its_node(stage: Stage, visitor: Visitor) -> None:
    made = three(retry=Retry(attempts=1))
    broken = [True]

    def second(_: Any) -> Any:
        if broken[0]:
            raise OSError("the disk is full")
        return {"well": True}

    stage.play("Second", second)
    stage.serve(made)
    run = stage.start(made, workflow_id="order-7")
    stage.ends(run, "FAILED")

    page = visitor.visits(stage.starter, path_of(run))
    expect(page.locator("h1 .state")).to_have_text("FAILED")
    expect(page.locator("#step")).to_contain_text("the disk is full")  # without a click
    node(page, "First").click()
    expect(page.locator("#step h2")).to_contain_text("First")
    node(page, "Second").click()
    expect(page.locator("#step h2")).to_contain_text("Second")
    expect(page.locator("#step")).to_contain_text("the disk is full")
    visitor.finds_nothing_serious()
    broken[0] = False
    page.locator("#step").get_by_role("link", name="Resume from here").click()
    expect(page.locator("#foreseen")).to_contain_text("A new run continues run")
    visitor.finds_nothing_serious()
    page.get_by_label("Reason").fill("disk replaced")
    page.get_by_role("button", name="Resume from a step").click()

    expect(page.locator("h1 .state")).to_have_text("COMPLETED")
    expect(node(page, "Second")).to_have_class(re.compile("succeeded"))
    assert "order-7" in page.url
    assert path_of(run) not in page.url
    page.get_by_role("link", name="Audit").click()
    expect(page.locator("table")).to_contain_text("disk replaced")
    expect(page.locator("table")).to_contain_text("RESUME_FROM_STEP")
    visitor.finds_nothing_serious()


def test_an_answer_is_given_in_the_page(stage: Stage, visitor: Visitor) -> None:
    made = process("Asks", "1", [wait_for_signal("Approval", signal="APPROVE"), step("After")])
    stage.serve(made)
    run = stage.start(made)
    stage.reaches(run, step="Approval")

    page = visitor.visits(stage.starter, path_of(run))
    page.get_by_role("link", name="Answer").click()
    page.get_by_label("Answer (JSON)").fill('{"approved": true}')
    page.get_by_label("Reason").fill("in order")
    expect(page.locator("#foreseen")).to_contain_text("goes on at After")
    visitor.finds_nothing_serious()
    page.get_by_role("button", name="Answer").click()

    expect(page.locator("h1 .state")).to_have_text("COMPLETED")
    page.get_by_role("link", name="Data").click()
    expect(page.locator("#main")).to_contain_text("approved")
    visitor.finds_nothing_serious()


def test_what_will_happen_follows_what_is_filled_in(stage: Stage, visitor: Visitor) -> None:
    made = three()
    gate = stage.hold("Third")
    stage.serve(made)
    run = stage.start(made)
    gate.wait()

    page = visitor.visits(stage.starter, path_of(run, "act", "resume"))
    expect(page.locator("#foreseen")).to_contain_text("Choose a step")
    page.get_by_label("Step", exact=True).select_option("First")
    expect(page.locator("#foreseen")).to_contain_text("goes on at First (visit 2)")
    expect(page.locator("#foreseen")).not_to_contain_text("undone")
    page.get_by_label("Undo what is passed over").check()
    expect(page.locator("#foreseen")).to_contain_text("Second is undone")
    page.goto(page.url + "?step_name=Nowhere")
    expect(page.locator("#foreseen")).to_contain_text("Nowhere")
    visitor.finds_nothing_serious()
    gate.open()
    stage.ends(run)


def test_a_retry_counts_down(stage: Stage, visitor: Visitor) -> None:
    made = process(
        "Again",
        "1",
        [step("Ship", retry=Retry(attempts=2, initial_seconds=3000, max_seconds=3000))],
    )

    def fails(_: Any) -> Any:
        raise OSError("no van")

    stage.clock.lock()
    stage.play("Ship", fails)
    stage.serve(made)
    run = stage.start(made)
    stage.reaches(run, state="RETRYING")

    page = visitor.visits(stage.starter, path_of(run))

    countdown = page.locator("[data-until]").first
    expect(countdown).to_have_text(re.compile(r"^(49|50) min \d+ s$"))
    expect(node(page, "Ship")).to_have_class(re.compile("retrying"))
    expect(page.locator(".gantt > svg .retry")).to_have_count(1)


def test_events_open_their_raw_json(stage: Stage, visitor: Visitor) -> None:
    made = three()
    stage.serve(made)
    run = stage.start(made)
    stage.ends(run)

    page = visitor.visits(stage.starter, path_of(run, "events"))
    page.locator("#event-1 summary").click()
    expect(page.locator("#event-1 pre")).to_contain_text('"eventType": "WorkflowExecutionStarted"')
    page.get_by_role("combobox", name="Step").select_option("Second")
    expect(page).to_have_url(re.compile("step=Second"))
    expect(page.locator("tbody tr")).to_have_count(3)  # scheduled, started, completed
    visitor.finds_nothing_serious()
    page.get_by_label("by step").check()
    expect(page.locator("details.card")).to_have_count(1)
    visitor.finds_nothing_serious()


def test_an_event_opened_before_htmx_has_come_shows_its_raw_json(
    stage: Stage, visitor: Visitor
) -> None:
    made = three()
    stage.serve(made)
    run = stage.start(made)
    stage.ends(run)

    visitor.visits(stage.starter, path_of(run))
    with visitor.before_htmx(path_of(run, "events")) as page:
        page.locator("#event-1 summary").click()
    expect(page.locator("#event-1 pre")).to_contain_text('"eventType": "WorkflowExecutionStarted"')


def test_everything_is_reached_by_the_keyboard(stage: Stage, visitor: Visitor) -> None:
    made = three(retry=Retry(attempts=1))
    stage.serve(made)
    run = stage.start(made)
    stage.ends(run)

    page = visitor.visits(stage.starter, path_of(run))
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate(
            "!!document.activeElement.closest('a')?.querySelector('[data-state=Second]')"
        ):
            break
    page.keyboard.press("Enter")
    expect(page.locator("#step h2")).to_contain_text("Second")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Resume from here":
            break
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Resume from a step")


@pytest.mark.browser(
    viewport={"width": 360, "height": 740}, locale="pt-BR", color_scheme="dark", has_touch=True
)
def test_on_a_phone_in_portuguese_and_dark(stage: Stage, visitor: Visitor) -> None:
    made = three()
    stage.serve(made)
    run = stage.start(made)
    stage.ends(run)

    page = visitor.visits(stage.starter, path_of(run))
    expect(page.locator("h1 .state")).to_have_text("CONCLUÍDA")
    for part in ("", "data", "events", "audit", "forecast", "relations"):
        page.goto(visitor.address + path_of(run, *filter(None, [part])))
        assert too_wide(page) == [], part
        visitor.finds_nothing_serious()
    expect(page.locator("body")).to_have_css("background-color", "rgb(11, 17, 32)")
    page.get_by_label("Cores").select_option("light")
    expect(page.locator("body")).to_have_css("background-color", re.compile(r"rgb\(2"))
    visitor.finds_nothing_serious()
    page.get_by_label("Idioma").select_option("en")
    expect(page.get_by_role("link", name="Overview")).to_be_visible()


def test_a_page_that_was_cut_off_catches_up(stage: Stage, visitor: Visitor) -> None:
    made = three()
    gates = {name: stage.hold(name) for name in ("First", "Second")}
    stage.serve(made)
    run = stage.start(made)
    gates["First"].wait()

    page = visitor.visits(stage.starter, path_of(run))
    expect(page.locator("#live")).to_have_attribute("data-state", "on")
    visitor.goes_away()
    expect(page.locator("#live")).to_have_attribute("data-state", "off")
    gates["First"].open()
    gates["Second"].wait()
    visitor.comes_back(stage.starter)

    expect(node(page, "First")).to_have_class(re.compile("succeeded"))
    expect(page.locator("#live")).to_have_attribute("data-state", "on")
    gates["Second"].open()
    expect(page.locator("h1 .state")).to_have_text("COMPLETED")


def test_a_saved_execution_opens_from_its_file(
    stage: Stage, visitor: Visitor, tmp_path: Any
) -> None:
    made = three()
    stage.serve(made)
    run = stage.start(made, workflow_id="to-keep")
    stage.ends(run)

    page = visitor.visits(stage.starter, path_of(run, "data"))
    with page.expect_download() as kept:
        page.get_by_role("link", name="Save as one HTML file").click()
    file = tmp_path / "kept.html"
    kept.value.save_as(file)
    page.goto(file.as_uri())

    expect(page.locator("h1")).to_contain_text("to-keep")
    expect(node(page, "Third")).to_be_visible()
    expect(page.locator(".gantt rect").first).to_be_visible()
    visitor.finds_nothing_serious()


def test_other_runs_and_children_are_links(stage: Stage, visitor: Visitor) -> None:
    inner = process("Inner", "1", [step("Deep")])
    outer = process("Outer", "1", [child("Sub", "Inner@1"), step("After")])
    stage.serve(inner, outer)
    run = stage.start(outer, workflow_id="outer-1")
    stage.ends(run)

    page = visitor.visits(stage.starter, path_of(run, "relations"))
    page.locator("table").first.get_by_role("link").click()
    expect(node(page, "Deep")).to_be_visible()
    page.get_by_role("link", name="Related").click()
    visitor.finds_nothing_serious()
    page.locator("section", has_text="Parent").first.get_by_role("link").click()
    expect(page.locator("h1")).to_contain_text("outer-1")
