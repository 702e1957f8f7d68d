"""The pure pieces of the embedded SWF."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_swf import jsontext, lexical
from local_swf.clock import VirtualClock, WallClock
from local_swf.deadlines import TIMER, Deadline, Deadlines
from local_swf.errors import SwfFault
from local_swf.quotas import Rates
from local_swf.tasklists import ListKey, Task, _TaskList
from local_swf.tokens import TaskToken, Tokens, run_mark


def timer(number: int) -> Deadline:
    return Deadline(TIMER, number, 1)


@given(st.lists(st.tuples(st.integers(0, 5), st.one_of(st.none(), st.integers(0, 99)))))
def test_deadlines_give_the_earliest_of_what_was_last_set(changes):
    deadlines, expected = Deadlines(), {}
    for number, at in changes:
        if at is None:
            deadlines.discard(timer(number))
            expected.pop(number, None)
        else:
            deadlines.set(timer(number), at)
            expected[number] = at
    found = deadlines.next()
    assert (found[0] if found else None) == min(expected.values(), default=None)
    assert len(deadlines) == len(expected)


def test_deadlines_that_move_often_take_no_more_room():
    deadlines = Deadlines()
    for at in range(100_000):
        deadlines.set(timer(1), at)
    assert len(deadlines._heap) < 2_000


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.integers(-2, 2), st.integers(0, 3)),
        unique_by=lambda t: t[0],
    )
)
def test_a_list_gives_tasks_by_priority_then_age(entries):
    tasks = _TaskList()
    for number, priority, age in entries:
        tasks.add(Task("activity", number, 1), priority, age)
    order = [tasks.pop().run for _ in entries]
    assert order == [n for n, p, a in sorted(entries, key=lambda e: (-e[1], e[2], e[0]))]
    assert tasks.pop() is None


def test_a_removed_task_is_not_given_and_may_come_again():
    tasks = _TaskList()
    task = Task("decision", 1, 2)
    tasks.add(task, 0, 1)
    tasks.remove(task)
    assert tasks.pop() is None
    tasks.add(task, 0, 2)
    assert tasks.pop() == task
    assert ListKey("decision", 1, "l") != ListKey("activity", 1, "l")


TOKEN = TaskToken("activity", 7, 5, 6, 0, run_mark("22abcdefghij"))


def test_a_task_token_opens_with_its_own_key_and_kind_only():
    tokens = Tokens(b"key")
    text = tokens.task(TOKEN)
    assert tokens.open_task(text, "activity") == TOKEN
    for other, kind in ((tokens, "decision"), (Tokens(b"other"), "activity")):
        with pytest.raises(SwfFault, match="Invalid token"):
            other.open_task(text, kind)


@given(st.integers(0, 60), st.integers(0, 63))
def test_a_changed_task_token_is_invalid(position, letter):
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    tokens = Tokens(b"key")
    text = tokens.task(TOKEN)
    changed = text[:position] + alphabet[letter] + text[position + 1 :]
    if changed != text:
        with pytest.raises(SwfFault, match="Invalid token"):
            tokens.open_task(changed, "activity")


def test_a_page_token_is_bound_to_its_question_and_its_life():
    tokens = Tokens(b"key")
    text = tokens.page("List", {"a": 1, "maximumPageSize": 2}, [3], now=0)
    assert tokens.open_page(text, "List", {"a": 1, "maximumPageSize": 9}, 60_000, 60) == [3]
    for operation, arguments, now in (
        ("Count", {"a": 1}, 0),
        ("List", {"a": 2}, 0),
        ("List", {"a": 1}, 60_001),
    ):
        with pytest.raises(SwfFault):
            tokens.open_page(text, operation, arguments, now, 60)


def test_a_page_token_after_the_longest_names_is_one_that_swf_takes():
    name, version = "\U0001f600" * 256, "\U0001f600" * 64
    text = Tokens(b"key").page("ListActivityTypes", {}, [name, version], now=2**42)
    assert len(text) <= 2048


@pytest.mark.parametrize("kind", ["ActivityTaskStarted", "WorkflowExecutionStarted", "TimerFired"])
def test_an_event_is_compact_sorted_json(kind):
    body = jsontext.event(kind, 3, 1_492_443_961_284, {"b": "é", "a": None, "c": {"z": 1, "y": 2}})
    parsed = json.loads(body)
    assert body.decode() == json.dumps(parsed, sort_keys=True, separators=(",", ":"))
    assert parsed["eventTimestamp"] == 1492443961.284
    assert jsontext.event_attributes(body) == {"b": "é", "c": {"z": 1, "y": 2}}


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        (lexical.name, ["a", "a b", "ü", "arnold"], ["arn", "a:b", "a/b", "a|b", "\n", "\x7f"]),
        (lexical.trimmed_name, ["a b"], [" a", "a ", "arn"]),
        (lexical.seconds, ["0", "31536000"], ["NONE", "-1", "1.5", "", "31536001", "²"]),
        (lexical.optional_seconds, ["0", "NONE"], ["none", "-1", "99999999"]),
        (lexical.lambda_seconds, ["1", "900", "NONE"], ["0", "901", "none", "-1", ""]),
        (lexical.days, ["0", "90", "NONE"], ["91", "x", "-1"]),
        (lexical.priority, ["0", "-2147483648", "2147483647"], ["2147483648", "x", "", "1.0"]),
        (lexical.tag_text, ["a_b.:/=+-@ 1"], ["a#b", "?"]),
    ],
)
def test_lexical_rules(rule, good, bad):
    assert [value for value in good if rule(value) is not None] == []
    assert [value for value in bad if rule(value) is None] == []


def test_a_clock_never_goes_back_and_can_be_told_where_to_start():
    clock = WallClock()
    now = clock.now()
    clock.not_before(now - 5_000)
    assert now <= clock.now() < now + 1_000
    clock.not_before(now + 5_000)
    assert clock.now() >= now + 5_000


def test_a_virtual_clock_skips_only_when_unlocked():
    clock = VirtualClock()
    assert not clock.skipping
    clock.unlock()
    assert clock.skipping
    clock.lock()
    assert not clock.skipping


def test_permits_come_back_with_time():
    now = 0
    rates = Rates({"Op": (2.0, 1.0)}, lambda: now)
    assert [rates.excess("Op", "cause") for _ in range(3)] == [None, None, "cause"]
    now = 1000
    assert [rates.excess("Op", "cause") for _ in range(2)] == [None, "cause"]
    assert rates.excess("Other", "cause") is None
