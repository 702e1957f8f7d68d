"""The bytes of a text: there and back, under any key that is known, and never silently wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import PayloadError, PayloadKeyError
from payloads import Codec, codec

ROOT = Path(__file__).parents[3]
OLD, NEW, OTHER = ("old", b"o" * 32), ("new", b"n" * 32), ("old", b"x" * 32)
CHAINS = [(), (OLD,), (NEW, OLD)]

texts = st.text(st.characters()) | st.text(max_size=9).map(lambda part: part * 500)
"""Any Unicode, lone surrogates too; and texts long enough to be compressed."""


@given(text=texts, keys=st.sampled_from(CHAINS))
def test_a_text_comes_back(text: str, keys: tuple[codec.Key, ...]) -> None:
    assert Codec(keys).decode(Codec(keys).encode(text), "it") == text


@given(text=texts)
def test_what_the_old_key_sealed_is_read_after_a_new_one_came_first(text: str) -> None:
    assert Codec((NEW, OLD)).decode(Codec((OLD,)).encode(text), "it") == text


@given(text=texts)
def test_and_what_was_stored_before_there_were_keys(text: str) -> None:
    assert Codec((NEW, OLD)).decode(Codec().encode(text), "it") == text


@given(text=texts)
def test_and_what_the_release_before_stored_as_it_was(text: str) -> None:
    assert Codec((NEW,)).decode(text.encode("utf-8", "surrogatepass"), "it") == text


@given(text=texts, data=st.data())
def test_changed_bytes_never_give_another_text(text: str, data: st.DataObject) -> None:
    good = Codec((OLD,)).encode(text)
    at = data.draw(st.integers(1, len(good) - 1))
    bad = bytearray(good)
    bad[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(PayloadError, match="it "):
        Codec((OLD,)).decode(bytes(bad), "it")


@given(text=texts, data=st.data())
def test_nor_do_bytes_cut_short(text: str, data: st.DataObject) -> None:
    good = Codec((OLD,)).encode(text)
    with pytest.raises(PayloadError, match="it "):
        Codec((OLD,)).decode(good[: data.draw(st.integers(1, len(good) - 1))], "it")


def test_another_key_under_the_same_id_is_told() -> None:
    with pytest.raises(PayloadError, match="does not fit the key 'old'"):
        Codec((OTHER,)).decode(Codec((OLD,)).encode("secret"), "it")


@pytest.mark.parametrize("keys", [(), (NEW,)])
def test_a_key_that_is_not_here_is_named(keys: tuple[codec.Key, ...]) -> None:
    with pytest.raises(PayloadKeyError, match=r"'old'.*add it to PAYLOAD_KEYS"):
        Codec(keys).decode(Codec((OLD,)).encode("secret"), "it")


def test_nothing_of_the_text_can_be_read() -> None:
    assert b"secret" not in Codec((OLD,)).encode("secret")
    assert Codec((OLD,)).encode("secret") != Codec((OLD,)).encode("secret")


@pytest.mark.parametrize(("text", "compressed"), [("x" * 1_023, False), ("x" * 1_024, True)])
def test_what_is_worth_it_is_compressed(text: str, compressed: bool) -> None:  # noqa: FBT001
    data = Codec().encode(text)
    assert bool(data[2] & codec.COMPRESSED) is compressed
    assert (len(data) < len(text)) is compressed


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xff", "later release"),
        (b"\xff\x02\x00x", "later release"),
        (b"\xff\x01\x01no zlib", "is damaged"),
        (b"\xff\x01\x00\xff", "is no text"),
        (b"\xfe", "is no text"),
        (Codec().encode("x" * 5_000)[:-5], "cut short"),
    ],
)
def test_what_was_not_written_like_this_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(PayloadError, match=message):
        Codec().decode(data, "it")


def test_a_bomb_stays_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec, "LARGEST_TEXT", 10_000)
    with pytest.raises(PayloadError, match="larger than 10000 bytes"):
        Codec().decode(Codec().encode("x" * 10_001), "it")
    assert Codec().decode(Codec().encode("x" * 10_000), "it") == "x" * 10_000


def test_without_keys_no_process_loads_cryptography() -> None:
    script = (
        "import sys, config, activity_worker, workflow_starter; from swf_client import SwfClient; "
        "SwfClient(config.load({})).payloads.shrink('x'); sys.exit('cryptography' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode == 0
