"""However many look, the page stays within what SWF grants an account on AWS."""

from __future__ import annotations

import threading
import time
from collections import Counter
from types import SimpleNamespace
from typing import Any

from starlette.testclient import TestClient

from dashboard.app import make_app
from dashboard.library import Library
from dashboard.options import Options
from dashboard.overall import Overall
from dashboard.pages import execution_url
from starter.control.bulk import Jobs
from starter.lists.browsing import Browser
from starter.lists.health import Health
from tests.contract.steering.conftest import Stage
from workflow import process, step

VIEWERS = 6
SECONDS = 4.0
QUOTAS = {  # bucket and refill a second; the page may take a quarter of either
    "GetWorkflowExecutionHistory": (2000, 60),
    "ListOpenWorkflowExecutions": (200, 48),
    "ListClosedWorkflowExecutions": (200, 6),
    "CountOpenWorkflowExecutions": (2000, 6),
    "CountClosedWorkflowExecutions": (2000, 6),
    "CountPendingActivityTasks": (200, 6),
    "CountPendingDecisionTasks": (200, 6),
    "ListWorkflowTypes": (200, 6),
    "DescribeWorkflowExecution": (0, 0),
}
SHARE = 0.25


def test_many_viewers_ask_no_more_than_one(stage: Stage) -> None:
    made = process("Watched", "1", [step("Only")])
    stage.publish(made)
    runs = [stage.start(made) for _ in range(30)]
    client = stage.starter.swf_client
    asked: Counter[str] = Counter()
    client.client.meta.events.register(
        "before-call.swf.*", lambda model, **_: asked.update([model.name])
    )
    app = make_app(stage.starter, Options())
    on_aws: Any = SimpleNamespace(swf_client=client, settings=SimpleNamespace(swf_endpoint="aws"))
    app.state.site.library = Library(on_aws)
    browser = Browser(client, aws=True)
    jobs, health = Jobs(stage.starter, aws=True), Health(client, browser, aws=True)
    app.state.overall = Overall(browser, jobs, health)
    paths = ["/executions", "/executions?text=nothing", "/executions?state=FAILED", "/health"]
    paths += [execution_url(run, part) for run in runs[:3] for part in ("events", "relations")]
    end = time.monotonic() + SECONDS
    seen: Counter[int] = Counter()

    def look(start: int) -> None:
        own = (f"10.0.0.{start}", 50_000)  # an address may ask only so often
        visitor = TestClient(app, base_url="http://127.0.0.1", client=own)
        while time.monotonic() < end:
            for path in [*paths[start:], *paths[:start]]:
                seen[visitor.get(path).status_code] += 1

    viewers = [threading.Thread(target=look, args=(number,)) for number in range(VIEWERS)]
    for viewer in viewers:
        viewer.start()
    for viewer in viewers:
        viewer.join()

    assert set(seen) == {200}
    assert seen[200] > 50, "the pages were too slow to tell"
    assert {"GetWorkflowExecutionHistory", "ListOpenWorkflowExecutions"} <= asked.keys()
    assert asked.keys() <= QUOTAS.keys()
    for operation, (bucket, rate) in QUOTAS.items():
        most = SHARE * (bucket + rate * (SECONDS + 1))
        assert asked[operation] <= most, (operation, asked)
