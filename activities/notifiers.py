"""Where notifications go: an outbox file, an SNS topic or a webhook (`NOTIFIER`).

`send(key, message)` may be called again with the same key after a crash or a lost answer.
The outbox takes each key once; the services are handed the key to do the same.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import threading
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import IO, Any, Protocol

import urllib3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from filelock import FileLock

from activities.services import clients
from config import Settings
from errors import ConfigurationError, NonRetryableError, NotificationError
from wire import Json

CONNECT_SECONDS = 5
READ_SECONDS = 20
PASSING_STATUSES = frozenset({408, 409, 425, 429})
"""HTTP answers below 500 after which trying again may help."""


class Notifier(Protocol):
    """Somewhere to send a notification."""

    @property
    def channel(self) -> str:
        """What the activity's result calls it."""

    def send(self, key: str, message: Json) -> None:
        """Deliver a JSON message; the same key is the same message again."""


@functools.lru_cache(maxsize=16)
def chosen(settings: Settings) -> Notifier:
    """The notifier of these settings, shared by threads."""
    target = settings.notifier_target
    if settings.notifier == "sns":
        return SnsTopic(_required(target, "the ARN of an SNS topic"), settings)
    if settings.notifier == "webhook":
        return Webhook(_required(target, "the URL of a webhook"))
    path = Path(target).expanduser() if target else Path("outbox.jsonl")
    seconds = settings.outbox_retention
    kept = None if seconds == "NONE" else timedelta(seconds=int(seconds))
    return Outbox(settings.data_dir / path, kept)


def _required(target: str, what: str) -> str:
    if not target:
        raise ConfigurationError(f"NOTIFIER_TARGET is empty; it must be {what}")
    return target


class Outbox:
    """A file with one JSON line for each key: `{"at": TIME, "key": KEY, "message": {...}}`.

    The line itself is the mark that the key was sent, so there is no moment between sending
    and marking.  Writers take turns by a lock file, first read what others appended
    since, and cut off a line that a crash left half written.

    Once its first line is older than `kept`, the file becomes `NAME.1` and a new one begins;
    the `NAME.1` before it goes.  So every line is there for that long at least, twice as long at
    most, and its key as well.
    """

    channel = "outbox"

    def __init__(
        self,
        path: Path,
        kept: timedelta | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
    ) -> None:
        """`kept` None keeps everything."""
        self.path = path
        self.earlier = Path(f"{path}.1")
        self._kept, self._now = kept, now
        self._turn = threading.Lock()
        self._lock = FileLock(f"{path}.lock", thread_local=False)
        self._first = b""  # line, by which a file is told from another
        self._begun: datetime | None = None
        self._seen = 0  # bytes
        self._keys: set[str] = set()

    def send(self, key: str, message: Json) -> None:
        """Append the line, on disk when this returns, unless the key has one."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._turn, self._lock:
            if self._is_over():
                with contextlib.suppress(PermissionError):  # Windows, while somebody reads it
                    self.path.replace(self.earlier)
            with self.path.open("a+b") as file:
                self._catch_up(file)
                if key not in self._keys:
                    self._append(file, key, message)

    def _is_over(self) -> bool:
        """Whether the file began too long ago; its lines are then known."""
        if self._kept is None:
            return False
        with self.path.open("a+b") as file:
            self._catch_up(file)
        return self._begun is not None and self._now() - self._begun > self._kept

    def _catch_up(self, file: IO[bytes]) -> None:
        """Learn the keys of lines not seen yet; begin anew when the file is another one."""
        file.seek(0)
        first = file.readline()
        if first != self._first or file.seek(0, os.SEEK_END) < self._seen:
            self._first, self._begun, self._seen = first, None, 0
            self._keys = self._keys_before()
        file.seek(self._seen)
        for line in file:
            if not line.endswith(b"\n"):
                file.truncate(self._seen)
                break
            self._seen += len(line)
            self._keys.add(_key_of(line))
            self._begun = self._begun or _time_of(line)

    def _keys_before(self) -> set[str]:
        try:
            with self.earlier.open("rb") as file:
                return {_key_of(line) for line in file}
        except FileNotFoundError:
            return set()

    def _append(self, file: IO[bytes], key: str, message: Json) -> None:
        at = self._now()
        entry = {"at": at.isoformat(timespec="seconds"), "key": key, "message": message}
        line = encoded(entry) + b"\n"
        file.write(line)
        file.flush()
        os.fsync(file.fileno())
        self._seen += len(line)
        self._keys.add(key)
        self._begun = self._begun or at


class SnsTopic:
    """An SNS topic; a FIFO topic drops a repeated key for five minutes, a standard one cannot."""

    channel = "sns"

    def __init__(self, arn: str, settings: Settings) -> None:
        self.arn = arn
        self._client: Any = clients.made(
            "sns",
            settings,
            _region(arn) or settings.aws_region,
            Config(connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS),
        )

    def send(self, key: str, message: Json) -> None:
        """Publish; the key is an attribute, and on a FIFO topic the deduplication id."""
        fifo = self.arn.endswith(".fifo")
        once = {"MessageDeduplicationId": key, "MessageGroupId": key} if fifo else {}
        attributes = {"idempotency_key": {"DataType": "String", "StringValue": key}}
        try:
            self._client.publish(
                TopicArn=self.arn,
                Message=encoded(message).decode(),
                MessageAttributes=attributes,
                **once,
            )
        except (BotoCoreError, ClientError) as error:
            raise NotificationError(f"SNS did not take the notification: {error}") from error


class Webhook:
    """A URL that gets a POST with the message as JSON and the key as `Idempotency-Key`."""

    channel = "webhook"

    def __init__(self, url: str) -> None:
        self.url = url
        timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
        self._pool = urllib3.PoolManager(timeout=timeout, retries=False)

    def send(self, key: str, message: Json) -> None:
        """Post; an answer of 2xx is delivery, other 4xx than a passing one is not retried."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        try:
            answer = self._pool.request("POST", self.url, body=encoded(message), headers=headers)
        except urllib3.exceptions.HTTPError as error:
            raise NotificationError(f"the webhook cannot be reached: {error}") from error
        if 200 <= answer.status < 300:
            return
        problem = f"the webhook answered {answer.status}"
        if answer.status < 500 and answer.status not in PASSING_STATUSES:
            raise NonRetryableError(problem)
        raise NotificationError(problem)


def encoded(value: Json) -> bytes:
    """Readable JSON on one line; a lone surrogate becomes the JSON escape for it."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace")


def _key_of(line: bytes) -> str:
    try:
        return str(json.loads(line)["key"])
    except (ValueError, KeyError, TypeError):
        return ""  # somebody else's line


def _time_of(line: bytes) -> datetime | None:
    try:
        found = datetime.fromisoformat(json.loads(line)["at"])
    except (ValueError, KeyError, TypeError):
        return None  # somebody else's line, or one of an earlier release
    return found if found.tzinfo else None


def _region(arn: str) -> str:
    parts = arn.split(":")
    return parts[3] if len(parts) > 3 else ""
