"""Saved histories in the browser, without any engine."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

import config
from dashboard.offline import library_of
from tests.browser.conftest import Visitor
from tests.contract.steering.conftest import Stage
from workflow import Retry, process, step
from workflow_starter import WorkflowStarter


def test_a_saved_history_is_opened_and_walked_through(
    stage: Stage, visitor: Visitor, tmp_path: Path
) -> None:
    made = process(
        "Saved", "1", [step("First", compensation="Undo"), step("Second", retry=Retry(attempts=2))]
    )

    def fails(_: Any) -> Any:
        raise OSError("the printer is on fire")

    stage.play("Second", fails)
    stage.serve(made)
    run = stage.start(made, workflow_id="saved-1")
    stage.ends(run, "FAILED")
    file = tmp_path / "history.json"
    file.write_text(json.dumps(stage.json("history", run["workflow_id"], run["run_id"])))
    nowhere = WorkflowStarter(
        config.load({"SWF_ENDPOINT": "http://127.0.0.1:9", "DATA_DIR": str(tmp_path)})
    )

    library = library_of(nowhere, [str(file)])
    page = visitor.visits(nowhere, "/", library=library, offline=True)

    expect(page.locator("header")).to_contain_text("no engine")
    visitor.finds_nothing_serious()
    page.get_by_role("link", name="saved-1").click()
    expect(page.locator("h1 .state")).to_have_text("FAILED")
    step_node = page.locator('.picture-frame g.state[data-state="Second"]')
    expect(step_node).to_have_class(re.compile("failed"))
    step_node.click()
    expect(page.locator("#step")).to_contain_text("the printer is on fire")
    expect(page.locator("a[href*='/act/']")).to_have_count(0)
    for name in ("Data", "Events", "Audit", "Cost and limits", "Related"):
        page.get_by_role("link", name=name, exact=True).click()
        expect(page.locator(".tabs a[aria-current]")).to_have_text(name)
        visitor.finds_nothing_serious()
