"""What importing the starter brings along, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("module", ["cli", "activities", "sqlalchemy", "local_swf"])
def test_importing_the_class_does_not_import_what_it_does_not_need(module: str) -> None:
    script = f"import sys, workflow_starter; sys.exit({module!r} in sys.modules)"

    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode == 0
