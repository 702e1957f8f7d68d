"""What the pages about all executions share: lists, jobs, health; made when first asked for."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from starlette.requests import Request

from dashboard.site import site_of
from starter.control.bulk import Jobs
from starter.lists.browsing import Browser
from starter.lists.health import Health
from workflow_starter import WorkflowStarter

_making = threading.Lock()


@dataclass(frozen=True)
class Overall:
    """One engine, as all who look at it share it."""

    browser: Browser
    jobs: Jobs
    health: Health

    @classmethod
    def of(cls, starter: WorkflowStarter) -> Overall:
        """What looks at a starter's engine; nothing is asked yet."""
        client, aws = starter.swf_client, starter.settings.swf_endpoint == "aws"
        browser = Browser(client, aws=aws)
        return cls(browser, Jobs(starter, aws=aws), Health(client, browser, aws=aws))


def overall_of(request: Request) -> Overall:
    """That of the site which a request came to."""
    state = request.app.state
    with _making:
        if not hasattr(state, "overall"):
            state.overall = Overall.of(site_of(request).starter)
        found: Overall = state.overall
    return found
