"""What comes from others: locked with hashes for every system, under licences that are allowed."""

from __future__ import annotations

import json
import re
import subprocess
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

from tests.supply import audit, licences, lock

TEXTS = {path.name: path.read_text(encoding="utf-8") for path in lock.LOCKS}
TEXT = TEXTS[lock.LOCK.name]
PINS = re.compile(r"^([\w.-]+)==(\S+)", re.MULTILINE)


def name_of(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(text: str) -> set[tuple[str, str]]:
    return {(name_of(name), version) for name, version in PINS.findall(text)}


@pytest.mark.parametrize("path", lock.LOCKS, ids=lambda path: path.name)
def test_a_lock_has_every_pin_of_its_requirements(path: Path) -> None:
    for source in lock.LOCKS[path]:
        missing = pins(source.read_text(encoding="utf-8")) - pins(TEXTS[path.name])
        assert not missing, "run python -m tests.supply.lock"


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_every_locked_package_has_its_hashes(text: str) -> None:
    blocks = re.split(r"^(?=\S+==)", text, flags=re.MULTILINE)[1:]
    assert len(blocks) > 30
    assert not [block for block in blocks if "--hash=sha256:" not in block]


def test_both_lock_the_same_versions() -> None:
    assert pins(TEXT) < pins(TEXTS[lock.TELEMETRY_LOCK.name])


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_it_is_for_every_system_and_python(text: str) -> None:
    assert "colorama==" in text.split("sys_platform == 'win32'", maxsplit=1)[0]
    assert re.search(r"^exceptiongroup==.*python_full_version < '3\.11'", text, re.MULTILINE)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_it_names_no_place_to_fetch_from(text: str) -> None:
    assert "://" not in text
    assert not re.search(r"^\s*-(?!-hash=sha256:)", text, re.MULTILINE)


class Package:
    """What is asked of an installed one."""

    version = "1"

    def __init__(self, **told: str) -> None:
        self.metadata = Message()
        self.metadata["Name"] = "package"
        for name, text in told.items():
            self.metadata[name.replace("_", "-")] = text


@pytest.mark.parametrize(
    ("told", "allowed"),
    [
        ({"License_Expression": "MIT"}, True),
        ({"License_Expression": "GPL-3.0-only OR (MIT AND BSD-3-Clause)"}, True),
        ({"License_Expression": "MIT AND GPL-3.0-only"}, False),
        ({"License": "Apache License, Version 2.0"}, True),
        ({"Classifier": "License :: OSI Approved :: BSD License"}, True),
        ({"Classifier": "License :: OSI Approved :: GNU General Public License (GPL)"}, False),
        ({"License": "Proprietary"}, False),
        ({}, False),
    ],
)
def test_licences(told: dict[str, str], allowed: bool) -> None:  # noqa: FBT001 - of the table
    found: list[Any] = [Package(**told)]
    assert (list(licences.complaints(found)) == []) is allowed


class TestAudit:
    def answered(self, monkeypatch: pytest.MonkeyPatch, stdout: str, stderr: str = "") -> int:
        done = subprocess.CompletedProcess([], 1, stdout, stderr)
        monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)
        return audit.main()

    def test_a_vulnerable_version_fails_and_is_named(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        fault = {"id": "PYSEC-1", "fix_versions": ["2"]}
        told = {"dependencies": [{"name": "a", "version": "1", "vulns": [fault]}]}
        assert self.answered(monkeypatch, json.dumps(told)) == 1
        assert capsys.readouterr().out == "a 1: PYSEC-1; mended in 2\n"

    @pytest.mark.parametrize(
        ("stdout", "stderr"),
        [
            ("", "Traceback\nrequests.exceptions.ConnectionError: https://host"),
            ('{"dependencies": [{"name": "a", "skip_reason": "not found"}]}', ""),
        ],
    )
    def test_where_nobody_can_be_asked_that_is_said(
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        stdout: str,
        stderr: str,
    ) -> None:
        assert self.answered(monkeypatch, stdout, stderr) == 0
        said = capsys.readouterr().out
        assert "could not be asked" in said
        assert "host" not in said
