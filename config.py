"""The settings of every process: environment over `.env` over defaults, validated once.

`config.settings()` gives one frozen `Settings`; each setting is also a module attribute
under its environment name (`config.SWF_DOMAIN`).  Durations that SWF takes are seconds as
strings, the way SWF wants them.  A wrong value raises `ConfigurationError`, which names the
variable, the value and what is allowed.
"""

from __future__ import annotations

import base64
import os
import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dotenv import dotenv_values

from errors import ConfigurationError

_CODE = Path(__file__).resolve().parent
HOME = Path.cwd() if "site-packages" in _CODE.parts else _CODE
"""Where local data and `.env` are: the project's folder; of an installed copy, the current one."""
YEAR_SECONDS = 31_536_000  # SWF's longest timeout
HEARTBEAT_INTERVAL_SECONDS = 10  # how often an activity worker tells SWF that it lives
HEARTBEAT_MISSES = 3  # a heartbeat timeout under this many intervals cannot be kept

Parser = Callable[[str], Any]


def _setting(
    name: str, default: str, parse: Parser, *older_names: str, secret: bool = False
) -> Any:
    about = {
        "name": name,
        "default": default,
        "parse": parse,
        "older": older_names,
        "secret": secret,
    }
    return field(metadata=about, repr=not secret)


def _text(value: str) -> str:
    if not value:
        raise ValueError("text that is not empty")
    return value


def _anything(value: str) -> str:
    return value


def _swf_name(value: str) -> str:
    """Names of domains and task lists: SWF forbids a few characters and the word arn."""
    forbidden = set(":/|") & set(value)
    controls = any(ord(c) < 0x20 or 0x7F <= ord(c) <= 0x9F for c in value)
    if not 1 <= len(value) <= 256 or forbidden or controls or value == "arn":
        raise ValueError("1 to 256 characters without : / | or control characters, and not 'arn'")
    return value


def _version(value: str) -> str:
    if len(value) > 64:
        raise ValueError("at most 64 characters without : / |")
    return _swf_name(value)


def _seconds(value: str) -> str:
    if not (value.isascii() and value.isdigit()) or not 1 <= int(value) <= YEAR_SECONDS:
        raise ValueError(f"whole seconds from 1 to {YEAR_SECONDS}")
    return str(int(value))


def _seconds_or_none(value: str) -> str:
    if value == "NONE":
        return value
    try:
        return _seconds(value)
    except ValueError as error:
        raise ValueError(f"{error}, or NONE") from None


def _heartbeat(value: str) -> str:
    least = HEARTBEAT_INTERVAL_SECONDS * HEARTBEAT_MISSES
    seconds = _seconds_or_none(value)
    if seconds != "NONE" and int(seconds) < least:
        raise ValueError(
            f"at least {least} seconds ({HEARTBEAT_MISSES} of the worker's heartbeats), or NONE"
        )
    return seconds


def _whole_number(least: int, most: int) -> Parser:
    def parse(value: str) -> int:
        if not (value.isascii() and value.isdigit()) or not least <= int(value) <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return int(value)

    return parse


def _rate(value: str) -> float:
    try:
        rate = float(value)
    except ValueError:
        rate = 0.0
    if not 1.0 <= rate <= 100.0:
        raise ValueError("a number from 1.0 to 100.0")
    return rate


def _one_of(*allowed: str) -> Parser:
    def parse(value: str) -> str:
        for candidate in allowed:
            if candidate.lower() == value.lower():
                return candidate
        raise ValueError("one of " + ", ".join(allowed))

    return parse


def _endpoint(value: str) -> str:
    if value.lower() in ("local", "aws"):
        return value.lower()
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("local, aws, or a URL such as http://127.0.0.1:8080")
    return value.rstrip("/")


def port(value: str) -> str:
    """`PORT` or `HOST:PORT`; empty for none.  `ValueError` says what is allowed."""
    host, _, number = value.rpartition(":")
    wrong = not (number.isascii() and number.isdigit()) or int(number) > 65_535
    if value and (wrong or (":" in value and not host)):
        raise ValueError("PORT or HOST:PORT, ports from 0 (any that is free) to 65535")
    return value


def _folder(value: str) -> Path:
    path = Path(_text(value)).expanduser()
    return path if path.is_absolute() else HOME / path


def _store(value: str) -> str:
    """A folder or `s3://BUCKET/PREFIX`; empty is for the engine to say."""
    if not value:
        return ""
    if "://" not in value:
        return str(_folder(value))
    found = _S3.fullmatch(value)
    if found is None:
        raise ValueError("a folder, or s3://BUCKET/PREFIX")
    return value.rstrip("/")


_S3 = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^\s]*)?")


