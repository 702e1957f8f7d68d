"""The README's Python is run as it stands; both languages show the same code."""

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


RUNNABLE = [block for block in blocks("README.md") if block.startswith(("from", "import"))]


@pytest.mark.parametrize("block", RUNNABLE, ids=lambda block: block.splitlines()[0])
def test_each_block_runs(block, app, tmp_path, monkeypatch):
    monkeypatch.setattr(config, "_current", settings_for(app.swf, tmp_path))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    exec(compile(block, "README.md", "exec"), {})


def test_there_are_blocks_to_run():
    assert len(RUNNABLE) >= 3


def test_both_languages_show_the_same_code():
    def code(name: str) -> list[str]:
        return [re.sub(r'reason=".*?"', "", block) for block in blocks(name)]

    assert code("README.md") == code("README.pt-BR.md")
