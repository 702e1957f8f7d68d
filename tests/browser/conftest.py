"""A browser as a person uses it: Chromium, driven by Playwright, on the page of a test's own.

Without a browser these tests are skipped, and say so; where `CI` is set that is a failure.
A test that fails leaves a screenshot in `.pytest_cache/screenshots`.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect, sync_playwright

from dashboard.library import Library
from dashboard.options import Options
from dashboard.testing import served
from tests.contract.conftest import local_swf
from tests.contract.steering.conftest import definitions, stage
from workflow_starter import WorkflowStarter

__all__ = ["definitions", "local_swf", "stage"]

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync")
PATIENCE_MILLISECONDS = 15_000
AXE = Path(__file__).with_name("vendor") / "axe.min.js"
EXPECTED = r"ERR_(ABORTED|INCOMPLETE|NETWORK_CHANGED)|40[149]|422"
"""What the browser says of answers that a test may ask for, and of streams that end."""

SERIOUS = ("serious", "critical")

expect.set_options(timeout=PATIENCE_MILLISECONDS)


def browser_path() -> str | None:
    """Where Chromium is on this machine, if it is."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    path = browser_path()
    if path is None:
        notice = f"no browser ({', '.join(BROWSERS)}) is installed: the page is not tested"
        if os.environ.get("CI"):
            pytest.fail(notice)
        pytest.skip(notice)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield running
        running.close()


class Visitor:
    """Somebody with a browser, on the page that the test serves."""

    def __init__(self, context: BrowserContext, programs: ExitStack) -> None:
        self._context = context
        self._served = programs
        self.complaints: list[str] = []
        """What went wrong in the browser: scripts, requests, the content security policy."""
        self.address = ""
        self.page: Page = self._opened()

    def visits(
        self,
        starter: WorkflowStarter,
        path: str = "/",
        library: Library | None = None,
        **options: Any,
    ) -> Page:
        """Open a path of the page on a starter; `options` are those of `Options`."""
        if not self.address:
            self.address = self._serve(starter, Options(port=0, **options), library)
        self.page.goto(self.address + path)
        return self.page

    @contextmanager
    def before_htmx(self, path: str) -> Iterator[Page]:
        """A path of the page as it is until htmx has come, which is at the end of the block."""
        script = "**/htmx.min.js"
        with self.holding(script):
            with self.page.expect_request(script):
                self.page.goto(self.address + path, wait_until="commit")
            yield self.page

    @contextmanager
    def holding(self, pattern: str) -> Iterator[None]:
        """Requests to addresses of a pattern are answered only after the block."""
        held: list[Route] = []

        def hold(route: Route) -> None:
            held.append(route)

        self.page.route(pattern, hold)
        yield
        for route in held:
            route.continue_()
        self.page.unroute(pattern)

    def goes_away(self) -> None:
        """End the program that serves the page."""
        self._served.close()

    def comes_back(self, starter: WorkflowStarter, **options: Any) -> None:
        """Start it again at the same address."""
        self._serve(starter, Options(port=int(self.address.rpartition(":")[2]), **options))

    def _serve(
        self, starter: WorkflowStarter, options: Options, library: Library | None = None
    ) -> str:
        return self._served.enter_context(served(starter, options, library))

    def _opened(self) -> Page:
        page = self._context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._heard)
        return page

    def _heard(self, message: Any) -> None:
        if message.type == "error" and not re.search(EXPECTED, message.text):
            self.complaints.append(message.text)

    def finds_nothing_serious(self) -> None:
        """Check the page as it is with axe: nothing serious against its accessibility."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = self.page.evaluate("axe.run({resultTypes: ['violations']})")
        told = [
            f"{item['id']} ({item['impact']}): {node['html'][:200]} {node['failureSummary']}"
            for item in found["violations"]
            if item["impact"] in SERIOUS
            for node in item["nodes"]
        ]
        assert told == []


@pytest.fixture
def visitor(
    browser: Browser, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Visitor]:
    """Somebody with a browser; at the end nothing may have gone wrong in it."""
    marker = request.node.get_closest_marker("browser")
    wanted = {"locale": "en-US", "viewport": {"width": 1280, "height": 900}, "timezone_id": "UTC"}
    with ExitStack() as stack:
        context = browser.new_context(**(wanted | (marker.kwargs if marker else {})))
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        somebody = Visitor(context, stack)
        yield somebody
        if getattr(request.node, "failed", False):
            folder = Path(request.config.rootpath) / ".pytest_cache" / "screenshots"
            folder.mkdir(parents=True, exist_ok=True)
            name = re.sub(r"[^A-Za-z0-9_.-]+", "_", request.node.nodeid)[-120:]
            somebody.page.screenshot(path=folder / f"{name}.png", full_page=True)
        context.close()
    assert somebody.complaints == []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[Any]:
    """Let fixtures know that their test failed."""
    report = yield
    if report.when == "call":
        item.failed = report.failed  # type: ignore[attr-defined]
    return report
