"""How a watched execution is drawn: from data alone, at any moment and size."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from cli.monitor_view import Frame, countdown, draw, lasted
from starter.executions.happenings import Happening
from starter.executions.scenes import Row, Scene
from starter.executions.status import STATUS_MEMBERS

NOW = 1_800_000_000.0


def status(**members: Any) -> Any:
    usual = {
        "workflow_id": "order-1",
        "run_id": "r-1",
        "type": "Order",
        "version": "1.0",
        "state": "RUNNING",
        "tags": [],
        "started_at": NOW - 65,
        "cancel_requested": False,
        "step": "Ship",
        "progress": {"done": 1, "of": 3},
    }
    return {**dict.fromkeys(STATUS_MEMBERS), **usual, **members}


ROWS = (
    Row("Pay", outcome="succeeded", begun=NOW - 60, ended=NOW - 58),
    Row("Ship", outcome="running", begun=NOW - 5),
    Row("Tell"),
)
EVENTS = (
    Happening(NOW - 6, "Ship", "scheduled"),
    Happening(NOW - 5, "Ship", "failed: OSError: no van"),
)


def drawn(
    rows: tuple[Row, ...] = ROWS,
    *,
    width: int = 100,
    height: int | None = None,
    now: float = NOW,
    plain: bool = False,
    events: tuple[Happening, ...] = EVENTS,
    **members: Any,
) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    scene = Scene(status(**members), rows, events, NOW - 65)
    with console.capture() as captured:
        console.print(draw(scene, Frame(now, width, height, plain)))
    return captured.get()


def line_of(text: str, part: str) -> str:
    return next(line for line in text.splitlines() if part in line)


def test_the_head_says_what_it_is_and_for_how_long() -> None:
    first, second, *_ = drawn().splitlines()

    assert first == "order-1"
    assert second.startswith("Order 1.0 · RUNNING · since ")
    assert second.endswith("(1 min 5 s)")


def test_each_state_has_a_sign_and_a_time() -> None:
    text = drawn()

    assert line_of(text, "Pay").split() == ["✓", "Pay", "2.0", "s"]
    assert line_of(text, "Tell").split() == ["·", "Tell"]
    assert "1 of 3 steps" in text
    assert "failed: OSError: no van" in text


def test_time_and_spinner_go_on_without_news() -> None:
    before, after = drawn(), drawn(now=NOW + 3.125)

    assert "5.0 s" in line_of(before, "Ship  ")
    assert "8.1 s" in line_of(after, "Ship  ")
    assert line_of(before, "Ship  ")[0] != line_of(after, "Ship  ")[0]


@pytest.mark.parametrize(
    ("row", "note"),
    [
        (
            Row("A", outcome="retrying", attempts=2, retry_at=NOW + 4, error="OSError: no"),
            "↻ A attempt 2 in 4 s · OSError: no",
        ),
        (Row("A", outcome="retrying", attempts=3, retry_at=NOW - 1), "↻ A attempt 3 now"),
        (Row("A", outcome="waiting", awaits="signal GO"), "◷ A signal GO"),
        (
            Row("A", outcome="waiting", awaits="task token", until=NOW + 90),
            "◷ A task token, 1 min 30 s left",
        ),
        (Row("A", outcome="waiting", until=NOW + 7_200), "◷ A 2 h left"),
        (Row("A", outcome="undone"), "↶ A undone"),
        (
            Row("A", outcome="undoing", attempts=2, retry_at=NOW + 1),
            "⠋ A undoing, attempt 2 in 1 s",
        ),
        (Row("A", outcome="failed", attempts=3, error="OSError"), "✗ A 3 attempts · OSError"),
        (Row("A", outcome="caught", error="Declined"), "! A caught · Declined"),
        (
            Row("A", outcome="running", items={"done": 5, "open": 2, "failed": 1}),
            "⠋ A 5 done, 2 open, 1 failed",
        ),
        (Row("A", outcome="succeeded", items={"done": 0, "open": 0, "failed": 0}), "✓ A no items"),
        (Row("A", outcome="succeeded", visits=3), "✓ A (3 visits)"),
        (Row("A", depth=1, branch=0, outcome="canceled"), "■ [0] A canceled"),
        (Row("A", outcome="strange"), "• A"),
    ],
)
def test_what_is_said_of_a_state(row: Row, note: str) -> None:
    assert " ".join(line_of(drawn((row,), events=(), step="A"), "A").split()) == note


def test_what_it_waits_for_stands_above() -> None:
    waits = [
        {"signal": "GO", "path": "Ok", "until": NOW + 30},
        *[{"token": "t", "path": f"Each[{i}].Ask", "until": None} for i in range(4)],
    ]

    text = drawn(waits_for=waits)

    assert "Waits for: signal GO at Ok, 30 s left\n" in text
    assert "Waits for: an answer to its task token at Each[0].Ask\n" in text
    assert "Waits for: 2 more ('waiting' lists them)\n" in text


@pytest.mark.parametrize(
    ("members", "line"),
    [
        ({"blocked": "no definition"}, "Blocked: no definition"),
        ({"cancel_requested": True}, "Cancel: requested"),
        ({"previous_run_id": "r-0"}, "Continues run: r-0"),
        ({"failed": [{"path": "Ship", "error": "OSError"}]}, "Needs an operator: Ship: OSError"),
        ({"step": "Compensate", "attempt": 2}, "At: Compensate, attempt 2"),
    ],
)
def test_what_matters_has_a_line_of_its_own(members: dict[str, Any], line: str) -> None:
    assert f"\n{line}\n" in drawn(**members)


def test_without_a_definition_the_status_is_told() -> None:
    text = drawn((), attempt=2, next_retry_at=NOW + 9, last_error="OSError: no")

    assert "At: Ship, attempt 2\nNext try: 9 s\nLast error: OSError: no\n" in text


def test_a_closed_execution_shows_how_it_ended() -> None:
    text = drawn(
        state="FAILED", closed_at=NOW - 5, reason="Ship failed", error="OSError", cause="no van"
    )

    assert "FAILED · after 1 min 0 s" not in text
    assert "FAILED · after 1 min, at " in text
    assert "Reason: Ship failed\nError: OSError\nCause: no van\n" in text
    assert 'Result: {"a": 1}\n' in drawn(state="COMPLETED", closed_at=NOW, result={"a": 1})


@pytest.mark.parametrize("width", [40, 60, 100])
@pytest.mark.parametrize("height", [10, 24, 30])
def test_a_drawing_fits_its_terminal(width: int, height: int) -> None:
    many = tuple(Row(f"State{i}" + "x" * i, outcome="succeeded") for i in range(50))
    rows = (*many, Row("Here", outcome="running", begun=NOW, error="no " * 90), Row("Last"))
    events = tuple(Happening(NOW, f"Step{i}" * 9, "failed: " + "no " * 90) for i in range(9))

    lines = drawn(rows, width=width, height=height, events=events, workflow_id="w" * 200)

    assert all(len(line) <= width for line in lines.splitlines())
    assert "Here" in lines
    assert "more above" in lines
    if height >= 24:
        assert len(lines.splitlines()) <= height


def test_an_end_is_told_whole_and_fits() -> None:
    rows = tuple(Row(f"State{i}", outcome="failed" if i == 9 else "succeeded") for i in range(40))

    text = drawn(rows, width=60, height=24, closed_at=NOW, state="FAILED", reason="why " * 50)

    assert len(text.splitlines()) <= 24
    assert text.count("why") == 50
    assert "State9" in text


def test_a_terminal_with_ascii_only_gets_ascii() -> None:
    rows = tuple(Row("A", outcome=o) for o in ("", "succeeded", "failed", "running", "strange"))

    assert drawn(rows, plain=True, events=(), progress=None, step="A").isascii()


def test_texts_of_others_steer_no_terminal() -> None:
    row = Row("A", outcome="failed", error="\x1b[31mred [bold]")

    assert r"\x1b[31mred [bold]" in drawn((row,), reason="\x1b[2J")
    assert "\x1b" not in drawn((row,), reason="\x1b[2J", closed_at=NOW)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (0.44, "0.4 s"),
        (9.97, "10 s"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (7_265, "2 h 1 min"),
        (90_000, "1 d 1 h"),
        (-1, "0.0 s"),
    ],
)
def test_durations_in_words(seconds: float, text: str) -> None:
    assert lasted(seconds) == text


def test_a_countdown_ends_with_now() -> None:
    assert [countdown(5, now, "in ") for now in (0, 4.2, 5, 6)] == [
        "in 5 s",
        "in 1 s",
        "now",
        "now",
    ]
