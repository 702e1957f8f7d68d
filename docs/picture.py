"""`python -m docs.picture`: take the picture of the page that the README shows.

An order fails at its last step on an embedded SWF of its own, is rolled back, and is looked at in
Chromium.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from dashboard.pages import execution_url
from dashboard.testing import served
from local_swf.testing import LocalSWF
from starter.clock import use
from tests.application import application
from tests.browser.conftest import FLAGS, browser_path

PICTURE = Path(__file__).with_name("images") / "page.png"
WIDTH, HEIGHT = 1280, 1100
ENGINE = "embedded SWF"  # without the port and folder of this machine
NOWHERE = "http://127.0.0.1:9/orders"
ORDER = {
    "order_id": "ORD-1001",
    "customer_id": "C-1",
    "items": [{"sku": "BOOK-7", "name": "Notebook", "quantity": 2, "price": 19.9}],
}


def main() -> int:
    """Take it anew; gives the exit code."""
    use(utc=True)
    with tempfile.TemporaryDirectory() as folder, LocalSWF() as swf:
        broken = {"NOTIFIER": "webhook", "NOTIFIER_TARGET": NOWHERE, "RETRY_INITIAL_SECONDS": "1"}
        with application(swf, Path(folder), **broken) as app:
            app.decider()
            app.worker()
            run = app.starter.start_workflow(ORDER, workflow_id="order-1001", tags=["web"])
            app.starter.wait(run["workflow_id"], run["run_id"])
            with served(app.starter) as address:
                _take(address + execution_url(run, step="NotifyCompletion"))
    return 0


def _take(address: str) -> None:
    PICTURE.parent.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=list(FLAGS))
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, locale="en-US")
        page.goto(address)
        page.locator(".engine").evaluate(f"item => {{ item.firstChild.data = {ENGINE!r}; }}")
        page.locator("#step details").evaluate_all(
            "all => all.forEach(item => { item.open = false; })"
        )
        page.screenshot(path=PICTURE)
        browser.close()


if __name__ == "__main__":
    raise SystemExit(main())
