"""Every page, in both colours, without anything serious against its accessibility."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from dashboard.pages import execution_url
from tests.browser.conftest import Visitor
from tests.contract.steering.conftest import Stage
from workflow import Definition, Retry, process, step, wait_for_signal

ACTIONS = ("resume", "back", "reprocess", "skip", "pause", "continue", "rollback", "cancel")


def shaped(version: str, *further: str) -> Definition:
    names = ["First", "Second", *further]
    return process("Seen", version, [step(name, retry=Retry(attempts=1)) for name in names])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page(stage: Stage, visitor: Visitor, scheme: Any) -> None:
    old, new = shaped("1"), shaped("2", "Third")
    asks = process("Asks", "1", [step("First"), wait_for_signal("Approval", signal="APPROVE")])

    def fails(_: Any) -> Any:
        raise OSError("no paper")

    stage.play("Second", fails)
    stage.serve(old, new, asks)
    failed, waits = stage.start(old, tags=["printed"]), stage.start(asks)
    stage.ends(failed, "FAILED")
    stage.reaches(waits, step="Approval")
    page = visitor.page
    page.emulate_media(color_scheme=scheme)
    visitor.visits(stage.starter)
    paths = ["/executions", "/executions?text=paper", "/executions?state=x", "/health", "/start"]
    paths += ["/start?definition=Asks@1", "/bulk", "/nowhere", "/executions/nobody"]
    paths += ["/definitions", "/definitions/new", "/definitions/Seen/1", "/definitions/Seen/1/edit"]
    paths += ["/definitions/Seen/1/simulate", "/definitions/Seen/compare?from=1&to=2"]
    for run in (failed, waits):
        paths += [execution_url(run, step="First"), execution_url(run, "events", "1")]
        paths += [execution_url(run, tab) for tab in ("data", "audit", "forecast", "relations")]
        paths += [execution_url(run, "events"), execution_url(run, "events", by="step")]
    paths += [execution_url(waits, "act", action) for action in ACTIONS]
    paths += [execution_url(failed, "act", "resume", step_name="Second")]
    for path in paths:
        page.goto(visitor.address + path)
        expect(page.locator("h1")).to_have_count(1)
        visitor.finds_nothing_serious()
