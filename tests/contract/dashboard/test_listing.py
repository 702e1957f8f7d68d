"""The list of executions over HTTP: filters, counts, pages, scans, and what is done to several."""

from __future__ import annotations

import html
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from dashboard.app import make_app
from dashboard.offline import library_of
from dashboard.options import Options
from starter.lists.browsing import Browser, Rhythm
from starter.lists.queries import Query
from starter.runs import newest_run
from tests.contract.steering.conftest import Stage
from workflow import Retry, process, step, wait_for_signal

PATIENCE_SECONDS = 20.0


class Visitor:
    """Somebody who reads the list and fills in its forms."""

    def __init__(self, stage: Stage, **options: Any) -> None:
        app = make_app(stage.starter, Options(**options))
        self.http = TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)

    def page(self, path: str = "/executions", status: int = 200, **query: Any) -> str:
        answer = self.http.get(path, params=query or None)
        assert answer.status_code == status, answer.text
        return html.unescape(answer.text)

    def lists(self, **query: Any) -> list[str]:
        """The workflow ids of a page of the list."""
        return ids_in(self.page(**query))

    def sends(self, path: str, **fields: Any) -> Any:
        secret = re.search(r'name="csrf" value="([^"]+)"', self.http.get("/bulk").text)
        assert secret is not None
        return self.http.post(path, data={"csrf": secret.group(1), **fields})

    def job(self, **fields: Any) -> str:
        """Choose executions; the address of the job, once they are known."""
        answer = self.sends("/bulk", **fields)
        assert answer.status_code == 303, answer.text
        path = str(answer.headers["location"])
        until(lambda: "are being looked for" not in self.page(path))
        return path


def ids_in(page: str) -> list[str]:
    return re.findall(r'<td class="id"[^>]*><a href="[^"]*">([^<]*)</a>', page)


def until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.02)


def tabs(page: str) -> dict[str, str]:
    found = re.findall(r'<a href="[^"]*"[^>]*>(\w+) <span class="count">([^<]*)</span>', page)
    return dict(found)


def pick(run: dict[str, str]) -> str:
    return json.dumps([run["workflow_id"], run["run_id"]])


ONE = process("One", "1", [step("Work", retry=Retry(attempts=1))])
ASKS = process("Asks", "1", [step("Work"), wait_for_signal("Approve", signal="approved")])


def waiting(stage: Stage, count: int, **options: Any) -> list[dict[str, str]]:
    """Executions that nobody decides."""
    stage.publish(ONE)
    return [
        stage.starter.start_workflow({"n": n}, f"order-{n}", definition=ONE, **options)
        for n in range(count)
    ]


def broken(stage: Stage) -> dict[str, str]:
    """An execution that failed at Work."""

    def fails(_: Any) -> Any:
        raise OSError("the printer is on fire")

    stage.play("Work", fails)
    stage.serve(ONE, ASKS)
    run = stage.start(ONE, workflow_id="broken")
    stage.ends(run, "FAILED")
    return run


def test_an_empty_list_says_so_and_leads_on(stage: Stage) -> None:
    page = Visitor(stage).page()

    assert "There are no executions" in page
    assert 'href="/start"' in page


def test_numbers_are_those_of_the_readers_language(stage: Stage) -> None:
    visitor = Visitor(stage)
    waiting(stage, 1)
    assert "all that match this filter, up to 1,000" in " ".join(visitor.page().split())
    visitor.http.headers["accept-language"] = "pt-BR"
    assert "até 1.000" in " ".join(visitor.page().split())


def test_open_ones_come_first_each_part_newest_first(stage: Stage) -> None:
    stage.publish(ONE)
    start = stage.starter.start_workflow
    for number in range(4):
        start({}, f"w-{number}", definition=ONE)
        stage.clock.advance(1)
    for number in (1, 3):
        stage.starter.terminate_workflow(f"w-{number}")

    assert Visitor(stage).lists() == ["w-2", "w-0", "w-3", "w-1"]


def test_counts_by_status_stand_beside_their_links(stage: Stage) -> None:
    runs = waiting(stage, 5)
    for run in runs[:2]:
        stage.starter.terminate_workflow(**run)

    counted = tabs(Visitor(stage).page())

    assert counted["all"] == "5"
    assert (counted["OPEN"], counted["CLOSED"]) == ("3", "2")
    assert (counted["TERMINATED"], counted["FAILED"]) == ("2", "0")