def _names(value: str) -> tuple[str, ...]:
    """Names by commas; each needs a letter or digit."""
    names = tuple(filter(None, (part.strip() for part in value.split(","))))
    if not all(any(map(str.isalnum, name)) for name in names):
        raise ValueError("names by commas, such as iban,customer_tax_id")
    return names


def _keys(value: str) -> tuple[tuple[str, bytes], ...]:
    """`ID:BASE64,ID:BASE64`: keys of 32 bytes under different ids."""
    keys: dict[str, bytes] = {}
    for item in filter(None, (part.strip() for part in value.split(","))):
        name, _, text = item.partition(":")
        key = _key_bytes(text)
        if not _KEY_ID.fullmatch(name) or len(key) != KEY_BYTES or name in keys:
            raise ValueError(
                "ID:KEY,ID:KEY with different ids (1 to 32 letters, digits, . _ -) and keys of "
                f"{KEY_BYTES} random bytes in base64"
            )
        keys[name] = key
    return tuple(keys.items())


def _key_bytes(text: str) -> bytes:
    standard = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except ValueError:
        return b""


KEY_BYTES = 32  # AES-256
_KEY_ID = re.compile(r"[A-Za-z0-9._-]{1,32}")


def is_placeholder(value: str | None) -> bool:
    """Whether an AWS key is empty or still the example's text, so that it must not be used."""
    text = (value or "").strip().lower()
    hints = ("your", "<", "xxx", "changeme", "change-me", "change_me", "placeholder", "replace")
    return not text or text.startswith(hints) or "example" in text


