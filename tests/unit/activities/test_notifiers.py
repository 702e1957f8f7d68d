import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from activities import notifiers
from activities.notifiers import Outbox, SnsTopic, Webhook, chosen
from config import Settings
from errors import ConfigurationError, NonRetryableError, NotificationError
from tests.webhook import webhook as listening_webhook

ROOT = Path(__file__).resolve().parents[3]

SEND = """
import sys
from pathlib import Path
from activities.notifiers import Outbox
outbox = Outbox(Path(sys.argv[1]))
sys.stdin.readline()  # all begin at once
for number in range(100):
    outbox.send(f"key-{number}", {"number": number})
"""


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def keys(path: Path) -> list[str]:
    return [line["key"] for line in lines(path)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "box" / "outbox.jsonl"


# --- the outbox -----------------------------------------------------------------------------


def test_each_key_has_one_line(path: Path) -> None:
    outbox = Outbox(path)
    for key in ("a", "b", "a", "b"):
        outbox.send(key, {"name": "ção \ud800"})
    assert [line["key"] for line in lines(path)] == ["a", "b"]
    assert [line["message"] for line in lines(path)] == [{"name": "ção \ud800"}] * 2


def test_a_process_that_begins_later_knows_what_was_sent(path: Path) -> None:
    Outbox(path).send("a", {})
    second = Outbox(path)
    second.send("a", {})
    second.send("b", {})
    assert keys(path) == ["a", "b"]


def test_two_processes_see_each_others_lines(path: Path) -> None:
    one, other = Outbox(path), Outbox(path)
    for key in ("a", "b", "c"):
        one.send(key, {})
        other.send(key, {})
    assert keys(path) == ["a", "b", "c"]


def test_a_line_cut_short_by_a_crash_is_replaced(path: Path) -> None:
    outbox = Outbox(path)
    outbox.send("a", {})
    with path.open("ab") as file:
        file.write(b'{"key": "b", "mess')
    Outbox(path).send("b", {"whole": True})
    outbox.send("b", {"whole": True})
    assert keys(path) == ["a", "b"]
    assert lines(path)[1]["message"] == {"whole": True}


def test_a_crash_after_the_line_was_written_adds_no_second(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(_: int) -> None:
        raise OSError("power failure")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", crash)
        with pytest.raises(OSError, match="power failure"):
            Outbox(path).send("a", {})
    Outbox(path).send("a", {})
    assert keys(path) == ["a"]


def test_a_file_that_was_moved_away_is_begun_anew(path: Path) -> None:
    outbox = Outbox(path)
    outbox.send("a", {})
    path.rename(path.with_suffix(".old"))
    outbox.send("b", {})
    assert keys(path) == ["b"]
    path.write_text("")
    outbox.send("b", {})
    assert keys(path) == ["b"]


def test_lines_of_others_do_no_harm(path: Path) -> None:
    path.parent.mkdir()
    path.write_text('not JSON\n[1]\n{"key": "a"}\n')
    Outbox(path).send("a", {})
    Outbox(path).send("b", {})
    assert [json.loads(line)["key"] for line in path.read_text().splitlines()[3:]] == ["b"]


class Days:
    """A clock that is moved by hand, and outboxes that go by it and keep lines for ten days."""

    def __init__(self, path: Path) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=timezone.utc)
        self.path = path

    def outbox(self) -> Outbox:
        return Outbox(self.path, timedelta(days=10), lambda: self.now)

    def pass_by(self, days: float) -> None:
        self.now += timedelta(days=days)


@pytest.fixture
def days(path: Path) -> Days:
    return Days(path)


def earlier(path: Path) -> Path:
    return Path(f"{path}.1")


def test_a_line_goes_once_it_is_older_than_lines_are_kept(path: Path, days: Days) -> None:
    outbox = days.outbox()
    outbox.send("a", {})
    days.pass_by(10)
    outbox.send("b", {})
    assert keys(path) == ["a", "b"]
    days.pass_by(1)
    outbox.send("c", {})
    assert (keys(earlier(path)), keys(path)) == (["a", "b"], ["c"])
    days.pass_by(11)
    outbox.send("d", {})
    assert (keys(earlier(path)), keys(path)) == (["c"], ["d"])


def test_the_outbox_does_not_grow_without_end(path: Path, days: Days) -> None:
    outbox = days.outbox()
    for number in range(400):
        days.pass_by(0.5)
        outbox.send(f"key-{number}", {})
    assert len(keys(earlier(path)) + keys(path)) <= 42
    assert len(outbox._keys) <= 42


def test_a_key_counts_as_sent_for_as_long_as_lines_are_kept(path: Path, days: Days) -> None:
    days.outbox().send("first", {})
    days.pass_by(9)
    outbox, other = days.outbox(), days.outbox()
    outbox.send("a", {})
    other.send("a", {})
    days.pass_by(2)  # a new file begins
    outbox.send("b", {})
    for again in (outbox, other, days.outbox()):
        again.send("a", {})
        again.send("b", {})
    assert (keys(earlier(path)), keys(path)) == (["first", "a"], ["b"])


def test_an_outbox_of_an_earlier_release_goes_as_well(path: Path, days: Days) -> None:
    path.parent.mkdir()
    path.write_text('{"key": "old", "message": {}}\n{"key": "odd", "at": "2026-01-01T00:00"}\n')
    outbox = days.outbox()
    outbox.send("a", {})
    days.pass_by(11)
    outbox.send("old", {})
    outbox.send("b", {})
    assert (keys(earlier(path)), keys(path)) == (["old", "odd", "a"], ["b"])


def test_a_file_in_the_place_of_another_is_told_from_it(path: Path, days: Days) -> None:
    """Systems give the number of a file that is gone to the next one."""
    outbox = days.outbox()
    outbox.send("a", {"text": "short"})
    text = path.read_text()
    path.write_text(text.replace('"a"', '"b"') + text.replace('"a"', '"c"'))
    for key in ("a", "b", "c"):
        outbox.send(key, {})
    assert keys(path) == ["b", "c", "a"]


@pytest.mark.parametrize(
    ("retention", "kept"), [("NONE", None), ("86400", timedelta(days=1))], ids=["all", "a day"]
)
def test_the_setting_says_how_long_lines_are_kept(
    settings: Settings, retention: str, kept: timedelta | None
) -> None:
    notifier = chosen(replace(settings, outbox_retention=retention))
    assert isinstance(notifier, Outbox)
    assert notifier._kept == kept


def test_threads_that_race_write_each_key_once(path: Path) -> None:
    outbox = Outbox(path)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: outbox.send(str(number % 20), {}), range(200)))
    assert sorted(keys(path)) == sorted(map(str, range(20)))


