"""When a decider holds back an answer that asks for nothing."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

import decision_worker


@pytest.mark.parametrize(
    ("open_at_once", "waits"),
    [(decision_worker.CROWD - 1, []), (decision_worker.CROWD, [decision_worker.GATHERING_SECONDS])],
)
def test_only_where_much_is_open(monkeypatch, open_at_once, waits):
    waited = []
    monkeypatch.setattr(decision_worker.time, "sleep", waited.append)
    execution = SimpleNamespace(state=SimpleNamespace(open=dict.fromkeys(range(open_at_once))))
    decision_worker._gather(execution)
    assert waited == waits