def _without_user(url: str) -> str:
    """An address without the user and password that it may hold."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


@dataclass(frozen=True)
class Settings:
    """All settings of one process.  Durations are seconds; SWF's own are strings."""

    aws_access_key_id: str = _setting("AWS_ACCESS_KEY_ID", "", _anything)
    """Access key, where it is written in the settings file; keys of the environment are left to
    boto3's own chain, and placeholders are never used."""
    aws_secret_access_key: str = _setting("AWS_SECRET_ACCESS_KEY", "", _anything, secret=True)
    """The secret of that key."""
    aws_session_token: str = _setting("AWS_SESSION_TOKEN", "", _anything, secret=True)
    """The third part of temporary keys."""
    aws_region: str = _setting("AWS_REGION", "us-east-1", _text, "AWS_DEFAULT_REGION")
    """Region of SWF, and of the AWS services that activities call."""
    swf_domain: str = _setting("SWF_DOMAIN", "business-process-domain", _swf_name)
    """SWF's domain; the same in every process."""
    swf_task_list: str = _setting("SWF_TASK_LIST", "business-process-tasks", _swf_name)
    """The task list that deciders and activity workers poll; the same in every process."""
    swf_endpoint: str = _setting("SWF_ENDPOINT", "local", _endpoint)
    """The engine: the embedded SWF, Amazon's, or one at a URL.  Absent: `aws` where both keys are
    written in the settings file, else `local`.  It beats `AWS_ENDPOINT_URL_SWF`."""
    workflow_version: str = _setting("WORKFLOW_VERSION", "1.0", _version)
    """Version of the process in `process.py`; a new shape needs a new one."""
    activity_start_to_close_timeout: str = _setting(
        "ACTIVITY_START_TO_CLOSE_TIMEOUT", "300", _seconds_or_none, "ACTIVITY_TASK_TIMEOUT"
    )
    """Seconds that one attempt of an activity may take."""
    activity_schedule_to_start_timeout: str = _setting(
        "ACTIVITY_SCHEDULE_TO_START_TIMEOUT", "86400", _seconds_or_none
    )
    """Seconds that an attempt may wait for a worker.  A day: a step waits for its workers to come
    up rather than fail for their absence."""
    activity_schedule_to_close_timeout: str = _setting(
        "ACTIVITY_SCHEDULE_TO_CLOSE_TIMEOUT", "NONE", _seconds_or_none
    )
    """Seconds for both together."""
    activity_heartbeat_timeout: str = _setting("ACTIVITY_HEARTBEAT_TIMEOUT", "60", _heartbeat)
    """Seconds that an activity worker may be silent; it reports every 10."""
    workflow_execution_timeout: str = _setting("WORKFLOW_EXECUTION_TIMEOUT", "2592000", _seconds)
    """Seconds that a run may be open.  Thirty days, as long as SWF keeps closed histories by
    default."""
    decision_task_timeout: str = _setting("DECISION_TASK_TIMEOUT", "30", _seconds_or_none)
    """Seconds that a decider has for one decision task."""
    max_attempts: int = _setting("MAX_ATTEMPTS", "3", _whole_number(1, 1000))
    """Attempts of a step in all."""
    retry_initial_seconds: int = _setting(
        "RETRY_INITIAL_SECONDS", "1", _whole_number(1, YEAR_SECONDS)
    )
    """Seconds before the second attempt."""
    retry_backoff_rate: float = _setting("RETRY_BACKOFF_RATE", "2.0", _rate)
    """By what the wait grows from one attempt to the next."""
    retry_max_seconds: int = _setting("RETRY_MAX_SECONDS", "60", _whole_number(1, YEAR_SECONDS))
    """Seconds that no wait exceeds."""
    log_level: str = _setting(
        "LOG_LEVEL", "INFO", _one_of("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
    )
    """The least level of log lines."""
    log_format: str = _setting("LOG_FORMAT", "console", _one_of("console", "json"))
    """How log lines look: for people, or one JSON object a line."""
    redact: str = _setting("REDACT", "on", _one_of("on", "off"))
    """Whether secrets are taken out of log lines, errors and the reasons of failures."""
    redact_keys: tuple[str, ...] = _setting("REDACT_KEYS", "", _names)
    """Names, by commas, whose values are secret besides those that are known."""
    sensitive_input: str = _setting("SENSITIVE_INPUT", "warn", _one_of("warn", "refuse", "off"))
    """What happens to an input that looks as if it held a card number, a key or a password: a line
    in the log that says where, a refusal, or nothing."""
    data_dir: Path = _setting("DATA_DIR", ".data", _folder)
    """Everything local: the embedded SWF's file, large payloads, the business database."""
    payload_store: str = _setting("PAYLOAD_STORE", "", _store)
    """Where values too large for SWF lie: a folder, or `s3://BUCKET/PREFIX`.  Empty: the folder
    `payloads` in `data_dir`, and on AWS nowhere."""
    payload_keys: tuple[tuple[str, bytes], ...] = _setting("PAYLOAD_KEYS", "", _keys, secret=True)
    """Ids and keys; with any, the first encrypts what SWF and the store get, all decrypt."""
    database_url: str = _setting("DATABASE_URL", "", _anything, secret=True)
    """SQLAlchemy URL of the business database; empty means a SQLite file in `data_dir`."""
    lambda_role: str = _setting("LAMBDA_ROLE", "", _anything)
    """ARN of the role by which SWF invokes the Lambda functions of definitions in States Language.
    Empty: activity workers call the Python functions that stand for them."""
    notifier: str = _setting("NOTIFIER", "outbox", _one_of("outbox", "sns", "webhook"))
    """Where notifications go: a file, an SNS topic, a URL."""
    notifier_target: str = _setting("NOTIFIER_TARGET", "", _anything)
    """SNS topic ARN or webhook URL; for the outbox a file, by default in `data_dir`."""
    outbox_retention: str = _setting("OUTBOX_RETENTION", "2592000", _seconds_or_none)
    """Seconds that the outbox keeps a line at least; twice as long at most.  Thirty days, as long
    as SWF keeps closed histories by default."""
    dashboard_token: str = _setting("DASHBOARD_TOKEN", "", _anything, secret=True)
    """What the page asks for before it shows anything.  Empty: nothing on this machine's loopback,
    and a token that is made at each start where it is bound elsewhere."""

    health_port: str = _setting("HEALTH_PORT", "", port)
    """Where a decider, a worker or the page serves `/healthz` and `/readyz`: `PORT` on this
    machine's loopback, or `HOST:PORT`.  Empty: nowhere."""
    metrics_port: str = _setting("METRICS_PORT", "", port)
    """Where it serves `/metrics` for Prometheus, in the same way; may be the same port.  Needs
    `requirements-telemetry.txt`."""
    metrics_token: str = _setting("METRICS_TOKEN", "", _anything, secret=True)
    """What `/metrics` asks for, as a bearer token, where it is open to other machines."""

    @property
    def engine(self) -> str:
        """One line that says which engine this process uses."""
        if self.swf_endpoint == "aws":
            return f"Amazon SWF in {self.aws_region}, domain {self.swf_domain}"
        if self.swf_endpoint == "local":
            return f"embedded SWF in {self.data_dir}, domain {self.swf_domain}"
        return f"SWF at {_without_user(self.swf_endpoint)}, domain {self.swf_domain}"

    @property
    def payload_dir(self) -> Path:
        """The folder of values too large for SWF, where they are kept in a folder."""
        return Path(self.payload_store) if self.payload_store else self.data_dir / "payloads"

    @property
    def swf_dir(self) -> Path:
        """The embedded SWF's own folder: its database, its state, its log."""
        return self.data_dir / "swf"


def load(env: Mapping[str, str] | None = None, env_file: str | Path | None = None) -> Settings:
    """Read, merge and validate all settings.

    `env_file` (or `ENV_FILE` in the environment) names a file that must exist; without
    either, `.env` of the current folder or else of the project is taken if there is one.
    """
    environment = dict(os.environ if env is None else env)
    written = _read_env_file(env_file or environment.get("ENV_FILE"))
    values: dict[str, Any] = {}
    problems: list[str] = []
    for item in fields(Settings):
        try:
            values[item.name] = _value_of(item.metadata, environment, written)
        except ConfigurationError as error:
            problems.append(str(error))
    if problems:
        raise ConfigurationError("; ".join(problems))
    values.update(_credentials(environment, written))
    if "SWF_ENDPOINT" not in environment and "SWF_ENDPOINT" not in written:
        values["swf_endpoint"] = "aws" if values["aws_access_key_id"] else "local"
    return Settings(**values)


SECRETS = frozenset(item.metadata["name"] for item in fields(Settings) if item.metadata["secret"])


def environment() -> dict[str, str]:
    """What `${NAME}` in definitions stands for: the environment over the settings file.

    Secrets are left out, for definitions and histories are read by many.
    """
    written = _read_env_file(os.environ.get("ENV_FILE"))
    found = {**written, **os.environ}
    return {name: value for name, value in found.items() if name not in SECRETS}


def exposed(env_file: str | Path | None = None) -> Path | None:
    """The settings file, where others can read it and it holds a secret; None otherwise.

    Windows keeps permissions elsewhere, and is not asked.
    """
    if os.name == "nt":
        return None
    named = env_file or os.environ.get("ENV_FILE")
    path = _settings_file(named)
    try:
        if not path.stat().st_mode & OTHERS:
            return None
    except OSError:
        return None
    written = _read_env_file(named)
    return path if any(not is_placeholder(written.get(name)) for name in SECRETS) else None


OTHERS = stat.S_IRGRP | stat.S_IROTH


def exposure(env_file: str | Path | None = None) -> str:
    """What to say where others can read the settings file and it holds secrets; else nothing."""
    path = exposed(env_file)
    if path is None:
        return ""
    return f"The settings file {path} holds secrets and can be read by others: chmod 600 {path}"


def _settings_file(named: str | Path | None) -> Path:
    if named:
        return Path(named).expanduser()
    return next((p for p in (Path(".env"), HOME / ".env") if p.is_file()), Path(".env"))


def _read_env_file(named: str | Path | None) -> dict[str, str]:
    path = _settings_file(named)
    if named and not path.is_file():
        raise ConfigurationError(f"the settings file {path} does not exist")
    try:
        return {name: value for name, value in dotenv_values(path).items() if value is not None}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the settings file {path} cannot be read: {error}") from error


def _value_of(
    metadata: Mapping[str, Any], environment: Mapping[str, str], written: Mapping[str, str]
) -> Any:
    for source in (environment, written):
        for name in (metadata["name"], *metadata["older"]):
            value = source.get(name, "").strip()
            if value:
                return _parsed(name, value, metadata)
    return metadata["parse"](metadata["default"])


def _parsed(name: str, value: str, metadata: Mapping[str, Any]) -> Any:
    try:
        return metadata["parse"](value)
    except ValueError as error:
        said = "not usable" if metadata["secret"] else repr(value)
        raise ConfigurationError(f"{name} is {said}; allowed: {error}") from None


def _credentials(environment: Mapping[str, str], written: Mapping[str, str]) -> dict[str, str]:
    """Keys of the settings file, unless the environment brings its own or they are unusable."""
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    keys = {name.lower(): written.get(name, "").strip() for name in names}
    own = not is_placeholder(environment.get(names[0]))
    if own or is_placeholder(keys["aws_access_key_id"]):
        return dict.fromkeys(keys, "")
    if is_placeholder(keys["aws_secret_access_key"]):
        return dict.fromkeys(keys, "")
    return keys


_current: Settings | None = None


def settings() -> Settings:
    """The settings of this process, read at the first call."""
    global _current
    if _current is None:
        _current = load()
    return _current


def use(chosen: Settings) -> Settings:
    """Make `chosen` the settings of this process (for `--env-file`, and for tests)."""
    global _current
    _current = chosen
    return chosen


_ATTRIBUTES = {item.metadata["name"]: item.name for item in fields(Settings)}
_ATTRIBUTES["ACTIVITY_TASK_TIMEOUT"] = "activity_start_to_close_timeout"


def __getattr__(name: str) -> Any:
    if name in _ATTRIBUTES:
        return getattr(settings(), _ATTRIBUTES[name])
    raise AttributeError(f"module 'config' has no attribute {name!r}")
