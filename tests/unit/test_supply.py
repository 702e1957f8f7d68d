"""What comes from others: locked with hashes for every system, under licences that are allowed."""

from __future__ import annotations

import json
import re
import subprocess
from email.message import Message
from typing import Any

import pytest

from tests.supply import audit, licences, lock

TEXT = lock.LOCK.read_text(encoding="utf-8")
PINS = re.compile(r"^([\w.-]+)==(\S+)", re.MULTILINE)


def name_of(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_lock_has_every_pin_of_the_requirements() -> None:
    wanted = PINS.findall(lock.SOURCE.read_text(encoding="utf-8"))
    locked = {(name_of(name), version) for name, version in PINS.findall(TEXT)}
    missing = [pin for pin in wanted if (name_of(pin[0]), pin[1]) not in locked]
    assert not missing, "run python -m tests.supply.lock"


def test_every_locked_package_has_its_hashes() -> None:
    blocks = re.split(r"^(?=\S+==)", TEXT, flags=re.MULTILINE)[1:]
    assert len(blocks) > 30
    assert not [block for block in blocks if "--hash=sha256:" not in block]


def test_it_is_for_every_system_and_python() -> None:
    assert "colorama==" in TEXT.split("sys_platform == 'win32'")[0]
    assert re.search(r"^exceptiongroup==.*python_full_version < '3\.11'", TEXT, re.MULTILINE)


def test_it_names_no_place_to_fetch_from() -> None:
    assert "://" not in TEXT
    assert not re.search(r"^\s*-(?!-hash=sha256:)", TEXT, re.MULTILINE)


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
