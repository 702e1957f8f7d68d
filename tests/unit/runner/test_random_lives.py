"""Whatever happens to random processes, in-process on the virtual clock.

How many there are: `RANDOM_LIVES` times as many as usual, 1 unless the environment says more;
only then they differ from time to time.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from errors import SignalRefusedError
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


@settings(
    max_examples=MANY // 2,
    deadline=None,
    derandomize="RANDOM_LIVES" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(plan=plans(made=documents()), data=st.data())
def test_a_closed_state_machine_goes_on_from_any_state_that_it_was_in(
    plan: Plan, data: st.DataObject
) -> None:
    with limits(plan):
        life = Life(plan)
        life.settle()
        execution = life.runs[-1].execution()
        path = data.draw(st.sampled_from(sorted(execution.state.latest)))
        try:
            execution.check_resume(path)
        except SignalRefusedError:
            return
        number = execution.state.visits[execution.state.latest[path]].number
        envelope = {
            "start_id": "run",
            "previous_run_id": "before",
            "snapshot": json.loads(json.dumps(execution.snapshot())),
            "resume": {"step_name": path, "request_id": "again"},
        }
        again = Life(replace(plan, sent=[], answers=[]), envelope)
        again.settle()
        for run in again.runs:
            check_replays(run)
            check_definition(run, **IDS)
        [resumed] = [m for run in again.runs for m in run.markers("RESUMED")][:1]
        assert (resumed["step"], resumed["visit"]) == (path, number + 1)


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
