"""One execution in the page, as an operator meets it: watched, steered, told, taken away."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor
from tests.contract.steering.conftest import Stage
from workflow import Definition, Retry, process, step


def path_of(run: dict[str, str], *parts: str) -> str:
    from dashboard.pages import execution_url

    return execution_url(run, *parts)


def node(page: Page, name: str) -> Any:
    return page.locator(f'.picture-frame g.state[data-state="{name}"]')


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
