"""The README: one screen to the first run; its Python runs; both languages show the same.

What its commands do is run where they stand again: QUICKSTART, EXAMPLES, PROCESSES, DASHBOARD.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import config
from tests.application import settings_for

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^ *```python\n(.*?)^ *```", re.DOTALL | re.MULTILINE)


def blocks(name: str) -> list[str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return [re.sub(r"^ {3}", "", block, flags=re.MULTILINE) if block.startswith("   ") else block
            for block in BLOCK.findall(text)]  # fmt: skip


THREE_TERMINALS = (
    "python decision_worker.py",
    "python activity_worker.py",
    "python workflow_starter.py start --input docs/examples/order.json --wait",
)
RUNNABLE = [block for block in blocks("README.md") if block.startswith(("from", "import"))]


@pytest.mark.parametrize("block", RUNNABLE, ids=lambda block: block.splitlines()[0])
def test_each_block_runs(block, app, tmp_path, monkeypatch):
    monkeypatch.setattr(config, "_current", settings_for(app.swf, tmp_path))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    exec(compile(block, "README.md", "exec"), {})


def test_there_is_a_block_to_run():
    assert RUNNABLE


@pytest.mark.parametrize("name", ["README.md", "README.pt-BR.md"])
def test_the_first_screen_leads_to_the_first_run(name):
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    screen = "\n".join(lines[:40])

    for command in ("./run.sh demo", "./run.sh test", *THREE_TERMINALS, "docs/images/page.png"):
        assert command in screen, command
    assert len(lines) <= 220, "depth is in docs/, by links"


@pytest.mark.parametrize("name", ["README.md", "README.pt-BR.md"])
@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_each_dependency_has_a_reason(name, file):
    text = (ROOT / name).read_text(encoding="utf-8")
    pinned = re.findall(r"^([\w-]+)(?:\[\w+\])?==", (ROOT / file).read_text(), re.MULTILINE)

    assert [package for package in pinned if not re.search(rf"\b{package}\b", text)] == []


def test_both_languages_show_the_same_code():
    def code(name: str) -> list[str]:
        return [re.sub(r'reason=".*?"', "", block) for block in blocks(name)]

    assert code("README.md") == code("README.pt-BR.md")
