"""What the views of one served page share."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.requests import Request

from dashboard.guard import ForgeryProtection
from dashboard.languages import LANGUAGES
from dashboard.library import Library
from dashboard.options import Options
from starter.control.signals import os_user
from workflow_starter import WorkflowStarter

PRICED = {
    "swf": "SWF",
    "swf_with_decision_tasks": "SWF, decision tasks billed too",
    "step_functions_standard": "Step Functions Standard",
    "step_functions_express": "Step Functions Express",
}
"""What `starter.costs.prices` calls the ways to run an execution, in words."""


@dataclass
class Site:
    """One served page: its starter, what it shows, how it is guarded."""

    starter: WorkflowStarter
    options: Options
    library: Library
    protection: ForgeryProtection = field(default_factory=ForgeryProtection)

    @property
    def languages(self) -> dict[str, str]:
        """The languages of the page, by code."""
        return LANGUAGES

    @property
    def engines_of_prices(self) -> dict[str, str]:
        """Names of the ways to run an execution that have a price."""
        return PRICED

    @property
    def user(self) -> str:
        """Who acts unless another name is given."""
        return os_user()

    def query(self, text: str) -> defaultdict[str, str]:
        """What an address asks for; empty where it asks for nothing."""
        return defaultdict(str, parse_qsl(text))

    @property
    def may_act(self) -> bool:
        """Whether anything can be changed from here."""
        return not (self.options.read_only or self.options.offline)


def site_of(request: Request) -> Site:
    """The site that a request came to."""
    found: Site = request.app.state.site
    return found