def test_processes_that_race_write_each_key_once(path: Path) -> None:
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", SEND, str(path)],
            stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={"PYTHONPATH": str(ROOT), "PATH": ""},
        )
        for _ in range(3)
    ]  # fmt: skip
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("\n")
        racer.stdin.flush()
    for racer in racers:
        assert racer.communicate()[1] == ""
    assert sorted(keys(path)) == sorted(f"key-{number}" for number in range(100))


# --- the choice -----------------------------------------------------------------------------


def test_the_outbox_lies_in_the_data_folder_unless_named(settings: Settings, path: Path) -> None:
    outbox, named = chosen(settings), chosen(replace(settings, notifier_target=str(path)))
    assert isinstance(outbox, Outbox)
    assert outbox.path == settings.data_dir / "outbox.jsonl"
    assert isinstance(named, Outbox)
    assert named.path == path
    assert chosen(settings) is outbox


@pytest.mark.parametrize("kind", ["sns", "webhook"])
def test_a_service_needs_a_target(settings: Settings, kind: str) -> None:
    with pytest.raises(ConfigurationError, match="NOTIFIER_TARGET"):
        chosen(replace(settings, notifier=kind))


# --- SNS ------------------------------------------------------------------------------------


@pytest.fixture
def keyed(settings: Settings) -> Settings:
    return replace(settings, aws_access_key_id="AKIATEST", aws_secret_access_key="secret")


@pytest.mark.parametrize("name", ["plain", "first-in.fifo"])
def test_sns_gets_the_message_and_the_key(keyed: Settings, name: str) -> None:
    with mock_aws():
        attributes = {"FifoTopic": "true"} if name.endswith(".fifo") else {}
        sns = boto3.client("sns", region_name="eu-west-1")
        arn = sns.create_topic(Name=name, Attributes=attributes)["TopicArn"]
        notifier = chosen(replace(keyed, notifier="sns", notifier_target=arn))
        assert isinstance(notifier, SnsTopic)
        published: list[Any] = []
        notifier._client.meta.events.register(
            "provide-client-params.sns.Publish", lambda params, **_: published.append(params)
        )
        notifier.send("key-1", {"a": "ção"})
    (sent,) = published
    assert json.loads(sent["Message"]) == {"a": "ção"}
    assert sent["MessageAttributes"]["idempotency_key"]["StringValue"] == "key-1"
    assert sent.get("MessageDeduplicationId") == ("key-1" if attributes else None)


def test_a_missing_topic_is_an_error_to_retry(keyed: Settings) -> None:
    with mock_aws(), pytest.raises(NotificationError, match="SNS did not take"):
        SnsTopic("arn:aws:sns:eu-west-1:123456789012:gone", keyed).send("key-1", {})


# --- webhooks -------------------------------------------------------------------------------


@pytest.fixture
def receiver() -> Iterator[Any]:
    with listening_webhook() as listening:
        yield listening


@pytest.fixture
def webhook(receiver: Any) -> Iterator[Webhook]:
    made = Webhook(receiver.url)
    yield made
    made._pool.clear()


def test_a_webhook_gets_the_message_and_the_key(receiver: Any, webhook: Webhook) -> None:
    webhook.send("key-1", {"a": "ção"})
    ((headers, body),) = receiver.requests
    assert headers["Idempotency-Key"] == "key-1"
    assert headers["Content-Type"] == "application/json"
    assert json.loads(body) == {"a": "ção"}


@pytest.mark.parametrize(
    ("status", "error"),
    [(500, NotificationError), (429, NotificationError), (404, NonRetryableError),
     (302, NonRetryableError)],
)  # fmt: skip
def test_what_a_webhook_answers_decides_about_a_retry(
    receiver: Any, webhook: Webhook, status: int, error: type[Exception]
) -> None:
    receiver.status = status
    with pytest.raises(error, match=f"answered {status}"):
        webhook.send("key-1", {})
    assert len(receiver.requests) == 1


def test_a_webhook_that_is_down_is_an_error_to_retry(receiver: Any) -> None:
    receiver.server_close()
    with pytest.raises(NotificationError, match="cannot be reached"):
        Webhook("http://127.0.0.1:1/").send("key-1", {})


def test_messages_are_one_line_of_readable_json() -> None:
    assert notifiers.encoded({"a": "ção\n\ud800"}) == '{"a": "ção\\n\\ud800"}'.encode()