def test_a_count_at_which_swf_left_off_has_a_plus(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting(stage, 2)
    client = stage.starter.swf_client
    monkeypatch.setattr(client, "count_open", lambda _: (2, True))

    assert tabs(Visitor(stage).page())["OPEN"] == "2+"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"workflow_id": "order-1"}, ["order-1"]),
        ({"tag": "red"}, ["order-0"]),
        ({"type": "One"}, ["order-1", "order-0", "other"]),
        ({"type": "One@1"}, ["order-1", "order-0", "other"]),
        ({"type": "One@2"}, []),
        ({"state": "TERMINATED"}, ["other"]),
        ({"state": "OPEN"}, ["order-1", "order-0"]),
        ({"state": "OPEN", "tag": "red", "type": "One"}, ["order-0"]),
        ({"state": "CLOSED", "type": "One"}, ["other"]),
        ({"since": "1h", "state": "OPEN"}, ["order-1", "order-0"]),
        ({"until": "1h"}, []),
        ({"text": "ORDER"}, ["order-1", "order-0"]),
        ({"text": "purple plum"}, ["order-1"]),
        ({"text": "fruit"}, ["order-1"]),
        ({"text": "no longer wanted"}, ["other"]),
        ({"text": "red", "state": "OPEN"}, ["order-0"]),
        ({"state": "RUNNING"}, ["order-1", "order-0"]),
        ({"state": "PAUSED"}, []),
    ],
)
def test_filters_leave_what_they_say(stage: Stage, query: dict[str, str], found: list[str]) -> None:
    stage.publish(ONE)
    start = stage.starter.start_workflow
    start({}, "other", definition=ONE)
    start({}, "order-0", definition=ONE, tags=["red"])
    stage.clock.advance(1)
    start({"fruit": "purple plum"}, "order-1", definition=ONE)
    stage.starter.terminate_workflow("other", reason="no longer wanted")

    assert Visitor(stage).lists(**query) == found


@pytest.mark.parametrize(
    ("query", "said"),
    [({"since": "noon"}, "noon is no time"), ({"state": "SLEEPING"}, "no state SLEEPING")],
)
def test_what_cannot_be_asked_for_is_said_on_the_page(
    stage: Stage, query: dict[str, str], said: str
) -> None:
    assert said in Visitor(stage).page(status=422, **query)


def test_pages_follow_one_another_and_lead_back(stage: Stage) -> None:
    runs = waiting(stage, 60)
    for run in runs[:30]:
        stage.starter.terminate_workflow(**run)
    visitor = Visitor(stage)
    first = visitor.page(size=25)

    def follow(page: str, rel: str) -> str:
        found = re.search(rf'rel="{rel}" href="([^"]+)"', page)
        assert found is not None
        return visitor.page(found.group(1))

    second = follow(first, "next")
    third = follow(second, "next")

    shown = [*ids_in(first), *ids_in(second), *ids_in(third)]
    assert sorted(shown) == sorted(run["workflow_id"] for run in runs)
    assert len(ids_in(first)) == len(ids_in(second)) == 25
    assert 'rel="next"' not in third
    assert ids_in(follow(third, "prev")) == ids_in(second)
    assert ids_in(follow(second, "prev")) == ids_in(first)
    assert "First page" in third
    assert "First page" not in first


def test_a_page_whose_place_has_gone_begins_anew(stage: Stage) -> None:
    waiting(stage, 3)

    assert len(Visitor(stage).lists(cursor="open.0.nonsense")) == 3


def test_the_deciders_word_of_open_ones_is_told(stage: Stage) -> None:
    stage.serve(ASKS)
    run = stage.start(ASKS, workflow_id="asking")
    stage.reaches(run, step="Approve")
    visitor = Visitor(stage)

    page = visitor.page()
    assert '<span class="step">Approve' in page
    assert "waits for approved" in page
    assert visitor.lists(state="WAITING") == ["asking"]
    assert visitor.lists(step="Approve") == ["asking"]
    assert visitor.lists(step="Work") == []

    stage.starter.pause_workflow(**run)
    stage.reaches(run, state="PAUSED")
    until(lambda: visitor.lists(state="PAUSED") == ["asking"])


def test_failed_ones_are_found_by_the_step_at_which_they_failed(stage: Stage) -> None:
    broken(stage)
    visitor = Visitor(stage)

    assert visitor.lists(step="Work", state="FAILED") == ["broken"]
    assert visitor.lists(step="Else", state="FAILED") == []
    page = visitor.page(text="printer is on fire")
    assert ids_in(page) == ["broken"]
    assert "scanned 1, found 1" in page
    assert "that is all" in page


