"""How much of everything is allowed; SWF's own figures unless a test says otherwise."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The quotas that SWF publishes; lengths of members are the service model's."""

    history_events: int = 25_000
    """Events in one run's history; at this many the run is terminated."""
    open_activities: int = 1_000
    """Scheduled and started activity tasks of one run."""
    open_timers: int = 1_000
    """Timers of one run."""
    open_children: int = 1_000
    """Child executions of one run."""
    open_lambdas: int = 1_000
    """Lambda tasks of one run (SWF publishes no figure)."""
    open_executions: int = 100_000
    """Open runs of one domain."""
    domains: int = 100
    """Domains, deprecated ones too."""
    types: int = 10_000
    """Workflow types, and as many activity types, of one domain, deprecated ones too."""
    domain_tags: int = 50
    """Tags on one domain."""
    pollers: int = 1_000
    """Waiting polls on one task list."""
    decisions: int = 10_000
    """Decisions in one response (SWF publishes no figure; 1 MB bounds it)."""
    request_bytes: int = 1_048_576
    """Size of one request's body."""
    poll_seconds: float = 59.0
    """How long a poll is held. SWF says up to 60; boto3 waits for exactly 60 unless told."""
    page_bytes: int = 1_000_000
    """Events on one page in bytes; the first event of a page is always there."""
    page_token_seconds: float = 86_400.0
    """How long the token of a further page can be used: a day, as the service model says."""
    decision_page_token_seconds: float = 86_400.0
    """The same for pages of a decision task (users of the real service report 60 seconds)."""
