"""Whatever happens to random processes, in-process on the virtual clock.

How many there are: `RANDOM_LIVES` times as many as usual, 1 unless the environment says more;
only then they differ from time to time.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, given, settings

from tests.unit.core.generated_documents import documents
from tests.unit.core.promises import (
    check_definition,
    check_ids,
    check_promises,
    check_replays,
    check_signals,
    requests_of,
)

from .lives import IDS, Life, Plan, limits, plans

MANY = 150 * int(os.environ.get("RANDOM_LIVES", "1"))


@settings(
    max_examples=MANY,
    deadline=None,
    derandomize="RANDOM_LIVES" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(plan=plans())
def test_whatever_happens_to_a_process_in_process(plan: Plan) -> None:
    live(plan)


@settings(
    max_examples=MANY,
    deadline=None,
    derandomize="RANDOM_LIVES" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(plan=plans(made=documents()))
def test_whatever_happens_to_a_state_machine_in_process(plan: Plan) -> None:
    live(plan)


def live(plan: Plan) -> None:
    """Let it live to its end, and see what holds then."""
    with limits(plan):
        life = Life(plan)
        life.settle()
        for run in life.runs:
            check_replays(run)
            check_definition(run, **IDS)
            check_ids(run)
        check_signals(life)
        check_facts(life)
        check_promises(life)


def check_facts(life: Life) -> None:
    """What listeners hear names every signal, its actor and its outcome."""
    heard = [fact.fields for fact in life.ear.facts if fact.kind == "signal"]
    names: dict[str, str] = {}
    count = 0
    for run in life.runs:
        for name, request_id in requests_of(run):
            count += request_id.startswith("event-") or request_id not in names
            names.setdefault(request_id, name)
    assert len(heard) == count
    for fields in heard:
        assert fields["outcome"] in ("done", "waiting", "refused")
        if fields["outcome"] == "refused":
            assert fields["why"]
