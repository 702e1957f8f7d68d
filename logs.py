"""How log lines look: structlog over the standard library's logging, to standard error.

`get(name)` gives a logger at any time and configures nothing; a process's entry point calls
`configure(settings)` once.  The event text is the record's message, word for word, so that
`record.getMessage()` and pytest's caplog show exactly it; the fields beside it are in
`record.fields` and are rendered after it.  What `bound(...)` binds around a task stands on every
line that is written meanwhile, lines of other libraries' loggers too:

    2026-11-21T05:32:01.123Z INFO Executing: ValidateInput workflow_id=workflow-1 attempt=1

Secrets are taken out of texts, fields and traces (`redaction`), unless `REDACT=off`.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any, TextIO, cast

import structlog

import redaction
from config import Settings, exposure

QUIET = ("asyncio", "boto3", "botocore", "sqlalchemy", "urllib3")
"""Libraries whose own lines appear from WARNING on, whatever LOG_LEVEL says."""

SELDOM = "botocore.credentials"
"""Warns at every call, with a trace, while credentials cannot be refreshed."""
SELDOM_SECONDS = 300.0

ATTEMPTS = ("swf_client", SELDOM)
"""Who speaks of calls that fail and are made again."""


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

    Called again it replaces what it set up before; handlers of others stay.  From then on what
    ends the process or a thread unexpectedly is shown without secrets too.
    """
    redaction.use(redaction.Redactor(settings.redact_keys, on=settings.redact == "on"))
    _hook_traces()
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _Stderr)]:
        root.removeHandler(handler)
    handler = _Stderr()
    handler.setFormatter(JsonLines() if settings.log_format == "json" else ConsoleLines())
    root.addHandler(handler)
    root.setLevel(settings.log_level)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    seldom = logging.getLogger(SELDOM)
    if not any(isinstance(known, _Seldom) for known in seldom.filters):
        seldom.addFilter(_Seldom())


class _Seldom(logging.Filter):
    """Lets a line through now and then, with what went wrong instead of the trace."""

    def __init__(self) -> None:
        super().__init__()
        self._last = float("-inf")

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        now = time.monotonic()
        if now - self._last < SELDOM_SECONDS:
            return False
        self._last = now
        if record.exc_info and record.exc_info[1] is not None:
            record.msg, record.args = f"{record.getMessage()} {record.exc_info[1]}", ()
        record.exc_info = None
        return True


if TYPE_CHECKING:
    _StreamHandler = logging.StreamHandler[TextIO]
else:
    _StreamHandler = logging.StreamHandler  # Python 3.10 cannot subscript it


@contextmanager
def hushed() -> Iterator[None]:
    """Leave out what is said of calls that are tried again: one line tells how it ended."""
    before = {name: logging.getLogger(name).level for name in ATTEMPTS}
    try:
        for name in ATTEMPTS:
            logging.getLogger(name).setLevel(logging.ERROR)
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


def warn_of_exposure(env_file: str | None = None) -> None:
    """Say so where others can read the settings file and it holds secrets."""
    told = exposure(env_file)
    if told:
        get("config").warning(told)


class ConsoleLines(logging.Formatter):
    """One line: time, level, text, `key=value` for each field; then a trace, if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The line for `record`."""
        parts = [_time(record), record.levelname, _one_line(_text(record))]
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
            "event": _text(record),
        }
        line.update((name, value) for name, value in _fields(record).items() if name not in line)
        trace = _trace(self, record)
        if trace:
            line["trace"] = trace
        return json.dumps(line, ensure_ascii=False, default=redaction.text)


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
    text, judge = event.pop("event"), redaction.current()
    fields = {
        name: value if name in IDS else judge.field(name, value) for name, value in event.items()
    }
    return {"msg": _redacted(str(text), event), "extra": {"fields": fields}, **kept}


IDS = ("workflow_id", "run_id", "previous_run_id", "activity_id", "request_id")
"""Fields that are never secret, and by which lines are looked for: they stay whole."""


def _redacted(text: str, fields: Mapping[str, Any]) -> str:
    """A line's text without secrets; an id that looks like one (all digits, say) stays."""
    judge = redaction.current()
    for name in IDS:
        own = fields.get(name)
        if isinstance(own, str) and own and own in text and judge.text(own) != own:
            rest = {key: value for key, value in fields.items() if key != name}
            return own.join(_redacted(part, rest) for part in text.split(own))
    return judge.text(text)


_CALLER = 4  # frames from structlog's call of logging up to the line that logs


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    fields = getattr(record, "fields", None)
    return fields if isinstance(fields, dict) else dict(_bound.get())


def _text(record: logging.LogRecord) -> str:
    """The record's message; ours has lost its secrets where it was made, before any handler."""
    text = record.getMessage()
    return text if isinstance(getattr(record, "fields", None), dict) else redaction.text(text)


def _time(record: logging.LogRecord) -> str:
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return f"{seconds}.{int(record.msecs):03d}Z"


def _trace(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    return redaction.text(formatter.formatException(record.exc_info)) if record.exc_info else ""


def _hook_traces() -> None:
    """Take secrets out of what Python prints of exceptions that nobody has caught."""
    if sys.excepthook is sys.__excepthook__:
        sys.excepthook = _show_trace
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = _show_threads_trace


def _show_trace(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    sys.stderr.write(redaction.text("".join(traceback.format_exception(kind, error, trace))))


def _show_threads_trace(told: threading.ExceptHookArgs) -> None:
    if told.exc_type is SystemExit or told.exc_value is None:
        return
    name = told.thread.name if told.thread else "unknown"
    sys.stderr.write(f"Exception in thread {name}:\n")
    _show_trace(told.exc_type, told.exc_value, told.exc_traceback)


def _one_line(text: str) -> str:
    """`text` without line breaks: what an activity's error says must not forge a log line."""
    return text if text.isprintable() else "".join(map(_escaped, text))


def _escaped(character: str) -> str:
    return character if character.isprintable() else ascii(character)[1:-1]


def _shown(value: Any) -> str:
    text = str(value) if isinstance(value, (str, int, float)) else redaction.text(value)
    plain = text.isprintable() and text and not set(text) & {" ", '"', "="}
    return text if plain else json.dumps(text, ensure_ascii=not text.isprintable())
