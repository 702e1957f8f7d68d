"""What every process of the test suite asks of SWF, kept and held against deploy/iam."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = "RECORDED_CALLS"
"""The environment variable that names where it is kept."""

HERE = Path(__file__).resolve().parent


def environment() -> dict[str, str]:
    """What a process that a test starts finds the project by, and is recorded by."""
    path = os.pathsep.join([str(HERE.parents[1]), str(HERE)])
    kept = {FOLDER: os.environ[FOLDER]} if FOLDER in os.environ else {}
    return {"PYTHONPATH": path, **kept}
