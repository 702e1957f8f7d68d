"""The list of executions in the page: watched, searched, steered by the dozen; and health."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor
from tests.contract.steering.conftest import Stage
from workflow import Retry, process, step, wait_for_signal

WORKS = process("Works", "1", [step("First"), step("Second", retry=Retry(attempts=1))])
ASKS = process("Asks", "1", [step("First"), wait_for_signal("Approve", signal="approved")])


def row(page: Page, workflow_id: str) -> Any:
    return page.locator("table.runs tbody tr").filter(has_text=workflow_id)


def waiting(stage: Stage, count: int, **options: Any) -> None:
    """Executions that nobody decides."""
    stage.publish(WORKS)
    for number in range(count):
        stage.starter.start_workflow({}, f"order-{number}", definition=WORKS, **options)


def confirms(page: Page, number: int, button: str) -> None:
    page.get_by_label("To confirm, type the number of executions").fill(str(number))
    page.get_by_role("button", name=button).click()


def test_the_list_is_live(stage: Stage, visitor: Visitor) -> None:
    gate = stage.hold("Second")
    stage.serve(WORKS)
    page = visitor.visits(stage.starter)
    expect(page.get_by_text("There are no executions")).to_be_visible()

    run = stage.start(WORKS, workflow_id="watched")
    gate.wait()
    expect(row(page, "watched").locator(".state")).to_have_text("RUNNING")
    expect(row(page, "watched").locator(".step")).to_have_text("Second")
    visitor.finds_nothing_serious()

    gate.open()
    stage.ends(run)
    expect(row(page, "watched").locator(".state")).to_have_text("COMPLETED")
    expect(page.get_by_role("link", name=re.compile("^COMPLETED"))).to_contain_text("1")
    visitor.finds_nothing_serious()


def test_filters_are_saved_in_the_address(stage: Stage, visitor: Visitor) -> None:
    waiting(stage, 2, tags=["red"])
    stage.starter.start_workflow({"fruit": "plum"}, "other", definition=WORKS)
    stage.starter.terminate_workflow("other")
    page = visitor.visits(stage.starter)

    page.get_by_role("combobox", name="State").select_option("OPEN")
    expect(row(page, "other")).to_have_count(0)
    expect(row(page, "order-")).to_have_count(2)
    page.get_by_role("link", name="Clear").click()
    page.get_by_label("Text").fill("plum")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("status")).to_contain_text("scanned 3, found 1")
    expect(row(page, "other")).to_have_count(1)
    visitor.finds_nothing_serious()

    page.goto(page.url)
    expect(page.get_by_label("Text")).to_have_value("plum")
    expect(row(page, "other")).to_have_count(1)
    page.goto(visitor.address + "/executions")
    row(page, "order-1").get_by_role("link", name="red").click()
    expect(row(page, "order-")).to_have_count(2)
    expect(page.get_by_label("Tag", exact=True)).to_have_value("red")


def test_a_scan_goes_on_by_itself(
    stage: Stage, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("starter.lists.browsing.SCAN_SECONDS", 0.0001)
    waiting(stage, 60)

    page = visitor.visits(stage.starter, "/executions?text=order-7")

    expect(page.get_by_role("status")).to_contain_text("that is all")
    expect(page.get_by_role("status")).to_contain_text("scanned 60, found 1")
    expect(row(page, "order-7")).to_have_count(1)


def test_pages_are_turned(stage: Stage, visitor: Visitor) -> None:
    waiting(stage, 30)
    page = visitor.visits(stage.starter, "/executions?size=25")
    expect(row(page, "order-")).to_have_count(25)

    page.get_by_role("link", name="Next page").click()
    expect(row(page, "order-")).to_have_count(5)
    expect(page.get_by_text("page 2")).to_be_visible()
    visitor.finds_nothing_serious()
    page.get_by_role("link", name="Previous page").click()
    expect(row(page, "order-")).to_have_count(25)


def test_ticked_ones_are_terminated_once_that_is_confirmed(stage: Stage, visitor: Visitor) -> None:
    waiting(stage, 4)
    page = visitor.visits(stage.starter)
    for name in ("order-1", "order-3"):
        page.get_by_label(name).check()
    stage.starter.start_workflow({}, "came-meanwhile", definition=WORKS)
    expect(row(page, "came-meanwhile")).to_have_count(1)  # the list is live, the ticks stay
    expect(page.locator("input[name=pick]:checked")).to_have_count(2)
    visitor.finds_nothing_serious()

    page.get_by_role("button", name="Terminate").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Terminate: 2 executions")
    expect(page.get_by_text("closed at once, as TERMINATED")).to_have_count(2)
    visitor.finds_nothing_serious()
    page.get_by_label("Reason").fill("by mistake")
    confirms(page, 3, "Terminate")
    expect(page.get_by_role("alert")).to_contain_text("nothing was done")
    confirms(page, 2, "Terminate")

    expect(page.get_by_role("status")).to_contain_text("done, in")
    expect(page.get_by_text("by mistake")).to_be_visible()
    visitor.finds_nothing_serious()
    page.reload()
    expect(page.get_by_role("status")).to_contain_text("2 of 2")
    page.goto(visitor.address + "/executions?state=TERMINATED")
    expect(row(page, "order-")).to_have_count(2)


def test_all_that_match_are_resumed(stage: Stage, visitor: Visitor) -> None:
    broken = [True]

    def second(_: Any) -> Any:
        if broken[0]:
            raise OSError("the disk is full")
        return {"well": True}

    stage.play("Second", second)
    stage.serve(WORKS)
    for number in range(3):
        stage.ends(stage.start(WORKS, workflow_id=f"order-{number}"), "FAILED")
    broken[0] = False
    page = visitor.visits(stage.starter, "/executions?state=FAILED&step=Second")
    expect(row(page, "order-")).to_have_count(3)

    page.get_by_label("all that match this filter").check()
    page.get_by_role("button", name="Resume from a step").click()
    expect(page.locator("datalist#steps option")).to_have_count(len(WORKS.places))
    page.get_by_label("Step").fill("Second")
    page.get_by_role("button", name="Show what would happen").click()
    expect(page.get_by_text("A new run continues run")).to_have_count(3)
    expect(page.get_by_role("cell", name="possible")).to_have_count(3)
    visitor.finds_nothing_serious()
    confirms(page, 3, "Resume from a step")

    expect(page.get_by_role("status")).to_contain_text("3 of 3")
    expect(page.get_by_role("status")).to_contain_text("done, in")
    page.goto(visitor.address + "/executions?state=COMPLETED")
    expect(row(page, "order-")).to_have_count(3)


def test_several_that_wait_are_signaled(stage: Stage, visitor: Visitor) -> None:
    stage.serve(ASKS)
    for number in range(2):
        stage.reaches(stage.start(ASKS, workflow_id=f"asking-{number}"), step="Approve")
    page = visitor.visits(stage.starter, "/executions?state=WAITING")
    expect(row(page, "asking-")).to_have_count(2)
    expect(row(page, "asking-0")).to_contain_text("waits for approved")

    page.get_by_label("All on this page").check()
    page.get_by_role("button", name="Signal").click()
    page.get_by_label("Signal").fill("approved")
    page.get_by_label("Data (JSON)").fill('{"by": "all"}')
    page.get_by_role("button", name="Show what would happen").click()
    visitor.finds_nothing_serious()
    confirms(page, 2, "Signal")

    expect(page.get_by_role("status")).to_contain_text("2 of 2")
    page.goto(visitor.address + "/executions?state=COMPLETED")
    expect(row(page, "asking-")).to_have_count(2)


def test_health_tells_what_waits_and_who_polls(
    stage: Stage, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("starter.lists.health.PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr("starter.lists.health.NEARBY_SECONDS", 0.2)
    waiting(stage, 2)
    page = visitor.visits(stage.starter, "/health")
    expect(page.get_by_role("alert")).to_contain_text("python decision_worker.py")
    expect(page.get_by_role("group", name="Task lists")).to_contain_text("order-0")
    visitor.finds_nothing_serious()

    stage.serve(WORKS)

    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.get_by_role("group", name="Task lists")).to_contain_text("waits")
    expect(page.get_by_role("group", name="Rates").get_by_role("row", name="day")).to_contain_text(
        "2"
    )
    visitor.finds_nothing_serious()


@pytest.mark.browser(
    viewport={"width": 360, "height": 740}, color_scheme="dark", locale="pt-BR", has_touch=True
)
def test_on_a_phone_in_the_dark_in_portuguese(stage: Stage, visitor: Visitor) -> None:
    waiting(stage, 2, tags=["a-rather-long-tag-that-has-no-place-to-break-at-all"])
    for path, word in (
        ("/executions?tag=a-rather-long-tag-that-has-no-place-to-break-at-all", "Mais filtros"),
        ("/health", "Listas de tarefas"),
        ("/bulk", "Feito com várias"),
    ):
        page = visitor.visits(stage.starter, path)
        expect(page.get_by_text(word).first).to_be_visible()
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 360, path
        visitor.finds_nothing_serious()


def test_it_works_by_keyboard(stage: Stage, visitor: Visitor) -> None:
    waiting(stage, 1)
    page = visitor.visits(stage.starter)
    page.get_by_label("Text").focus()
    page.keyboard.type("order")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("text=order"))
    page.get_by_label("order-0").focus()
    page.keyboard.press("Space")
    expect(page.get_by_label("order-0")).to_be_checked()
    page.get_by_role("button", name="Cancel").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Cancel: 1 execution")
