"""deploy/Dockerfile: what cannot be built here is read, and what it would hold is tried."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.image import DOCKERFILE, Context, complaints, context, instructions
from tests.unit.test_packaging import ROOT, listed

TEXT = DOCKERFILE.read_text("utf-8")

BLOCKED = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("pytest", "moto", "tests"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Blocked())
"""


def test_there_is_nothing_to_complain_of() -> None:
    assert complaints(TEXT, context()) == []


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("@sha256:ed86", "@sha256:", "python:3.13.15-slim-bookworm@sha256:c82"),
        (":3.13.15-slim-bookworm@sha256:", ":slim@sha256:", "is not pinned"),
        ("USER 10001:10001", "USER root", "it runs as root"),
        ("USER 10001:10001", "USER 0:0", "it runs as root"),
        ("USER 10001:10001\n", "", "it runs as root"),
        ("COPY requirements.txt", "COPY requirements-dev.txt", "no requirements-dev.txt"),
        ("telemetry/probe.py", "tests/probe.py", "no tests/probe.py"),
        (" --require-hashes", "", "packages come without hashes"),
        ("HEALTHCHECK --interval", "LABEL --interval", "nobody asks for its health"),
        ("COPY requirements.txt", "COPY needed.txt", "no needed.txt"),
        ("--from=packages", "--from=builder", "no stage builder"),
        ("COPY . .", "ADD . .", "ADD unpacks and downloads: use COPY"),
        (
            'CMD ["python", "decision_worker.py"]',
            "CMD python decision_worker.py",
            "CMD is a shell's, which keeps SIGTERM to itself",
        ),
        ('"decision_worker.py"]', '"decider.py"]', "no decider.py"),
        ("DATA_DIR=/data", "PAYLOAD_KEYS=k1:abc", "a secret in ENV"),
    ],
)
def test_what_is_wrong_is_complained_of(old: str, new: str, complaint: str) -> None:
    assert old in TEXT
    found = complaints(TEXT.replace(old, new), context())
    assert any(complaint in told for told in found), found


def test_one_stage_is_not_enough() -> None:
    assert "it has one stage" in complaints("FROM python:3.13.9\nUSER 1\n", context())


def test_it_holds_all_that_ships_and_nothing_that_is_hidden() -> None:
    files = set(context().files())

    assert {path.partition("/")[0] for path in files} >= listed() | {"LICENSE"}
    assert "docs/examples/order.json" in files
    assert {"requirements.txt", "requirements-telemetry.txt"} <= files
    for path in files:
        assert not path.startswith((".", "tests/", "deploy/", "bench/")), path
        assert "__pycache__" not in path


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        (".env", False),
        (".env.production", False),
        (".git/config", False),
        (".data/swf/swf.sqlite", False),
        ("activities/saving.py", True),
        ("activities/__pycache__/saving.pyc", False),
        ("docs/ASL.md", False),
        ("docs/examples/order.json", True),
        ("tests/image.py", False),
        ("local_swf/schema.sql", True),
    ],
)
def test_what_is_sent_to_a_builder(path: str, sent: bool) -> None:  # noqa: FBT001
    assert context().has(path) is sent


def test_a_pattern_that_excludes_too_much_is_seen() -> None:
    assert not Context("definitions\n").has("definitions/BusinessProcess@1.0.asl.json")


def test_packages_are_pinned_and_tests_packages_are_left_out() -> None:
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    named = [line for line in lines if line and not line.startswith("#")]
    [install] = [line.rest for line in instructions(TEXT) if "pip install" in line.rest]
    assert "--no-index --find-links wheels -r needed.txt" in install, "what was downloaded by hash"
    assert [line for line in named if not re.match(r"[\w.-]+==[\w.]+$", line)] == []
    assert re.search(r"grep -vE '\^\(pytest\|moto\)=='", install)


@pytest.mark.parametrize(
    "command",
    [
        ["decision_worker.py", "--help"],
        ["activity_worker.py", "--help"],
        ["workflow_starter.py", "--help"],
        ["setup.py", "--help"],
        ["-m", "dashboard", "--help"],
        ["-m", "local_swf", "--help"],
        ["workflow_starter.py", "validate", "definitions/TripSaga@1.0.asl.json"],
    ],
    ids=" ".join,
)
def test_its_files_are_enough(command: list[str], image: Path, tmp_path: Path) -> None:
    """Every process begins in a folder that has just them, without the packages of tests."""
    blocked = str(image / ".blocked")
    ended = subprocess.run(
        [sys.executable, *command],
        cwd=image,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": blocked,
            "DATA_DIR": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the image's /app."""
    folder = tmp_path_factory.mktemp("app")
    context().copy(folder)
    (folder / ".blocked").mkdir()
    (folder / ".blocked" / "sitecustomize.py").write_text(BLOCKED)
    return folder