def test_a_scan_says_how_far_it_went_and_goes_on(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting(stage, 40)
    monkeypatch.setattr("starter.lists.browsing.SCAN_SECONDS", 0.0001)
    visitor = Visitor(stage)
    query = {"text": '"n":7', "size": 25}

    page = visitor.page(**query)
    assert re.search(r"scanned \d, found \d", page)
    assert "go on" in page

    until(lambda: "that is all" in visitor.page(**query))
    page = visitor.page(**query)
    assert "scanned 40, found 1" in page
    assert ids_in(page) == ["order-7"]


def test_what_a_list_shows_is_asked_once_however_many_look(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting(stage, 5)
    client = stage.starter.swf_client
    called: list[str] = []
    once = client._connection.once
    monkeypatch.setattr(
        client._connection,
        "once",
        lambda operation, *rest, **options: (
            called.append(operation) or once(operation, *rest, **options)
        ),
    )
    monkeypatch.setattr("starter.lists.browsing.NEARBY", Rhythm(60, 60, 60))
    monkeypatch.setattr("starter.lists.glimpses.NEARBY_SECONDS", 60)
    visitor = Visitor(stage)
    visitor.page()
    called.clear()

    for _ in range(5):
        visitor.page()

    assert called == []


def test_a_page_that_only_shows_offers_nothing_to_do(stage: Stage) -> None:
    run = waiting(stage, 1)[0]
    visitor = Visitor(stage, read_only=True)

    page = visitor.page()
    assert ids_in(page) == ["order-0"]
    assert 'name="pick"' not in page
    assert 'action="/bulk"' not in page or 'name="kind"' not in page
    refused = visitor.http.post("/bulk", data={"pick": pick(run), "kind": "terminate"})
    assert refused.status_code == 403


def test_offline_the_list_is_of_what_was_saved(stage: Stage, tmp_path: Any) -> None:
    run = broken(stage)
    path = tmp_path / "history.json"
    document = stage.json("history", run["workflow_id"], run["run_id"])
    path.write_text(json.dumps(document), encoding="utf-8")
    app = make_app(stage.starter, Options(offline=True), library_of(stage.starter, [str(path)]))
    http = TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)

    assert ids_in(http.get("/executions").text) == ["broken"]
    assert http.get("/health").status_code == 303


# --- done to several -----------------------------------------------------------------------


def done(visitor: Visitor, path: str) -> str:
    until(lambda: "done, in" in visitor.page(path))
    return visitor.page(path)


def test_several_are_terminated_after_a_preview_and_a_typed_number(stage: Stage) -> None:
    runs = waiting(stage, 3)
    stage.starter.terminate_workflow(**runs[0])
    visitor = Visitor(stage)

    path = visitor.job(kind="terminate", pick=[pick(run) for run in runs])
    page = visitor.page(path)
    assert page.count("The execution is closed at once, as TERMINATED") == 2
    assert "It has closed: nothing would be done" in page
    assert len(visitor.lists(state="OPEN")) == 2

    refused = visitor.sends(path, number="2", reason="over")
    assert refused.status_code == 422
    assert "not the number of executions" in refused.text

    assert visitor.sends(path, number="3", reason="over").status_code == 303
    page = done(visitor, path)
    assert "1 could not be done" in page
    assert ids_in(page)[0] == "order-0"
    events = stage.starter.get_workflow_history(**runs[1])
    assert events[-1]["workflowExecutionTerminatedEventAttributes"]["reason"] == "over"
    until(lambda: visitor.lists(state="OPEN") == [])
    assert path in visitor.page("/bulk")


def test_it_is_done_once_however_often_it_is_sent(stage: Stage) -> None:
    runs = waiting(stage, 2)
    visitor = Visitor(stage)
    path = visitor.job(kind="cancel", pick=[pick(run) for run in runs])

    for _ in range(3):
        assert visitor.sends(path, number="2").status_code == 303

    done(visitor, path)
    asked = [
        event["eventType"]
        for run in runs
        for event in stage.starter.get_workflow_history(**run)
        if event["eventType"] == "WorkflowExecutionCancelRequested"
    ]
    assert len(asked) == 2


@pytest.mark.parametrize("query", [{"tag": "red"}, {"text": "red"}])
def test_all_that_match_a_filter_are_taken(stage: Stage, query: dict[str, str]) -> None:
    waiting(stage, 4, tags=["red"])
    stage.starter.start_workflow({}, "blue", definition=ONE)
    visitor = Visitor(stage)

    path = visitor.job(kind="terminate", all="1", **query)
    assert "Terminate: 4 executions" in visitor.page(path)
    assert visitor.sends(path, number="4").status_code == 303
    done(visitor, path)

    until(lambda: visitor.lists(state="OPEN") == ["blue"])


def test_more_than_may_be_done_at_once_is_said(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting(stage, 4)
    monkeypatch.setattr("dashboard.views.bulk.MOST", 3)
    monkeypatch.setattr("starter.control.bulk.FORESEEN", 2)
    monkeypatch.setattr("dashboard.views.bulk.FORESEEN", 2)
    visitor = Visitor(stage)

    page = visitor.page(visitor.job(kind="cancel", all="1"))

    assert "Cancel: 3 executions" in page
    assert "More match than can be done at once" in page
    assert len(ids_in(page)) == 2
    assert "1 more were not looked at" in page


def test_failed_ones_are_resumed_from_a_step(stage: Stage) -> None:
    run = broken(stage)
    stage.play("Work", lambda _: {"well": True})
    visitor = Visitor(stage)
    path = visitor.job(kind="resume", pick=pick(run))
    assert 'name="number"' not in visitor.page(path)

    page = visitor.page(path, step_name="Work")
    assert "A new run continues run" in page
    assert "Nowhere" in visitor.page(path, step_name="Nowhere").partition("would be refused")[2]

    sent = visitor.sends(path, number="1", step_name="Work", reason="paper bought", actor="ada")
    assert sent.status_code == 303
    page = done(visitor, path)
    assert "paper bought" in page
    assert run["run_id"].replace("/", "~") not in page
    stage.ends(
        {"workflow_id": "broken", "run_id": newest_run(stage.starter.swf_client, "broken")},
        "COMPLETED",
    )


def test_several_are_signaled(stage: Stage) -> None:
    stage.serve(ASKS)
    runs = [stage.start(ASKS, workflow_id=f"asking-{n}") for n in range(2)]
    for run in runs:
        stage.reaches(run, step="Approve")
    visitor = Visitor(stage)
    path = visitor.job(kind="signal", pick=[pick(run) for run in runs])
    page = visitor.page(path, signal_name="approved", input='{"by": "all"}')
    assert "The execution goes on" in page or "ends: completed" in page
    assert "this is no JSON" in visitor.page(path, 422, signal_name="approved", input="{")

    visitor.sends(path, number="2", signal_name="approved", input='{"by": "all"}')
    done(visitor, path)

    for run in runs:
        stage.ends(run, "COMPLETED")


def test_nothing_ticked_and_nothing_known_are_said(stage: Stage) -> None:
    visitor = Visitor(stage)

    assert "no execution is ticked" in visitor.sends("/bulk", kind="cancel").text
    assert "cannot be done to many" in visitor.sends("/bulk", kind="hug", pick='["a", "b"]').text
    assert visitor.http.get("/bulk/unknown").status_code == 404


def test_a_query_knows_which_lists_it_needs() -> None:
    assert Query(state="FAILED").kinds == ("closed",)
    assert Query(state="PAUSED").kinds == ("open",)
    assert Query().kinds == ("open", "closed")


def test_why_executions_ended_badly_is_told_in_the_list(stage: Stage) -> None:
    broken(stage)

    assert "Work failed: Max retries exceeded" in Visitor(stage).page()


def test_a_job_can_be_stopped_and_says_what_was_left(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = waiting(stage, 6)
    begun, go = threading.Semaphore(0), threading.Event()
    terminate = stage.starter.terminate_workflow

    def slowly(*arguments: Any, **options: Any) -> None:
        begun.release()
        assert go.wait(PATIENCE_SECONDS)
        terminate(*arguments, **options)

    monkeypatch.setattr("starter.control.bulk.AT_ONCE", 2)
    monkeypatch.setattr(stage.starter, "terminate_workflow", slowly)
    visitor = Visitor(stage)
    path = visitor.job(kind="terminate", pick=[pick(run) for run in runs])
    visitor.sends(path, number="6")
    for _ in range(2):
        assert begun.acquire(timeout=PATIENCE_SECONDS)

    visitor.sends(f"{path}/stop")
    go.set()

    until(lambda: "stopped: the rest was left alone" in visitor.page(path))
    assert ">2 of 6<" in visitor.page(path)
    until(lambda: len(visitor.lists(state="OPEN")) == 4)


def test_on_aws_a_list_costs_few_calls_and_no_describe(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting(stage, 5)
    client = stage.starter.swf_client
    called: list[str] = []
    once = client._connection.once
    monkeypatch.setattr(
        client._connection,
        "once",
        lambda operation, *rest, **options: (
            called.append(operation) or once(operation, *rest, **options)
        ),
    )
    browser = Browser(client, aws=True)

    for _ in range(20):
        assert len(browser.page(Query()).rows) == 5
        browser.counts(Query())

    told = Counter(called)
    assert told == {
        "list_open_workflow_executions": 1,
        "list_closed_workflow_executions": 1,
        "count_open_workflow_executions": 1,
        "count_closed_workflow_executions": 7,
        "get_workflow_execution_history": 5,
    }
