"""How log lines look: structlog over the standard library's logging, to standard error.

`get(name)` gives a logger at any time and configures nothing; a process's entry point calls
`configure(settings)` once.  The event text is the record's message, word for word, so that
`record.getMessage()` and pytest's caplog show exactly it; the fields beside it are in
`record.fields` and are rendered after it.  What `bound(...)` binds around a task stands on every
line that is written meanwhile, lines of other libraries' loggers too:

    2026-11-21T05:32:01.123Z INFO Executing: ValidateInput workflow_id=workflow-1 attempt=1
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TextIO, cast

import structlog

from config import Settings

QUIET = ("asyncio", "boto3", "botocore", "sqlalchemy", "urllib3")
"""Libraries whose own lines appear from WARNING on, whatever LOG_LEVEL says."""


def get(name: str) -> structlog.stdlib.BoundLogger:
    """A logger for one module or component; `log.info("text", field=value)`, `log.bind(...)`."""
    logger = structlog.wrap_logger(
        logging.getLogger(name),
        processors=[
            structlog.stdlib.filter_by_level,
            _with_bound,
            _to_record,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    return cast("structlog.stdlib.BoundLogger", logger)


@contextmanager
def bound(**fields: Any) -> Iterator[None]:
    """Have these fields on every line of this thread while the context lasts, in this order."""
    token = _bound.set({**_bound.get(), **fields})
    try:
        yield
    finally:
        _bound.reset(token)


# structlog's own context variables are one for each field, and come in no order.
_bound: ContextVar[Mapping[str, Any]] = ContextVar("bound", default=MappingProxyType({}))


def configure(settings: Settings) -> None:
    """Send this process's log to standard error, as LOG_LEVEL and LOG_FORMAT say.

    Called again it replaces what it set up before; handlers of others stay.
    """
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _Stderr)]:
        root.removeHandler(handler)
    handler = _Stderr()
    handler.setFormatter(JsonLines() if settings.log_format == "json" else ConsoleLines())
    root.addHandler(handler)
    root.setLevel(settings.log_level)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


if TYPE_CHECKING:
    _StreamHandler = logging.StreamHandler[TextIO]
else:
    _StreamHandler = logging.StreamHandler  # Python 3.10 cannot subscript it


class ConsoleLines(logging.Formatter):
    """One line: time, level, text, `key=value` for each field; then a trace, if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The line for `record`."""
        parts = [_time(record), record.levelname, _one_line(record.getMessage())]
        parts.extend(f"{name}={_shown(value)}" for name, value in _fields(record).items())
        trace = _trace(self, record)
        return " ".join(parts) + (f"\n{trace}" if trace else "")


class JsonLines(logging.Formatter):
    """One JSON object a line: `time`, `level`, `logger`, `event`, the fields, `trace`."""

    def format(self, record: logging.LogRecord) -> str:
        """The line for `record`."""
        line = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        line.update((name, value) for name, value in _fields(record).items() if name not in line)
        trace = _trace(self, record)
        if trace:
            line["trace"] = trace
        return json.dumps(line, ensure_ascii=False, default=str)


class _Stderr(_StreamHandler):
    """Writes to whatever `sys.stderr` is now, which tests and terminals replace."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:
        return sys.stderr

    @stream.setter
    def stream(self, _: TextIO) -> None:
        """Always standard error."""


def _with_bound(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    return {**_bound.get(), **event}


def _to_record(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """The last processor: text as the message, the rest under one name that clashes with none."""
    names = ("exc_info", "stack_info", "stacklevel")
    kept = {"stacklevel": _CALLER, **{name: event.pop(name) for name in names if name in event}}
    return {"msg": event.pop("event"), "extra": {"fields": dict(event)}, **kept}


_CALLER = 4  # frames from structlog's call of logging up to the line that logs


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    fields = getattr(record, "fields", None)
    return fields if isinstance(fields, dict) else dict(_bound.get())


def _time(record: logging.LogRecord) -> str:
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return f"{seconds}.{int(record.msecs):03d}Z"


def _trace(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    return formatter.formatException(record.exc_info) if record.exc_info else ""


def _one_line(text: str) -> str:
    """`text` without line breaks: what an activity's error says must not forge a log line."""
    return text if text.isprintable() else "".join(map(_escaped, text))


def _escaped(character: str) -> str:
    return character if character.isprintable() else ascii(character)[1:-1]


def _shown(value: Any) -> str:
    text = str(value)
    plain = text.isprintable() and text and not set(text) & {" ", '"', "="}
    return text if plain else json.dumps(text, ensure_ascii=not text.isprintable())
