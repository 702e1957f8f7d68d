"""Reading JSON and times from the command line."""

from __future__ import annotations

import io
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from cli.parsing import json_from, moment, read_text
from errors import InvalidInputError


def test_json_comes_from_a_file_standard_input_or_the_argument(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "order.json"
    path.write_text('{"order_id": "Ü"}', encoding="utf-8")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"[1, 2]")))

    assert json_from(str(path)) == {"order_id": "Ü"}
    assert json_from("-") == [1, 2]
    assert json_from(' {"a": 1}') == {"a": 1}


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "order.json"
    path.write_bytes(b'\xef\xbb\xbf{"a": 1}')

    assert json_from(str(path)) == {"a": 1}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "line 1, column 2"),
        (b"", "not JSON"),
        (b'{"a": NaN}', "NaN is not a JSON number"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[" * 100_000, "not JSON"),
    ],
)
def test_what_is_not_json_is_said_in_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "order.json"
    path.write_bytes(content)

    with pytest.raises(InvalidInputError, match=message) as raised:
        json_from(str(path))
    assert "\n" not in str(raised.value)


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"missing\.json does not exist"):
        read_text("missing.json")
    with pytest.raises(InvalidInputError, match="cannot be read"):
        read_text(str(tmp_path))


@pytest.mark.parametrize(
    ("text", "ago"), [("90s", 90), ("15m", 900), ("24h", 86_400), ("7d", 604_800)]
)
def test_times_ago(text: str, ago: int) -> None:
    expected = datetime.now(timezone.utc) - timedelta(seconds=ago)

    assert abs(moment(text) - expected) < timedelta(minutes=1)


@pytest.mark.parametrize(
    "text", ["2026-01-31", "2026-01-31T08:30", "2026-01-31T08:30:00Z", "2026-01-31 08:30:00+02:00"]
)
def test_times_as_dates_carry_a_zone(text: str) -> None:
    found = moment(text)

    assert found.tzinfo is not None
    assert (found.year, found.month) == (2026, 1)


@pytest.mark.parametrize("text", ["yesterday", "", "24", "-1h", "2026-13-01", "999999d"])
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="write 90m"):
        moment(text)
