"""When a decider holds back an answer that would bring the next decision task too soon."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

import decision_worker

CROWD = dict.fromkeys(range(decision_worker.CROWD))
FEW = dict.fromkeys(range(decision_worker.CROWD - 1))
GATHERING, PRESSED = decision_worker.GATHERING_SECONDS, decision_worker.PRESSED_SECONDS


@pytest.mark.parametrize(
    ("open_at_once", "pressed", "decisions", "waits"),
    [
        (FEW, False, [], []),
        (CROWD, False, [], [GATHERING]),
        (CROWD, False, [{"decisionType": "StartTimer"}], []),
        (FEW, True, [{"decisionType": "StartTimer"}], [PRESSED]),
    ],
)
def test_only_where_much_is_open_or_swf_refused_a_timer(
    monkeypatch, open_at_once, pressed, decisions, waits
):
    waited = []
    monkeypatch.setattr(decision_worker.time, "sleep", waited.append)
    execution = SimpleNamespace(state=SimpleNamespace(open=open_at_once), pressed=pressed)
    decision_worker._hold_back(execution, decisions)
    assert waited == waits
