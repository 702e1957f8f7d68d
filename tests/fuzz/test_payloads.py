"""Results of any kind, stored values of any bytes: a step fails, worker and decider go on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import config
import wire
from activities.context import detached
from activities.execution import Completed, Failed, execute
from errors import PayloadError
from local_swf.testing import local_swf
from payloads import Codec, DirectoryStore, Payloads
from payloads.stores import place
from tests.application import Application
from tests.fuzz.strategies import BOUNDED, texts, values

__all__ = ["local_swf"]

KEY = ("k", b"1" * 32)
odd = st.sampled_from(
    [object(), {1, 2}, b"x", float("nan"), {"a": {1}}, {1: 2}, 10**5000, "\ud800"]
)


@BOUNDED
@given(
    result=values | odd | st.dictionaries(texts, values | odd, max_size=3), any_json=st.booleans()
)
def test_any_result_completes_or_fails_a_task(
    result: Any,
    any_json: bool,  # noqa: FBT001 - drawn
    tmp_path: Path,
) -> None:
    task = detached(config.load({"DATA_DIR": str(tmp_path)}))
    outcome = execute(lambda _: result, {}, task)
    assert isinstance(outcome, Completed | Failed)
    if isinstance(outcome, Completed):
        json.loads(outcome.result)
    else:
        assert wire.length(outcome.reason) <= wire.REASON_CHARACTERS
        assert json.loads(outcome.details)["type"]


@BOUNDED
@given(data=st.data(), text=st.text(max_size=3000), sealed=st.booleans())
def test_a_stored_value_that_was_spoiled_is_refused_or_as_it_was(
    data: st.DataObject,
    text: str,
    sealed: bool,  # noqa: FBT001 - drawn
    tmp_path: Path,
) -> None:
    payloads = Payloads(DirectoryStore(tmp_path), Codec([KEY] if sealed else ()))
    reference = payloads.put(text)
    path = tmp_path / place(reference[wire.REFERENCE]["sha256"])
    content = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    how = data.draw(st.sampled_from(["flip", "cut", "more", "other"]))
    if how == "flip":
        content[at] ^= data.draw(st.integers(1, 255))
    elif how == "cut":
        del content[at:]
    elif how == "more":
        content += data.draw(st.binary(min_size=1, max_size=9))
    else:
        content[:] = data.draw(st.binary(max_size=99).filter(lambda other: other != content))
    path.write_bytes(content)
    with pytest.raises(PayloadError, match="damaged"):
        payloads.get(reference)
    path.unlink()


@BOUNDED
@given(content=st.binary(max_size=99) | st.binary(max_size=99).map(lambda tail: b"\xff\x01" + tail)
    | st.binary(max_size=99).map(lambda tail: b"\xff\x01\x02\x01k" + tail))  # fmt: skip
def test_bytes_that_nobody_of_ours_wrote_are_a_text_or_refused(content: bytes) -> None:
    try:
        assert isinstance(Codec([KEY]).decode(content, "it"), str)
    except PayloadError:
        return


@BOUNDED
@given(value=values, key=st.sampled_from(wire.RESERVED_KEYS))
def test_references_and_seals_of_others_are_values_or_refused(
    value: Any, key: str, tmp_path: Path
) -> None:
    payloads = Payloads(DirectoryStore(tmp_path), Codec([KEY]))
    for text in (wire.dumps({key: value}), wire.dumps([{key: value}, value])):
        try:
            assert isinstance(payloads.expand_deep(text), str)
        except PayloadError:
            continue


def test_workers_and_deciders_live_through_results_of_any_kind(
    local_swf: Any, tmp_path: Path
) -> None:
    results = [None, 1, "x", [], {1, 2}, {"_process": {}}, {"a": float("nan")}, {"ok": "\ud800"}]
    app = Application(local_swf, tmp_path, MAX_ATTEMPTS="1")
    try:
        app.decider()
        worker = app.worker()
        for result in results:
            worker.activities["ProcessData"] = lambda _, given=result: given
            last = app.finish(app.starter.start_workflow({"order_id": "O"}))[-1]
            assert last["eventType"] == "WorkflowExecutionFailed", result
        worker.activities["ProcessData"] = lambda _: {"fine": True}
        last = app.finish(app.starter.start_workflow({"order_id": "O"}))[-1]
        assert last["eventType"] == "WorkflowExecutionCompleted"
    finally:
        app.stop()


@settings(BOUNDED, max_examples=12)
@given(content=st.binary(max_size=40) | st.none())
def test_workers_and_deciders_live_through_stored_values_that_are_spoiled_or_gone(
    content: bytes | None, local_swf: Any, tmp_path: Path
) -> None:
    app = Application(local_swf, tmp_path, MAX_ATTEMPTS="1")
    run = app.starter.start_workflow({"order_id": "O", "note": "long " * 9_000})
    stored = [path for path in app.settings.payload_dir.rglob("*") if path.is_file()]
    assert stored
    for path in stored:
        path.unlink()
        if content is not None:
            path.write_bytes(content)
    try:
        app.worker()  # first: the clock would run away from a task that nobody polls for
        app.decider()
        *_, last = app.starter.swf_client.follow(run["workflow_id"], run["run_id"])
        assert last["eventType"] == "WorkflowExecutionFailed"
        told = str(app.starter.status(run["workflow_id"]))
        assert "Traceback" not in told
        assert "PayloadError: the value" in told, told
        healthy = app.finish(app.starter.start_workflow({"order_id": "O"}))
        assert healthy[-1]["eventType"] == "WorkflowExecutionCompleted"
    finally:
        app.stop()
