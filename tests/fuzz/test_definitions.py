"""Definitions of any bytes, and shipped ones that were spoiled: told what is wrong, at most."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cli
import published
import setup
from activities import database
from tests.asl.test_hostile import places, scalars, words
from tests.fuzz.strategies import BOUNDED, texts, values

SHIPPED = sorted(path.read_text("utf-8") for path in published.FOLDER.glob("*.asl.json"))
COMMANDS = {
    "validate": (),
    "graph": ("--format", "svg"),
    "simulate": ("--definition",),
    "express": ("--virtual", "--definition"),
    "export": (),
}


@st.composite
def spoiled(draw: st.DrawFn) -> bytes:
    """A shipped definition with some members changed, added, renamed or taken away."""
    made = copy.deepcopy(json.loads(draw(st.sampled_from(SHIPPED))))
    for _ in range(draw(st.integers(1, 4))):
        holder, key = draw(st.sampled_from(places(made)))
        how = draw(st.sampled_from(["drop", "add", "rename", "change", "deep"]))
        if how == "drop":
            del holder[key]
        elif how == "deep":
            holder[key] = copy.deepcopy(made) if len(str(made)) < 20_000 else []
        elif how == "change" or not isinstance(holder, dict):
            holder[key] = copy.deepcopy(draw(scalars | values))
        elif how == "add":
            holder[draw(words)] = copy.deepcopy(draw(scalars))
        else:
            holder[draw(words)] = holder.pop(key)
    return json.dumps(made).encode()


DOCUMENTS = spoiled() | st.binary(max_size=200) | texts.map(lambda t: t.encode("utf-8", "replace"))


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SWF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("LOG_LEVEL", "ERROR")
    yield
    database.close()


@pytest.mark.parametrize("command", COMMANDS)
@settings(BOUNDED, max_examples=60)
@given(content=DOCUMENTS, ending=st.sampled_from(["json", "yaml"]), given=st.none() | values)
def test_a_definition_is_taken_or_refused(  # noqa: PLR0917 - fixtures, and what is drawn
    command: str,
    content: bytes,
    ending: str,
    given: Any,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / f"any.{ending}"
    path.write_bytes(content)
    line = [command, *COMMANDS[command], str(path)]
    if command == "express" and given is not None:
        line += [f"--input={json.dumps(given)}"]
    code = cli.main(line)
    told = capsys.readouterr()
    assert code in (0, 1, 2)
    assert "Traceback" not in told.out + told.err
    assert "a fault of this program" not in told.out + told.err
    assert told.err if code == 2 else told.out + told.err
    assert path.read_bytes() == content


@settings(BOUNDED, max_examples=60)
@given(content=DOCUMENTS)
def test_of_a_published_file_that_was_spoiled_nothing_is_registered(
    content: bytes,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "definitions"
    folder.mkdir(exist_ok=True)
    (folder / "Spoiled@1.asl.json").write_bytes(content)
    monkeypatch.setattr(published, "FOLDER", folder)
    registered: list[Any] = []
    monkeypatch.setattr(setup, "register", lambda *given, **_: registered.append(given) or ())
    code = setup.main(["--json"])
    told = capsys.readouterr()
    assert code in (0, 2)
    assert "Traceback" not in told.out + told.err
    assert bool(registered) is (code == 0)
