"""What `pip install .` would take along, and that it registers nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOT_SHIPPED = {"bootstrap.py"}  # makes the environment that an installed copy is in already


def listed() -> set[str]:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = text.split("only-include = [")[1].split("]")[0]
    return {item.strip().strip('"') for item in block.split(",") if item.strip()}


def test_every_module_and_package_is_in_the_wheel():
    modules = {path.name for path in ROOT.glob("*.py")} - NOT_SHIPPED
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {
        "tests",
        "bench",
        "docs",
    }
    assert listed() == modules | packages | {"definitions"}


@pytest.mark.parametrize("word", ["egg_info", "bdist_wheel", "install", "develop"])
def test_setup_py_as_a_build_script_registers_nothing(word, tmp_path):
    ended = subprocess.run(
        [sys.executable, str(ROOT / "setup.py"), word], env={"DATA_DIR": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())
