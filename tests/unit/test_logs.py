"""Log lines: the text word for word, the fields beside it."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator

import pytest

import config
import logs

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


@pytest.fixture(autouse=True)
def _untouched() -> Iterator[None]:
    """Put the root logger back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    quiet = {name: logging.getLogger(name).level for name in logs.QUIET}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in quiet.items():
        logging.getLogger(name).setLevel(before)


def configured(**settings: str) -> None:
    logs.configure(config.load(settings))


def test_the_text_is_the_records_message_and_the_fields_lie_beside_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    logs.get("worker").bind(workflow_id="w").info("Executing: ValidateInput", attempt=1, name="n")
    (record,) = caplog.records
    assert record.getMessage() == "Executing: ValidateInput"
    assert (record.name, record.filename) == ("worker", "test_logs.py")
    assert vars(record)["fields"] == {"workflow_id": "w", "attempt": 1, "name": "n"}
    assert "Executing: ValidateInput" in caplog.text


def test_percent_signs_in_texts_are_texts(caplog: pytest.LogCaptureFixture) -> None:
    logs.get("worker").warning("100 %s %d done")
    assert caplog.records[0].getMessage() == "100 %s %d done"


def test_a_logger_alone_configures_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # whatever other tests left there
    logs.get("worker").info("nobody listens")
    assert logging.getLogger().handlers == []
    assert capsys.readouterr() == ("", "")


class TestConsole:
    def lines(self, capsys: pytest.CaptureFixture[str]) -> list[str]:
        captured = capsys.readouterr()
        assert captured.out == ""
        return captured.err.splitlines()

    def test_time_level_text_fields(self, capsys: pytest.CaptureFixture[str]) -> None:
        configured()
        logs.get("worker").info("Executing: X", workflow_id="w-1", note="two words", empty="")
        (line,) = self.lines(capsys)
        time, rest = line.split(" ", 1)
        assert re.fullmatch(TIME, time)
        assert rest == 'INFO Executing: X workflow_id=w-1 note="two words" empty=""'

    def test_a_text_cannot_forge_a_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        configured()
        logs.get("worker").info("failed: a\nFAKE \x1b[31m", reason="b\nFAKE")
        (line,) = self.lines(capsys)
        assert r"a\nFAKE \x1b[31m" in line
        assert r'reason="b\nFAKE"' in line

    def test_the_level_is_log_levels(self, capsys: pytest.CaptureFixture[str]) -> None:
        configured(LOG_LEVEL="WARNING")
        logs.get("worker").info("hidden")
        logs.get("worker").warning("shown")
        (line,) = self.lines(capsys)
        assert line.endswith("WARNING shown")

    def test_libraries_stay_quiet(self, capsys: pytest.CaptureFixture[str]) -> None:
        configured(LOG_LEVEL="DEBUG")
        for name in logs.QUIET:
            logging.getLogger(f"{name}.part").info("noise")
        logging.getLogger("botocore").warning("matters")
        (line,) = self.lines(capsys)
        assert line.endswith("WARNING matters")

    def test_an_exception_comes_with_its_trace(self, capsys: pytest.CaptureFixture[str]) -> None:
        configured()
        try:
            int("odd")
        except ValueError:
            logs.get("worker").exception("It broke", step="X")
        first, *trace = self.lines(capsys)
        assert first.endswith("ERROR It broke step=X")
        assert trace[-1].startswith("ValueError: ")

    def test_configured_twice_writes_once(self, capsys: pytest.CaptureFixture[str]) -> None:
        configured()
        configured()
        logs.get("worker").info("once")
        assert len(self.lines(capsys)) == 1


def test_json_lines_hold_text_and_fields(capsys: pytest.CaptureFixture[str]) -> None:
    configured(LOG_FORMAT="json")
    logs.get("worker").info("Executing: Ação", workflow_id="w", time="mine", what=object)
    line = json.loads(capsys.readouterr().err)
    assert line["event"] == "Executing: Ação"
    assert line["level"] == "info"
    assert line["logger"] == "worker"
    assert line["workflow_id"] == "w"
    assert line["time"] != "mine"
